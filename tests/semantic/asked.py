"""Reads small projects, and finds the expressions that a test asks about: those in `ask(...)`."""

from __future__ import annotations

import ast
from pathlib import Path

from mcp_server.conventions import read_conventions
from mcp_server.semantic import Module, Ref, read_program
from tests.rules.cases import FIRST, write


def module(root: Path, text: str, path: str = FIRST) -> Module:
    """Return a file of the project that a text describes, see `tests.rules.cases`."""
    write(root, text)
    found = read_program(read_conventions(root)).module(path)
    assert found is not None
    return found


def asked(found: Module) -> list[ast.expr]:
    """Return what stands in the calls of `ask`, in the order of the source."""
    return [
        one.args[0]
        for one in found.nodes(ast.Call)
        if isinstance(one.func, ast.Name) and one.func.id == "ask"
    ]


def named(found: Ref | None) -> str | None:
    """Return the name of something."""
    return found.dotted if found is not None else None
