"""Compares revisions by what they do: layout, comments, docstrings, annotations make no edit."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from mcp_server.migrations.revision import read_tree


class _Bare(ast.NodeTransformer):
    """Takes away what changes nothing in what a revision does."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return ast.Pass()
        return ast.Assign(targets=[node.target], value=self.visit(node.value))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(arg=node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        node.body = _said(node.body)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        parts = [one.value for one in node.values if isinstance(one, ast.Constant)]
        if len(parts) == len(node.values):
            return ast.Constant("".join(map(str, parts)))
        self.generic_visit(node)
        return node


def _said(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    kept = [
        one
        for one in body
        if not isinstance(one, ast.Pass)
        and not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
    ]
    return kept or [ast.Pass()]


def parts(text: str) -> dict[str, str] | None:
    """Return what a revision's parts do, by name; None where it cannot be read.

    A part is a function, an assignment, what an imported name that is used means, or "" for all
    other statements.
    """
    try:
        tree = read_tree(text)
    except SyntaxError:
        return None
    bare = _Bare().visit(tree)
    used = {one.id for one in ast.walk(bare) if isinstance(one, ast.Name)}
    found: dict[str, str] = {}
    for node in _said(bare.body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            level, module = getattr(node, "level", 0), getattr(node, "module", None)
            origin = f"{'.' * level}{module}"
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                if name in used:
                    found[f"import {name}"] = f"{origin}.{alias.name}"
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = ast.dump(node)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.dump(node)
        elif not isinstance(node, ast.Pass):
            found[""] = found.get("", "") + ast.dump(node)
    return found


def edited(old: str, new: str) -> frozenset[str]:
    """Return the names of the parts that do something else than they did; () where none does."""
    before, after = parts(old), parts(new)
    if before is None or after is None:
        return frozenset({""}) if old != new else frozenset()
    names = before.keys() | after.keys()
    return frozenset(name for name in names if before.get(name) != after.get(name))
