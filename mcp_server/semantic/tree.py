"""Sorts the nodes of a syntax tree by their kind, in one walk, and remembers their parents."""

from __future__ import annotations

import ast
from collections.abc import Iterator

WITHOUT_NODES = frozenset(
    "id attr arg asname level module lineno is_async conversion simple type_comment ctx op ops "
    "kind tag type_ignores".split()
)
"""Fields that hold texts, numbers, or operators, of which one object stands everywhere."""
TEXTS = {
    "FunctionDef": {"name"},
    "AsyncFunctionDef": {"name"},
    "ClassDef": {"name"},
    "ExceptHandler": {"name"},
    "alias": {"name"},
    "Constant": {"value"},
    "Global": {"names"},
    "Interpolation": {"str"},
    "MatchAs": {"name"},
    "MatchClass": {"kwd_attrs"},
    "MatchMapping": {"rest"},
    "MatchSingleton": {"value"},
    "MatchStar": {"name"},
    "Nonlocal": {"names"},
    "ParamSpec": {"name"},
    "TypeVar": {"name"},
    "TypeVarTuple": {"name"},
}
"""Fields that hold texts and values in these kinds of nodes, though nodes in others."""


def _fields(kind: type[ast.AST]) -> tuple[str, ...]:
    left = WITHOUT_NODES | TEXTS.get(kind.__name__, set())
    return tuple(one for one in kind._fields if one not in left)


FIELDS = {
    kind: _fields(kind)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
} | {ast.arguments: ast.arguments._fields}


def children(node: ast.AST) -> list[ast.AST]:
    """Return the nodes that a node holds, in the order of its fields."""
    found: list[ast.AST] = []
    for name in FIELDS[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [one for one in value if one is not None]
        elif value is not None:
            found.append(value)
    return found


class Tree:
    """The nodes of a file by their kind, each list in the order of the source, with parents."""

    def __init__(self, root: ast.Module) -> None:
        self.root = root
        self.by_kind: dict[type[ast.AST], list[ast.AST]] = {}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.outer: dict[ast.AST, tuple[ast.AST, ...]] = {}
        """Of a scope, those around it: kept for `scopes`."""
        by_kind, parents = self.by_kind, self.parents
        waiting: list[ast.AST] = [root]
        while waiting:
            node = waiting.pop()
            kind = node.__class__
            if kind in by_kind:
                by_kind[kind].append(node)
            else:
                by_kind[kind] = [node]
            # `children`, written out: this loop sees every node of every file.
            held: list[ast.AST] = []
            for name in FIELDS[kind]:
                value = getattr(node, name, None)
                if value.__class__ is list:
                    held += [one for one in value if one is not None]
                elif value is not None:
                    held.append(value)
            if held:
                for child in held:
                    parents[child] = node
                held.reverse()
                waiting += held

    def above(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Yield each node that holds this one, with that of its children which leads to it."""
        parents = self.parents
        child, parent = node, parents.get(node)
        while parent is not None:
            yield parent, child
            child, parent = parent, parents.get(parent)
