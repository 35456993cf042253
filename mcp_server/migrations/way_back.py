"""Tells whether a revision that does something has a way back."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def lacks_way_back(tree: ast.Module) -> int | None:
    """Return the line of a `downgrade` that does nothing, 0 where there is none, None if sound.

    Whatever is not written as a function is taken to do something.
    """
    upgrade, downgrade = _bound(tree, "upgrade"), _bound(tree, "downgrade")
    if upgrade is None or _does_nothing(upgrade):
        return None
    if downgrade is None:
        return 0
    return downgrade.lineno if _does_nothing(downgrade) else None


def _bound(tree: ast.Module, name: str) -> ast.stmt | None:
    """Return the statement that gives a module its function, the last one as Python has it."""
    return next((one for one in reversed([*_statements(tree.body)]) if _binds(one, name)), None)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for one in body:
        yield one
        if isinstance(one, (ast.If, ast.Try, ast.With)):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(one, part, []))
            for handler in getattr(one, "handlers", []):
                yield from _statements(handler.body)


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name == name
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return any((one.asname or one.name) in {name, "*"} for one in node.names)
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
    return isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name


def _does_nothing(node: ast.stmt) -> bool:
    """Tell whether a function does nothing, or nothing but to refuse."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return isinstance(node.value, ast.Lambda) and isinstance(node.value.body, ast.Constant)
    return isinstance(node, ast.FunctionDef) and all(
        isinstance(one, (ast.Pass, ast.Raise))
        or (isinstance(one, ast.Return) and (not one.value or isinstance(one.value, ast.Constant)))
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in node.body
    )
