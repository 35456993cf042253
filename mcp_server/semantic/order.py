"""Says which statements run after one."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.semantic.module import Function, Module


def after(module: Module, statement: ast.AST, function: Function) -> Iterator[ast.stmt]:
    """Yield the statements that can run after one, up to the end of its function, next first."""
    child: ast.AST = statement
    for parent in module.above(statement):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and child in block and isinstance(child, ast.stmt):
                # The `else` of a `try` is skipped by its handlers and runs after its body.
                yield from block[block.index(child) + 1 :]
        if parent is function:
            return
        child = parent
