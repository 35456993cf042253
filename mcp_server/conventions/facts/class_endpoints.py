"""Finds the classes that serve routes, as django and its REST frameworks have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.conventions.facts.module import Module

VIEWS = frozenset(b"django rest_framework flask litestar ninja_extra".split())
"""Words of which a module with views has one among its imports."""
VIEW = re.compile(
    rb"\nclass[ ](\w{1,200})"
    rb"\(([^)\n]{0,200}(?:View|ViewSet|APIView|Controller)(?:\[\w{1,80}\])?)\):"
)
BASE = re.compile(rb"(?:\w{1,60}\.)?(\w{1,80})(?:\[\w{1,80}\])?$")
FEATURES = (
    b"queryset",
    b"serializer_class",
    b"permission_classes",
    b"template_name",
    b"model",
    b"def get_queryset",
    b"def get",
    b"def post",
)


def find_class_endpoints(module: Module) -> Iterator[tuple[int, str, frozenset[str], int]]:
    """Yield the offset, name, features and length in lines of each view class of a module."""
    if VIEWS.isdisjoint(module.words):
        return
    for match in VIEW.finditer(module.content):
        if not module.code(match.start()):
            continue
        body = module.indented(match.end(), 0)
        base = BASE.search(match[2])
        features = {
            text.decode()
            for text in FEATURES
            if b"\n    " + text + (b"(" if text.startswith(b"def") else b" =") in body
        }
        if base:
            features.add(f"class of {base[1].decode('ascii', 'replace')}")
        name = match[1].decode("ascii", "replace")
        yield match.start() + 1, name, frozenset(features), body.count(b"\n")
