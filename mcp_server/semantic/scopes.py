"""Says in which scopes a node binds and looks up its names, as Python's reference has it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.semantic.tree import Tree

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPE_KINDS: tuple[type[ast.AST], ...] = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    *COMPREHENSIONS,
    ast.Module,
)
BODIES = frozenset({ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
WHOLE = frozenset({*COMPREHENSIONS, ast.Module})


def holds_names(parent: ast.AST, child: ast.AST) -> bool:
    """Tell whether what stands in `child` looks its names up in `parent` first."""
    kind = parent.__class__
    if kind in BODIES:
        # Decorators, defaults, annotations and bases are read outside of it.
        return isinstance(child, ast.stmt)
    if kind is ast.Lambda:
        return child is parent.body  # type: ignore[attr-defined] # a Lambda has one
    return kind in WHOLE


def scope_of(tree: Tree, node: ast.AST) -> ast.AST:
    """Return the innermost scope that a node stands in."""
    return next(scopes(tree, node), tree.root)


def scopes(tree: Tree, node: ast.AST) -> Iterator[ast.AST]:
    """Yield the scopes in which a name at a node is looked up, innermost first.

    A class's names are seen by its own statements alone, and the first iterable of a
    comprehension is read outside of it.
    """
    innermost = _next(tree, node, classes=True)
    if innermost is None:
        return
    yield innermost
    yield from _outer(tree, innermost)


def _outer(tree: Tree, scope: ast.AST) -> tuple[ast.AST, ...]:
    """Return the scopes around one, innermost first; found once, since most names ask for them."""
    known = tree.outer.get(scope)
    if known is None:
        found: list[ast.AST] = []
        around = _next(tree, scope, classes=False)
        while around is not None:
            found.append(around)
            around = _next(tree, around, classes=False)
        known = tree.outer[scope] = tuple(found)
    return known


def _next(tree: Tree, node: ast.AST, *, classes: bool) -> ast.AST | None:
    """Return the innermost scope around a node, None for none."""
    parents = tree.parents
    below, child, parent = node, node, parents.get(node)
    while parent is not None:
        kind = parent.__class__
        if kind is ast.Module or (kind in SCOPES and holds_names(parent, child)):
            outside = child.__class__ is ast.comprehension and (
                child is parent.generators[0]  # type: ignore[attr-defined] # has generators
                and below is child.iter
            )
            if not outside and (classes or kind is not ast.ClassDef):
                return parent
        below, child, parent = child, parent, parents.get(parent)
    return None


SCOPES = frozenset(SCOPE_KINDS)
