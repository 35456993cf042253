"""Finds the alembic histories of a project, from alembic.ini or pyproject, and counts heads."""

from __future__ import annotations

import configparser
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mcp_server.conventions.facts.config import PYPROJECT, Config
from mcp_server.conventions.facts.lines import key_lines, line_of_key
from mcp_server.conventions.facts.revisions import read_history
from mcp_server.conventions.facts.sample import read_heads
from mcp_server.conventions.shell.pieces import Place
from mcp_server.facts import AlembicFacts

MOST_HISTORIES = 5
MOST_REVISIONS = 3_000
REVISION_HEAD = 8_000
"""How many bytes of a revision file are read; the ids stand in the first thousand."""
SEPARATOR = re.compile(r"[\s,;]+")
COLON = re.compile(r"(?<=[\w/]):(?=[\w/.%])")
IN_PACKAGE = re.compile(r"[\w.]+:[^:]+")
"""A folder of a package, `app:migrations/versions`."""


@dataclass(frozen=True, slots=True)
class _Stated:
    """What one section of a configuration says about a history."""

    file: str
    source: str
    location: str
    versions: tuple[str, ...] = ()
    recursive: bool = False


def read_alembic(own: tuple[str, ...], config: Config) -> tuple[AlembicFacts, ...]:
    """Return the histories that a project's files state; `own` are the paths of its files."""
    stated = [*_of_pyproject(config)]
    inis = (path for path in own if posixpath.basename(path) == "alembic.ini")
    for path in sorted(inis, key=lambda one: (one.count("/"), one))[:MOST_HISTORIES]:
        stated += _of_ini(path, config.place)
    found = [one for place in stated for one in _histories(place, own, config)]
    if not found:
        found = [one for place in _unstated(own) for one in _histories(place, own, config)]
    return tuple(found[:MOST_HISTORIES])


def _unstated(own: tuple[str, ...]) -> Iterator[_Stated]:
    """Yield folders that look like alembic's own: env.py beside a folder `versions`."""
    files = frozenset(own)
    folders = {posixpath.dirname(posixpath.dirname(path)) for path in own if "/versions/" in path}
    for folder in sorted(folders):
        if f"{folder}/env.py" in files:
            yield _Stated(f"{folder}/env.py", f"{folder}/env.py", ".")


def _of_pyproject(config: Config) -> Iterator[_Stated]:
    table = config.table("alembic")
    location = table.get("script_location")
    if isinstance(location, str):
        yield _Stated(
            config.path(PYPROJECT),
            config.at(PYPROJECT, "tool.alembic.script_location"),
            location,
            tuple(_paths(table.get("version_locations"))),
            table.get("recursive_version_locations") is True,
        )


def _of_ini(path: str, place: Place) -> Iterator[_Stated]:
    """Yield a history for each section with a `script_location`."""
    text = place.text(path) or ""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, AttributeError) as error:
        # The parser trips over a line that continues a key without a value.
        place.reader.unreadable(path, f"it is no INI file: {str(error).splitlines()[0]}")
        return
    lines = key_lines(text)
    for section in parser.sections():
        options: Mapping[str, str | None] = dict(parser.items(section))
        location = options.get("script_location")
        if location:
            line = line_of_key(lines, f"{section}.script_location") or 1
            yield _Stated(
                path,
                f"{path}:{line}",
                location,
                tuple(_paths(options.get("version_locations"))),
                str(options.get("recursive_version_locations")).lower() == "true",
            )


def _paths(value: object) -> list[str]:
    """Return a list of folders; as one text they are separated as alembic allows."""
    if isinstance(value, str):
        parts = SEPARATOR.split(value)
        apart = ([one] if IN_PACKAGE.fullmatch(one) else COLON.split(one) for one in parts)
        return [one for each in apart for one in each if one]
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _histories(stated: _Stated, own: tuple[str, ...], config: Config) -> Iterator[AlembicFacts]:
    """Yield the history of some locations; folders inside a bare one hold a history each."""
    every = [path for path in own if path.endswith(".py") and not path.endswith("/__init__.py")]
    held: dict[str, list[str]] = {}
    for location in stated.versions or (f"{stated.location}/versions",):
        folder, inside = _inside(location, stated, every, config)
        held.setdefault(folder, inside)
    direct = {
        folder: [path for path in inside if stated.recursive or posixpath.dirname(path) == folder]
        for folder, inside in held.items()
    }
    if any(direct.values()):
        yield from _history(stated, direct, config.place)
        return
    nested: dict[str, list[str]] = {}
    for path in (path for inside in held.values() for path in inside):
        nested.setdefault(posixpath.dirname(path), []).append(path)
    for folder, inside in sorted(nested.items()):
        yield from _history(stated, {folder: inside}, config.place)


def _history(
    stated: _Stated, held: Mapping[str, list[str]], place: Place
) -> Iterator[AlembicFacts]:
    paths = [path for inside in held.values() for path in inside][:MOST_REVISIONS]
    history = read_history(read_heads(paths, place, REVISION_HEAD))
    if history.revisions or history.unread:
        yield AlembicFacts(
            source=stated.source,
            folders=tuple(folder for folder, inside in held.items() if inside),
            revisions=history.revisions,
            heads=history.heads,
            duplicates=history.duplicates,
            missing=history.missing,
            unread=history.unread,
        )


def _inside(
    location: str, stated: _Stated, files: list[str], config: Config
) -> tuple[str, list[str]]:
    """Return the folder that a location means, and the Python files below it."""
    for folder in dict.fromkeys(_candidates(location, stated.file, config)):
        inside = [path for path in files if path.startswith(f"{folder}/")]
        if inside:
            return folder, inside
    return location, []


def _candidates(location: str, file: str, config: Config) -> Iterable[str]:
    """Yield the folders that a location can mean: below the file, the project, or a package."""
    here = posixpath.dirname(file)
    if ":" in location:
        package, _, inner = location.partition(":")
        parts = posixpath.join(package.replace(".", "/"), inner.replace(":", "/"))
        for base in ("", *config.settings.sources, "src"):
            yield config.path(posixpath.join(base, parts))
        yield posixpath.normpath(posixpath.join(posixpath.dirname(here), parts))
        return
    plain = location.replace("%(here)s", ".").replace("%%", "%")
    yield posixpath.normpath(posixpath.join(here, plain))
    if "%(here)s" not in location:
        yield config.path(plain)
