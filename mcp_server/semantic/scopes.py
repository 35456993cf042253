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
    parents = tree.parents
    below, child, parent = node, node, parents.get(node)
    first = True
    while parent is not None:
        kind = parent.__class__
        if kind is ast.Module or (kind in SCOPES and holds_names(parent, child)):
            outside = child.__class__ is ast.comprehension and (
                child is parent.generators[0]  # type: ignore[attr-defined] # has generators
                and below is child.iter
            )
            if not outside and (first or kind is not ast.ClassDef):
                yield parent
                first = False
        below, child, parent = child, parent, parents.get(parent)


SCOPES = frozenset(SCOPE_KINDS)
