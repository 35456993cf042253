"""Says what one statement or expression binds names to, and from where on it holds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mcp_server.code_map.records import Binding as Imported

How: TypeAlias = Literal["import", "define", "assign", "with", "parameter", "loop", "other"]
Bound: TypeAlias = Iterator[tuple[str, "Binding"]]


@dataclass(frozen=True, slots=True)
class Binding:
    """What a name is bound to at one place; `value` is what is assigned, entered or looped over.

    It holds from `start` on, a line and a column: after the value that is assigned.
    """

    how: How
    node: ast.AST
    start: tuple[int, int]
    imported: Imported | None = None
    value: ast.expr | None = None
    annotation: ast.expr | None = None

    @property
    def line(self) -> int:
        """The line on which the statement begins."""
        return getattr(self.node, "lineno", 0) or self.start[0]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What a method assigns to an attribute of its own object."""

    function: ast.AST
    value: ast.expr | None
    annotation: ast.expr | None
    node: ast.AST


def position(node: ast.AST) -> tuple[int, int]:
    """Return the line and the column at which a node begins."""
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def end(node: ast.AST) -> tuple[int, int]:
    """Return the line and the column after a node."""
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0


def _import(node: ast.Import) -> Bound:
    for one in node.names:
        first = one.name.partition(".")[0]
        imported = Imported(one.name if one.asname else first, line=node.lineno)
        yield one.asname or first, Binding("import", node, position(node), imported)


def _import_from(node: ast.ImportFrom) -> Bound:
    for one in node.names:
        name = "" if one.name == "*" else one.name
        imported = Imported(node.module or "", name, node.level, node.lineno)
        yield one.asname or one.name, Binding("import", node, position(node), imported)


def _definition(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Bound:
    yield node.name, Binding("define", node, position(node))


def _parameter(node: ast.arg) -> Bound:
    # Before whatever the body binds.
    yield node.arg, Binding("parameter", node, (0, 0), annotation=node.annotation)


def _loop(node: ast.For | ast.AsyncFor | ast.comprehension) -> Bound:
    start = (0, 0) if isinstance(node, ast.comprehension) else end(node.iter)
    for name, alone in _names(node.target, alone=True):
        value = node.iter if alone else None
        yield name, Binding("loop", node, start, value=value)


def _entered(node: ast.withitem) -> Bound:
    for name, alone in _names(node.optional_vars, alone=True):
        value = node.context_expr if alone else None
        yield name, Binding("with", node, end(node.context_expr), value=value)


def _names(target: ast.expr | None, *, alone: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the names of a target, and whether a name is all of it."""
    if isinstance(target, ast.Name):
        yield target.id, alone
    elif isinstance(target, ast.Tuple | ast.List):
        for one in target.elts:
            yield from _names(one)
    elif isinstance(target, ast.Starred):
        yield from _names(target.value)


def _caught(node: ast.ExceptHandler) -> Bound:
    if node.name:
        yield node.name, Binding("other", node, position(node), annotation=node.type)


def _captured(node: ast.MatchAs | ast.MatchStar | ast.MatchMapping) -> Bound:
    name = node.rest if isinstance(node, ast.MatchMapping) else node.name
    if name:
        yield name, Binding("other", node, position(node))


def _alias(node: Any) -> Bound:  # noqa: ANN401 - `ast.TypeAlias` is none of Python 3.11's
    yield node.name.id, Binding("assign", node, end(node), value=node.value)


BINDERS: dict[type[ast.AST], Callable[[Any], Bound]] = {
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.ClassDef: _definition,
    ast.arg: _parameter,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.comprehension: _loop,
    ast.withitem: _entered,
    ast.ExceptHandler: _caught,
    ast.MatchAs: _captured,
    ast.MatchStar: _captured,
    ast.MatchMapping: _captured,
}
if hasattr(ast, "TypeAlias"):
    BINDERS[ast.TypeAlias] = _alias
ASSIGNMENTS: tuple[type[ast.AST], ...] = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)


def assigned(node: ast.AST) -> Iterator[tuple[ast.Name | ast.Attribute, Binding]]:
    """Yield the names and attributes that an assignment binds."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _targets(node, target, node.value)
    elif isinstance(node, ast.AnnAssign):
        yield from _targets(node, node.target, node.value, node.annotation)
    elif isinstance(node, ast.NamedExpr):
        yield node.target, Binding("assign", node, end(node), value=node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target, Binding("other", node, end(node), value=node.value)


def _targets(
    node: ast.AST, target: ast.expr, value: ast.expr | None, annotation: ast.expr | None = None
) -> Iterator[tuple[ast.Name | ast.Attribute, Binding]]:
    if isinstance(target, ast.Name | ast.Attribute):
        bound = Binding("assign", node, end(node), value=value, annotation=annotation)
        yield target, bound
    elif isinstance(target, ast.Starred):
        yield from _targets(node, target.value, None)
    elif isinstance(target, ast.Tuple | ast.List):
        pairs = value.elts if isinstance(value, ast.Tuple | ast.List) else []
        matched = len(pairs) == len(target.elts) and not any(
            isinstance(one, ast.Starred) for one in (*pairs, *target.elts)
        )
        for at, one in enumerate(target.elts):
            yield from _targets(node, one, pairs[at] if matched else None)
