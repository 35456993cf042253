"""Reads where code names an attribute other than by a dot: as a keyword, as a text, in a match."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.code_map.chains import chain_of, text_of
from mcp_server.code_map.records import CALLED, Local, Use

READERS = frozenset({"getattr", "setattr", "hasattr", "delattr"})
"""Functions, and methods of pytest's monkeypatch, that take an object and an attribute's name."""


def keywords(node: ast.Call | ast.MatchClass, scope: str) -> Iterator[Use]:
    """Yield the keywords of a call or of a class in a `match`, each after what is called."""
    if isinstance(node, ast.Call):
        words = [(one.arg, one.value.lineno) for one in node.keywords if one.arg]
        called = node.func
    else:
        words = [
            (one, each.lineno) for one, each in zip(node.kwd_attrs, node.kwd_patterns, strict=True)
        ]
        called = node.cls
    if words:
        chain = (*chain_of(called), CALLED)
        for word, line in words:
            yield Use(scope, (*chain, word), line, keyword=True)


def attribute_by_text(call: ast.Call) -> tuple[str, ...] | None:
    """Return the chain that `getattr(order, "total")` and `patch.object` stand for."""
    if len(call.args) < 2:
        return None
    name = text_of(call.args[1])
    if name is None or not name.isidentifier():
        return None
    words = chain_of(call.func)
    reads = words[-1] in READERS or words[-2:] == ("patch", "object")
    return (*chain_of(call.args[0]), name) if reads else None


def pattern_local(node: ast.pattern) -> tuple[str, Local]:
    """Return the variable that a pattern binds, "" for none, and what is known of it."""
    if isinstance(node, ast.MatchMapping):
        return node.rest or "", Local()
    if isinstance(node, ast.MatchStar):
        return node.name or "", Local()
    if isinstance(node, ast.MatchAs):
        known = node.pattern.cls if isinstance(node.pattern, ast.MatchClass) else None
        return node.name or "", Local(annotation=known)
    return "", Local()
