"""Reads expressions as chains of names: `self.repo.save(x)` is self, repo, save, a call."""

from __future__ import annotations

import ast

from mcp_server.code_map.records import CALLED, ITEM, UNNAMED

CONSTANT = "'"
"""What a chain of a literal begins with."""


def chain_of(node: ast.expr, rest: list[ast.AST] | None = None) -> tuple[str, ...]:
    """Return the chain of an expression; what stands in its calls and subscripts goes to `rest`."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            parts.append(CALLED)
            if rest is not None:
                rest += (*node.args, *node.keywords)
            node = node.func
        elif isinstance(node, ast.Subscript):
            parts.append(ITEM)
            if rest is not None:
                rest.append(node.slice)
            node = node.value
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            break
    if isinstance(node, ast.Name):
        parts.append(node.id)
    else:
        parts.append(CONSTANT if isinstance(node, ast.Constant | ast.JoinedStr) else UNNAMED)
        if rest is not None:
            rest.append(node)
    return tuple(reversed(parts))


def names(chain: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of a chain without its calls and subscripts."""
    return tuple(part for part in chain if part not in {CALLED, ITEM})


def text_of(node: ast.AST | None) -> str | None:
    """Return the text that an expression is, None for any other; what it computes is `{}`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(one) or "{}" for one in node.values)
    return None


def keyword(call: ast.Call, *wanted: str) -> ast.expr | None:
    """Return the value of the first of the keywords that a call has."""
    return next((one.value for one in call.keywords if one.arg in wanted), None)
