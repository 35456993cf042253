"""Chooses the symbols that a question is about: those that changed, or those that are named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mcp_server.change import Change, before, read_change
from mcp_server.code_map.asked import asked
from mcp_server.code_map.changed import Touched, touched
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Symbol
from mcp_server.code_map.resolve import Resolver
from mcp_server.errors import UsageError


def changed(library: Library, root: Path, change: Change) -> list[Touched]:
    """Return what a change touches. Raises `UsageError` where everything would be new."""
    if change.base is None and change.words.startswith(("everything", "all files")):
        msg = f"Nothing to compare with ({change.words}): name files or symbols."
        raise UsageError(msg)
    python = tuple(one for one in change.changed if one.endswith(".py") and one in library.contents)
    if change.base is None:
        return [
            Touched(Symbol(path, name), "added" if path in change.added else "")
            for path in python
            for name in library.source(path).definitions
            if "." not in name
        ]
    gone = tuple(one for one in change.deleted if one.endswith(".py"))
    old = before(change, root, (*python, *gone))
    return touched(library, python, gone, old)


def named(library: Library, root: Path, what: Sequence[str]) -> list[Touched]:
    """Return what the texts name, also where the change deleted it.

    Raises `UsageError` for what does not exist or could be several things, and
    `UnsafePathError` for what leaves the folder.
    """
    resolver = Resolver(library)
    found: dict[Symbol, Touched] = {}
    for text in what:
        try:
            here = [Touched(one, "asked") for one in asked(library, resolver, [text])]
        except UsageError:
            here = list(_deleted(library, root, text))
            if not here:
                raise
        for one in here:
            found.setdefault(one.symbol, one)
    return list(found.values())


def _deleted(library: Library, root: Path, text: str) -> Iterator[Touched]:
    """Yield what the change against git deleted under a name."""
    change = read_change(root)
    if change.base is None:
        return
    path, separator, node = text.partition("::")
    node = node.replace("::", ".")
    for one in changed(library, root, change):
        place, name = one.symbol
        if one.state != "deleted":
            continue
        if separator or "/" in text or text.endswith(".py"):
            meant = place == path and (not separator or name == node or name.endswith(f".{node}"))
        else:
            dotted = (f"{module}.{name}" for module in library.names(place))
            same = name == text or name.endswith(f".{text}")
            meant = same or text.replace(":", ".") in dotted
        if meant:
            yield one
