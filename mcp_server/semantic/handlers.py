"""Says which exceptions a handler catches, also where their tuple has a name."""

from __future__ import annotations

import ast

from mcp_server.semantic.constants import valued
from mcp_server.semantic.module import Module
from mcp_server.semantic.names import Ref
from mcp_server.semantic.resolve import ref

MOST = 50


def caught(module: Module, handler: ast.ExceptHandler) -> tuple[Ref, ...]:
    """Return the exceptions that a handler names, `builtins.BaseException` for a bare `except`.

    Those that cannot be told are left out.
    """
    if handler.type is None:
        return (Ref("builtins.BaseException"),)
    found: list[Ref] = []
    waiting = [(module, handler.type)]
    for source, node in waiting:
        inner, value = valued(source, node)
        held = value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else []
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
            held = [value.left, value.right]
        named = ref(source, node) if not held else None
        if named is not None:
            found.append(named)
        waiting += [
            (inner, one.value if isinstance(one, ast.Starred) else one)
            for one in held[: MOST - len(waiting)]
        ]
    return tuple(found)
