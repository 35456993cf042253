"""Reads the files from which it is told what a change can reach, each once."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.reach.reading import Source, read_source
from mcp_server.reach.resolution import SUFFIXES, Names
from mcp_server.reach.session import CONFIGURATION
from mcp_server.reach.unlisted import Unlisted, find_unlisted, modules_in
from mcp_server.reach.widening import COMMANDS
from mcp_server.repository import Conventions

LONGEST = 1 << 21
"""Bytes of a Python file that is read; a longer one may execute anything."""
LONGEST_SCRIPT = 1 << 16
"""Bytes of a file without a suffix that is read; scripts are short, data may be long."""
SPELLING = (".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".env", ".conf")
"""Files that may name modules for what loads them."""
RUNNING = (".sh", ".bash", ".mk", ".make", ".just")
"""Files that may say how pytest is run."""
MOST_ROUNDS = 5
"""How often what was found in folders that git ignores may lead to more of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What the files of a folder say: texts and sources by path, all names, the configuration.

    `settings` are the texts of files that may name modules, `stated` those that configure pytest.
    `beyond` are modules in folders that git ignores, in which no test is looked for.
    """

    texts: Mapping[str, str]
    sources: Mapping[str, Source | None]
    names: Names
    settings: Mapping[str, str]
    stated: Mapping[str, str]
    links: Mapping[str, str]
    beyond: frozenset[str]
    problem: str


def read_code(
    root: Path, changed: Iterable[str], deleted: Iterable[str], planned: Mapping[str, str]
) -> Code:
    """Return what the files below a folder say; `planned` are texts that say how pytest is run."""
    tree = list_tree(root)
    gone = set(deleted)
    unlisted = find_unlisted(root, tree.folders)
    every = (*tree.files, *unlisted.files, *changed, *gone)
    python = {one for one in every if one.endswith(SUFFIXES) and not one.startswith("../")}
    texts: dict[str, str | None] = {}
    sources: dict[str, Source | None] = {}
    _add(root, python - gone, texts, sources)
    beyond, problem = _add_unlisted(root, unlisted, texts, sources)
    settings = dict(planned) | {
        one: text for one in tree.files if (text := _setting(root, one)) is not None
    }
    if tree.truncated or tree.problems:
        problem = "not every file can be listed"
    return Code(
        texts={one: text for one, text in texts.items() if text is not None},
        sources=sources,
        names=Names(python | beyond, unlisted.links),
        links=unlisted.links,
        settings=settings,
        stated={
            one: text for one, text in settings.items() if posixpath.basename(one) in CONFIGURATION
        },
        beyond=frozenset(beyond),
        problem=problem,
    )


def planned_commands(conventions: Conventions) -> dict[str, str]:
    """Return what the planned commands say, each under a name that no file has."""
    commands = [one for project in conventions.projects for one in project.commands]
    return {
        f"\0{at}": "\n".join(
            (
                f"{one.tool} {shlex.join(one.args)}",
                one.text,
                *(f"{name}={value}" for name, value in one.env),
            )
        )
        for at, one in enumerate(commands)
    }


def _add(
    root: Path,
    paths: Iterable[str],
    texts: dict[str, str | None],
    sources: dict[str, Source | None],
) -> None:
    for one in paths:
        text = texts[one] = read_text(root / one, LONGEST)
        sources[one] = None if text is None else read_source(text)


def _add_unlisted(
    root: Path,
    unlisted: Unlisted,
    texts: dict[str, str | None],
    sources: dict[str, Source | None],
) -> tuple[set[str], str]:
    """Add the modules of folders that are not listed and that an import may mean."""
    beyond: set[str] = set()
    new: set[str] = set(sources)
    for _ in range(MOST_ROUNDS if unlisted.folders else 0):
        named = {part for one in new for part in _parts(sources[one])}
        found, problem = modules_in(root, unlisted.folders, named)
        new = found - sources.keys()
        _add(root, new, texts, sources)
        beyond |= new
        if problem or not new:
            return beyond, problem
    return beyond, ""


def _parts(source: Source | None) -> set[str]:
    """Return every name by which a source may go through a folder to a module."""
    if source is None:
        return set()
    named = {part for one in source.imports for part in (*one.module.split("."), *one.names)}
    return named.union(*(one.split(".") for one in (*source.dotted, *source.prefixes)))


def _setting(root: Path, path: str) -> str | None:
    """Return the text of a file that may name modules, or say how pytest is run, else None."""
    name = posixpath.basename(path)
    if name.endswith((*SPELLING, *RUNNING)) or name in {*CONFIGURATION, *COMMANDS}:
        return read_text(root / path) or ""
    if "." in name.lstrip("."):
        return None
    text = read_text(root / path, LONGEST_SCRIPT) or ""
    return text if "pytest" in text.lower() else None
