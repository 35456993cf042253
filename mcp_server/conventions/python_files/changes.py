"""Tells which names a block of Python may change, whichever way it goes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

CHANGING = frozenset(
    "add append clear discard extend insert pop remove reverse setdefault sort update".split()
)
"""Methods that change the collection they are called on."""


def changed(block: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names that a block may give another value, with a dot those it may change."""
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield node.name
            elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
                yield node.id
            elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(
                node.ctx, (ast.Store, ast.Del)
            ):
                yield from _root(node.value)
            elif isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING:
                    yield from _root(node.func.value)
                elif isinstance(node.func, ast.Name):
                    yield from (f".{one.id}" for one in node.args if isinstance(one, ast.Name))


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    if isinstance(node, ast.Name):
        yield f".{node.id}"
