"""Reads what an expression of a revision states: a name, a text with holes, or nothing known."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TypeAlias

Names: TypeAlias = Mapping[str, ast.expr]
HOLE = "?"
"""What stands in a text for what is filled in when it runs."""
DEEPEST = 8
LONGEST = 1 << 20
"""How many characters are put together; more is not known, whatever it is."""
WRAPPING = frozenset({"f", "text", "dedent", "DDL", "cleandoc"})
PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*\d*(?:\.\d+)?[sdrifx]")
BRACES = re.compile(r"\{(\w*)[^{}]*\}")


def dotted(node: ast.expr | None) -> str:
    """Return `a.b` for a name or a plain chain of attributes, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def last_word(node: ast.expr | None) -> str:
    """Return the last part of what a call names: `c` of `a.b.c(...)`."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else dotted(called)


def is_constant(node: ast.expr | None, value: object) -> bool:
    """Tell whether an expression is exactly a written True, False or None."""
    return isinstance(node, ast.Constant) and node.value is value


def resolved(node: ast.expr, names: Names) -> ast.expr:
    """Return what a name stands for: a text where it is known, else the expression behind it."""
    text = text_of(node, names)
    if text is not None and text.strip(HOLE):
        return ast.copy_location(ast.Constant(text), node)
    for _ in range(DEEPEST):
        if not isinstance(node, ast.Name) or node.id not in names:
            break
        node = names[node.id]
    return node


def name_of(node: ast.expr | None, names: Names) -> str:
    """Return a name that an argument states, or its expression where it is computed."""
    return text_of(node, names) or (written(node) if node is not None else "")


def written(node: ast.expr) -> str:
    """Return an expression as source; what is nested too deep for that has no words."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return "an expression"


def text_of(  # noqa: PLR0911 - one a kind of expression
    node: ast.expr | None, names: Names, depth: int = 0
) -> str | None:
    """Return the text that an expression is, `?` for what is filled in; None where unknown."""
    if depth > DEEPEST:
        return None
    match node:
        case ast.Name():
            return text_of(names.get(node.id), names, depth + 1)
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr():
            return _short("".join(_or_hole(one, names, depth) for one in node.values))
        case ast.FormattedValue():
            return text_of(node.value, names, depth + 1)
        case ast.BinOp(op=ast.Add()):
            return _added(node, names, depth)
        case ast.BinOp(op=ast.Mod()):
            left = text_of(node.left, names, depth + 1)
            return None if left is None else _short(_percent(left, node.right, names, depth))
        case ast.Call():
            return _called(node, names, depth)
    return None


def _added(node: ast.expr, names: Names, depth: int) -> str | None:
    parts: list[ast.expr] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts.append(node.right)
        node = node.left
    texts = [text_of(one, names, depth + 1) for one in (node, *reversed(parts))]
    return None if all(one is None for one in texts) else _short("".join(map(_hole, texts)))


def _short(text: str) -> str | None:
    return text if len(text) <= LONGEST else None


def _called(node: ast.Call, names: Names, depth: int) -> str | None:
    if node.args and last_word(node) in WRAPPING:
        return text_of(node.args[0], names, depth + 1)
    if not isinstance(node.func, ast.Attribute):
        return None
    if node.func.attr == "format":
        text = text_of(node.func.value, names, depth + 1)
        return None if text is None else _short(_formatted(text, node, names, depth))
    if node.args and node.func.attr != "bindparams":
        return None
    return text_of(node.func.value, names, depth + 1)


def _percent(text: str, right: ast.expr, names: Names, depth: int) -> str:
    values = right.elts if isinstance(right, ast.Tuple) else [right]
    # What is given by names is in a dictionary, which is no text.
    given = iter(values)
    filled = PERCENT.sub(lambda _: _or_hole(next(given, None), names, depth), text)
    return filled.replace("%%", "%")


def _formatted(text: str, call: ast.Call, names: Names, depth: int) -> str:
    given: dict[str, ast.expr] = {str(at): one for at, one in enumerate(call.args)}
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    places = iter(call.args)

    def filled(match: re.Match[str]) -> str:
        one = given.get(match[1]) if match[1] else next(places, None)
        return _or_hole(one, names, depth)

    return BRACES.sub(filled, text)


def _or_hole(node: ast.expr | None, names: Names, depth: int) -> str:
    return _hole(text_of(node, names, depth + 1))


def _hole(text: str | None) -> str:
    return HOLE if text is None else text
