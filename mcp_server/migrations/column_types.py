"""Tells what a change of a column's type does to its rows: loses them, rewrites them or nothing."""

from __future__ import annotations

import ast
from typing import Literal, TypeAlias

from mcp_server.migrations.expressions import dotted

WIDTHS = (
    ("smallinteger", "integer", "biginteger"),
    ("date", "datetime"),
    ("integer", "numeric", "double", "float"),
)
"""Types each of which holds whatever the ones before it hold."""
SAME = {
    "varchar": "string", "unicode": "string", "autostring": "string", "smallint": "smallinteger",
    "bigint": "biginteger", "int": "integer", "timestamp": "datetime", "decimal": "numeric",
    "real": "float", "unicodetext": "text", "double_precision": "double", "citext": "text",
}  # fmt: skip
TEXTS = frozenset({"string", "text", "char"})
NARROW = frozenset(one for widths in WIDTHS for one in widths) | {"boolean", "uuid", "enum"}
Effect: TypeAlias = Literal["narrows", "rewrites", "none", "unknown"]


def effect(old: ast.expr | None, new: ast.expr | None) -> Effect:
    """Return what a change from one SQLAlchemy type to another does on PostgreSQL.

    Only a varchar that grows, or becomes text, leaves the rows alone
    (https://www.postgresql.org/docs/current/sql-altertable.html, Notes).
    """
    before, after = _name(old), _name(new)
    if not after or not before:
        return "rewrites" if after else "unknown"
    if before == after:
        return _sized(_sizes(old), _sizes(new), before)
    if before in TEXTS and after in TEXTS:
        # A varchar without a length holds what a text holds.
        return "narrows" if _sizes(new) else "none"
    if before in TEXTS and after in NARROW:
        return "narrows"
    for widths in WIDTHS:
        if before in widths and after in widths:
            return "rewrites" if widths.index(before) < widths.index(after) else "narrows"
    return "rewrites"


def _sized(before: tuple[int, ...], after: tuple[int, ...], name: str) -> Effect:
    if before == after:
        # Whatever differs besides, such as an enum's members, is not about size.
        return "none" if name in TEXTS else "unknown"
    if not after or not before:
        return "narrows" if after else "none"
    narrower = any(new < old for old, new in zip(before, after, strict=False))
    return "narrows" if narrower else "none"


def _name(node: ast.expr | None) -> str:
    """Return a type's name in lower case, without its module; "" where it is computed."""
    called = node.func if isinstance(node, ast.Call) else node
    name = dotted(called).rpartition(".")[2].lower()
    return SAME.get(name, name)


def _sizes(node: ast.expr | None) -> tuple[int, ...]:
    if not isinstance(node, ast.Call):
        return ()
    values = [*node.args]
    wanted = ("length", "precision", "scale")
    values += [one.value for name in wanted for one in node.keywords if one.arg == name]
    numbers = [one.value for one in values if isinstance(one, ast.Constant)]
    return tuple(one for one in numbers if isinstance(one, int) and not isinstance(one, bool))
