"""What the operators of Python give, as far as that follows from the values."""

from __future__ import annotations

import ast

from mcp_server.conventions.python_files.methods import interpolated, join_path
from mcp_server.conventions.python_files.values import UNTOLD, Ref, Value, is_plain, items_of, word
from mcp_server.conventions.shell.words import UNKNOWN

NEGATED = (ast.NotEq, ast.IsNot, ast.NotIn)
EQUAL = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)


def operate(operator: ast.operator, left: Value, right: Value) -> Value:
    """Return what a binary operator gives; numbers are left alone, since they may grow."""
    texts = isinstance(left, str) or isinstance(right, str)
    if isinstance(operator, ast.Div) and texts:
        return join_path(left, right)
    if isinstance(operator, ast.Mod) and isinstance(left, str):
        return interpolated(left, right)
    if isinstance(operator, ast.Add) and texts:
        return word(left) + word(right)
    if isinstance(operator, ast.Add) and isinstance(left, (list, tuple)):
        found = items_of(right)
        return type(left)([*left, *([UNTOLD] if found is None else found)])
    if isinstance(operator, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
        return {**left, **right}
    return UNTOLD


def compare(operator: ast.cmpop, left: Value, right: Value) -> Value:
    """Return whether a comparison holds, `UNTOLD` where nobody knows."""
    negated = isinstance(operator, NEGATED)
    held: bool | None = None
    if isinstance(operator, (ast.In, ast.NotIn)):
        held = _holds(right, left)
    elif isinstance(operator, EQUAL) and right is None:
        held = None if left is UNTOLD or isinstance(left, Ref) else left is None
    elif isinstance(operator, EQUAL) and is_plain(left) and is_plain(right):
        held = bool(left == right)
    return UNTOLD if held is None else held is not negated


def item_of(value: Value, key: Value) -> Value:
    """Return `value[key]`."""
    if isinstance(value, dict):
        return UNTOLD if UNTOLD in value or not is_plain(key) else value.get(key, UNTOLD)
    if isinstance(value, (list, tuple)) and type(key) is int and UNTOLD not in value:
        return value[key] if -len(value) <= key < len(value) else UNTOLD
    return UNTOLD


def part_of(value: Value, start: Value, end: Value) -> Value:
    """Return `value[start:end]`."""
    plain = all(one is None or type(one) is int for one in (start, end))
    if not plain or not isinstance(value, (list, tuple, str)):
        return UNTOLD
    untold = UNKNOWN in value if isinstance(value, str) else UNTOLD in value
    return UNTOLD if untold else value[start:end]


def _holds(container: Value, one: Value) -> bool | None:
    """Tell whether a collection or a text holds a value, None where nobody knows."""
    if not is_plain(one):
        return None
    if isinstance(container, str):
        return None if UNKNOWN in container or not isinstance(one, str) else one in container
    found = items_of(container)
    if found is None or not all(is_plain(item) for item in found):
        return None
    return one in found
