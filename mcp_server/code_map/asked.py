"""Finds what a caller names: a file, a folder, a module, FILE::NAME, or a symbol by its name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from mcp_server.code_map.library import Library, below
from mcp_server.code_map.records import Binding, Definition, Symbol
from mcp_server.code_map.resolve import Resolver
from mcp_server.errors import UsageError
from mcp_server.targets import read_targets, refuse_unnameable

EXPECTED = "name a file, a module, FILE::NAME or a symbol such as Order.total"
LINE = re.compile(r"(?P<path>.+\.py):(?P<line>[0-9]{1,9})(?::[0-9]{1,9})?")
MOST_CANDIDATES = 10
MOST_FILES = 200
"""How many files of a folder are looked at as one question."""


def asked(library: Library, resolver: Resolver, what: Iterable[str]) -> list[Symbol]:
    """Return the symbols that the texts mean.

    Raises `UsageError` for what does not exist or could be several things, and
    `UnsafePathError` for what leaves the folder.
    """
    found = [symbol for text in what for symbol in _asked(library, resolver, text)]
    return list(dict.fromkeys(found))


def _asked(library: Library, resolver: Resolver, text: str) -> list[Symbol]:
    path, separator, node = text.partition("::")
    if at := LINE.fullmatch(text):
        (target,) = read_targets(library.root, [at["path"]])
        return [_at(library, target.path, int(at["line"]))]
    if separator or _is_path(library, text):
        (target,) = read_targets(library.root, [path if separator else text])
        if separator:
            return [_within(library, resolver, target.path, node.replace("::", "."))]
        if target.is_folder:
            return list(_of_folder(library, target.path))
        return _of_file(library, target.path)
    refuse_unnameable(text, EXPECTED)
    if (library.root / text).is_dir() and "." not in text:
        return list(_of_folder(library, text))
    # An entry point is written `app.main:run`.
    dotted = text.replace(":", ".", 1)
    return _dotted(library, resolver, dotted) or _named(library, resolver, text)


def _is_path(library: Library, text: str) -> bool:
    if "/" in text or text.endswith(".py") or text.startswith("-") or not text.strip():
        return True
    return "." in text and text in library.files


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


def _at(library: Library, path: str, line: int) -> Symbol:
    """Return the innermost definition that a line belongs to."""
    around = [
        one
        for one in library.source(path).definitions.values()
        if _first_line(one) <= line <= (one.node.end_lineno or one.line)
    ]
    if not around:
        msg = f"{path} defines nothing at line {line}: {EXPECTED}."
        raise UsageError(msg)
    return Symbol(path, max(around, key=lambda one: (one.line, one.name.count("."))).name)


def _first_line(definition: Definition) -> int:
    return min((definition.line, *(one.lineno for one in definition.decorators)))


def _inherited(library: Library, resolver: Resolver, owner: Symbol, name: str) -> list[Symbol]:
    """Return the attribute that a class has from a base of the project."""
    if not resolver.is_class(owner):
        return []
    held = resolver.member(owner, name)
    known = held is not None and held.name in library.source(held.path).definitions
    return [held] if held is not None and known else []


def _within(library: Library, resolver: Resolver, path: str, name: str) -> Symbol:
    source = library.source(path)
    if name in source.definitions:
        return Symbol(path, name)
    ends = [one for one in source.definitions if one.endswith(f".{name}")]
    outer, _, last = name.rpartition(".")
    if not ends and (held := _inherited(library, resolver, Symbol(path, outer), last)):
        return held[0]
    if len(ends) == 1:
        return Symbol(path, ends[0])
    near = ends or difflib.get_close_matches(name, source.definitions, 5, 0.5)
    near = near or [one for one in source.definitions if "." not in one][:MOST_CANDIDATES]
    known = f"it has {', '.join(near[:MOST_CANDIDATES])}" if near else "it defines nothing"
    why = f" ({source.error})" if source.error else ""
    msg = f"{path} defines no {name!r}{why}: {known}."
    raise UsageError(msg)


def _dotted(library: Library, resolver: Resolver, text: str) -> list[Symbol]:
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
            outer, _, last = name.rpartition(".")
            return _inherited(library, resolver, Symbol(module, outer), last)
    return []


def _named(library: Library, resolver: Resolver, text: str) -> list[Symbol]:
    """Return the one symbol whose qualified name is the text, or ends with it."""
    parts = text.split(".")
    if not all(one.isidentifier() for one in parts):
        msg = f"{text!r} is no name: {EXPECTED}."
        raise UsageError(msg)
    every = _called(library, parts)
    if not every and len(parts) > 1:
        owners = _called(library, parts[:-1])
        held = (each for one in owners for each in _inherited(library, resolver, one, parts[-1]))
        every = list(dict.fromkeys(held))
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


def _called(library: Library, parts: list[str]) -> list[Symbol]:
    """Return the symbols whose qualified names are the parts, or end with them."""
    text = ".".join(parts)
    return [
        Symbol(path, name)
        for path in library.holding(*parts)
        for name in library.source(path).definitions
        if name == text or name.endswith(f".{text}")
    ]


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
