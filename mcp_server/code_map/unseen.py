"""Names what reading alone cannot tell where it concerns the answer, with its places."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from mcp_server.code_map.chains import chain_of, text_of
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Symbol
from mcp_server.code_map.references import COMMON, MOST_BY_NAME
from mcp_server.conventions.files.reading import read_text

LOADERS = ("import_module", "__import__")
NAMING = frozenset("pyproject.toml setup.cfg pytest.ini tox.ini Procfile manage.py".split())
"""Files that name modules for what starts or loads them."""
MOST_PLACES = 3


def unseen(library: Library, files: Sequence[str], near: Iterable[str]) -> Iterator[str]:
    """Yield what may touch the changed `files` unseen; `near` are the files that use them."""
    unread = library.unread()
    if unread:
        version = ".".join(map(str, sys.version_info[:2]))
        yield _told(f"Python {version} cannot read", unread)
    modules = {name for path in files for name in library.names(path)}
    loading = [
        f"{path}:{line}"
        for word in LOADERS
        for path in library.holding(word)
        if not library.is_test(path)
        for line, text in _calls(library, path, {word})
        if text is None or _may_load(text, modules)
    ]
    if loading:
        yield _told("imports a name that it computes", loading)
    places = [
        f"{path}:{line}"
        for path in near
        if b"getattr" in library.words.get(path, ())
        for line, text in _calls(library, path, {"getattr"}, position=1)
        if text is None or "{}" in text
    ]
    if places:
        yield _told("getattr with a name that it computes", places)


def named_by_text(library: Library, symbols: Iterable[Symbol]) -> Iterator[str]:
    """Yield in how many files a text is the name of a value of a class, as a key or a column."""
    told: list[str] = []
    many: list[str] = []
    for symbol in symbols:
        definition = library.source(symbol.path).definitions.get(symbol.name)
        name = symbol.last
        if definition is None or not symbol.owner or name in COMMON or name.startswith("__"):
            continue
        files = list(library.holding(name))
        if len(files) > MOST_BY_NAME:
            many.append(f"{name} ({len(files):,} files)")
        if len(files) > MOST_BY_NAME or definition.kind != "value":
            continue
        places = [
            f"{path}:{line}"
            for path in files
            for scope, line in [library.source(path).texts.get(name, (None, 0))]
            if scope is not None
            and (path != symbol.path or not f"{scope}.".startswith(f"{symbol.owner}."))
        ]
        if places:
            count = f"{len(places)} file{'s' * (len(places) != 1)}"
            told.append(f"{name} in {count} ({', '.join(places[:MOST_PLACES])})")
    if told:
        yield _told("texts that may mean a field", told)
    if many:
        yield _told("too widespread to be looked for by name alone", many)


def named_in(library: Library, files: Iterable[str]) -> Iterator[str]:
    """Yield the places in configuration that name a module: entry points, servers, plugins."""
    names = [name for path in files for name in library.names(path)]
    named = [one for one in names if "." in one]
    if not named:
        return
    pattern = re.compile(rf"(?<![\w.])(?:{'|'.join(map(re.escape, named))})(?![\w.])")
    for path in library.files:
        if path.rpartition("/")[2] in NAMING:
            text = read_text(library.root / path) or ""
            for number, line in enumerate(text.splitlines(), 1):
                if pattern.search(line):
                    yield f"{path}:{number}"


def _told(what: str, places: list[str]) -> str:
    named = ", ".join(places[:MOST_PLACES])
    more = len(places) - MOST_PLACES
    return f"{what}: {named}" + (f" and {more} more" if more > 0 else "")


def _calls(
    library: Library, path: str, words: set[str], position: int = 0
) -> Iterator[tuple[int, str | None]]:
    """Yield the line of each call, and the text of the argument, None where it is computed."""
    for definition in library.source(path).definitions.values():
        if "." in definition.name:
            continue
        for node in ast.walk(definition.node):
            if isinstance(node, ast.Call) and chain_of(node.func)[-1] in words:
                given = node.args[position] if len(node.args) > position else None
                if given is not None:
                    yield node.lineno, text_of(given)


def _may_load(text: str, modules: set[str]) -> bool:
    """Tell whether a text, `{}` where it is computed, can name one of the modules.

    One that is written out is followed as a use.
    """
    if "{}" not in text:
        return False
    start = text.partition("{}")[0]
    return any(one.startswith(start) for one in modules)
