"""Finds the modules of a program that a dotted name in a text means."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_server.code_map.records import Binding as Imported
from mcp_server.semantic.module import Module


def named_modules(module: Module, name: str) -> Iterator[Module]:
    """Yield what an import of a dotted name brings in, then files that bear the same name.

    In a repository of several projects more than one `app/main.py` can be meant.
    """
    program = module.program
    path = program.imported(module, Imported(name))
    first = program.module(path) if path else None
    if first is None:
        return
    yield first
    stem = name.replace(".", "/")
    ends = (f"/{stem}.py", f"/{stem}/__init__.py")
    for one in program.library.known:
        if one != path and f"/{one}".endswith(ends):
            found = program.module(one)
            if found is not None:
                yield found
