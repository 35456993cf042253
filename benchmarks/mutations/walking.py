"""Walks syntax trees, several times as fast as `ast.walk`, past what mutations never ask for."""

from __future__ import annotations

import ast

SKIPPED = frozenset(
    "ctx op ops id attr asname level module lineno is_async conversion simple type_comment kind "
    "type_ignores".split()
)
FIELDS = {
    kind: tuple(one for one in kind._fields if one not in SKIPPED)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes right below one, without operators and contexts."""
    found: list[ast.AST] = []
    for name in FIELDS[type(node)]:
        value = getattr(node, name, None)
        if isinstance(value, list):
            found += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """Return a node and all below it, level by level."""
    found = [node]
    for one in found:
        found += children(one)
    return found
