"""Finds what a caller names: a file, a folder, a module, FILE::NAME, or a symbol by its name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from mcp_server.code_map.library import Library, below
from mcp_server.code_map.records import Binding, Symbol
from mcp_server.errors import UsageError
from mcp_server.targets import read_targets, refuse_unnameable

EXPECTED = "name a file, a module, FILE::NAME or a symbol such as Order.total"
MOST_CANDIDATES = 10
MOST_FILES = 200
"""How many files of a folder are looked at as one question."""


def asked(library: Library, what: Iterable[str]) -> list[Symbol]:
    """Return the symbols that the texts mean.

    Raises `UsageError` for what does not exist or could be several things, and
    `UnsafePathError` for what leaves the folder.
    """
    found = [symbol for text in what for symbol in _asked(library, text)]
    return list(dict.fromkeys(found))


def _asked(library: Library, text: str) -> list[Symbol]:
    path, separator, node = text.partition("::")
    if separator or "/" in text or text.endswith(".py") or text.startswith("-") or not text.strip():
        (target,) = read_targets(library.root, [path if separator else text])
        if separator:
            return [_within(library, target.path, node.replace("::", "."))]
        if target.is_folder:
            return list(_of_folder(library, target.path))
        return _of_file(library, target.path)
    refuse_unnameable(text, EXPECTED)
    if (library.root / text).is_dir() and "." not in text:
        return list(_of_folder(library, text))
    return _dotted(library, text) or _named(library, text)


def _of_folder(library: Library, folder: str) -> Iterator[Symbol]:
    inside = [one for one in library.contents if below(one, folder)]
    if not inside or len(inside) > MOST_FILES:
        count = f"{len(inside):,}" if inside else "no"
        msg = f"{folder} holds {count} Python files: {EXPECTED}."
        raise UsageError(msg)
    for one in inside:
        yield from _of_file(library, one)


def _of_file(library: Library, path: str) -> list[Symbol]:
    """Return what a file defines at its top, or the file itself where it defines nothing."""
    if not path.endswith(".py"):
        msg = f"{path} is no Python file: {EXPECTED}."
        raise UsageError(msg)
    names = [one for one in library.source(path).definitions if "." not in one]
    return [Symbol(path, one) for one in names if not _is_dunder(one)] or [Symbol(path, "")]


def _within(library: Library, path: str, name: str) -> Symbol:
    source = library.source(path)
    if name in source.definitions:
        return Symbol(path, name)
    ends = [one for one in source.definitions if one.endswith(f".{name}")]
    if len(ends) == 1:
        return Symbol(path, ends[0])
    near = ends or difflib.get_close_matches(name, source.definitions, 5, 0.5)
    near = near or [one for one in source.definitions if "." not in one][:MOST_CANDIDATES]
    known = f"it has {', '.join(near[:MOST_CANDIDATES])}" if near else "it defines nothing"
    why = f" ({source.error})" if source.error else ""
    msg = f"{path} defines no {name!r}{why}: {known}."
    raise UsageError(msg)


def _dotted(library: Library, text: str) -> list[Symbol]:
    """Return what a module's dotted name means, with a symbol of it after it."""
    parts = text.split(".")
    for end in range(len(parts), 0, -1):
        module = library.module(Binding(".".join(parts[:end])), "")
        if module is not None:
            name = ".".join(parts[end:])
            if not name:
                return _of_file(library, module)
            if name in library.source(module).definitions:
                return [Symbol(module, name)]
    return []


def _named(library: Library, text: str) -> list[Symbol]:
    """Return the one symbol whose qualified name is the text, or ends with it."""
    parts = text.split(".")
    if not all(one.isidentifier() for one in parts):
        msg = f"{text!r} is no name: {EXPECTED}."
        raise UsageError(msg)
    every = [
        Symbol(path, name)
        for path in library.holding(*parts)
        for name in library.source(path).definitions
        if name == text or name.endswith(f".{text}")
    ]
    own = [one for one in every if not library.is_test(one.path)] or every
    top = [one for one in own if one.name == text]
    if len(own) == 1 or (len(top) == 1 and "." in text):
        return top or own
    if not own:
        msg = f"Nothing here is called {text!r}: {EXPECTED}."
        raise UsageError(msg)
    listed = ", ".join(f"{one.path}::{one.name}" for one in own[:MOST_CANDIDATES])
    more = f" and {len(own) - MOST_CANDIDATES} more" if len(own) > MOST_CANDIDATES else ""
    msg = f"{text!r} could be {listed}{more}: name one of them."
    raise UsageError(msg)


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
