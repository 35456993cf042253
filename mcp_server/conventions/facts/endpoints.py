"""Finds the functions that serve routes, and what each of them has, by their texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_server.conventions.facts.class_endpoints import find_class_endpoints
from mcp_server.conventions.facts.module import Module

METHODS = rb"get|post|put|patch|delete|head|options|route|api_route|websocket"
BOUND = re.compile(rb"@([\w.]{1,80})\.(?:" + METHODS + rb")\(")
BARE = re.compile(rb"@(?:" + METHODS + rb"|view_config)\(")
NOT_ROUTERS = re.compile(rb"\b(?:mock|mocker|responses|respx|patch|requests|monkeypatch)\b")
FRAMEWORKS = frozenset(
    b"fastapi FastAPI APIRouter starlette flask Flask Blueprint litestar quart sanic pyramid "
    b"aiohttp ninja router app".split()
)
"""Words of which a module with endpoints has one among its imports."""
FUNCTION = re.compile(rb"\n[ \t]{0,40}((?:async[ ]{1,4})?)def[ ]{1,4}(\w{1,200})")
SIGNATURE_END = re.compile(rb"\)([^()#\n]{0,300}):[ \t]{0,40}(?:#[^\n]*)?\n")
DEPENDS = (b"Depends(", b"Security(", b"FromDishka")
ALIAS = re.compile(
    rb"(\w{1,80})(?:: ?TypeAlias)? ?= ?(?:Annotated\[[^=\]]{0,300}?)?(?:fastapi\.)?Depends\("
)
LINES_OF_ALIAS = 3
INDENTED = frozenset({b" ", b"\t", b"]", b")"})
WORD = re.compile(rb"\w+")
RAISES = re.compile(rb"\n[ \t]{1,40}raise\b")
LONGEST_HEAD = 6_000
LONGEST_LINE = 300
"""How many bytes the line of a function takes up to its name, at most."""
MOST_ENDPOINTS = 2_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function or class that serves a route: where, what it has, and its length in lines."""

    module: Module
    offset: int
    name: str
    features: frozenset[str]
    length: int


def find_endpoints(modules: Sequence[Module]) -> list[Endpoint]:
    """Return the functions decorated as routes and the view classes, in the order of files."""
    found: list[Endpoint] = []
    aliases = _aliases(modules)
    for module in modules:
        if not FRAMEWORKS.isdisjoint(module.words):
            found += _endpoints(module, aliases)
        found += (Endpoint(module, *one) for one in find_class_endpoints(module))
        if len(found) > MOST_ENDPOINTS:
            break
    return found


def _aliases(modules: Iterable[Module]) -> frozenset[bytes]:
    """Return the names that modules give to dependencies, as `CurrentUser` or `SESSION_DEP`."""
    found: set[bytes] = set()
    for module in modules:
        for offset in module.find(b"Depends(") if b"Depends" in module.words else ():
            start = module.line_start(offset)
            for _ in range(LINES_OF_ALIAS):
                if module.content[start : start + 1] not in INDENTED:
                    break
                start = module.line_start(start - 1)
            if match := ALIAS.match(module.content, start, offset + len(b"Depends(")):
                found.add(match[1])
    return frozenset(found)


def _endpoints(module: Module, aliases: frozenset[bytes]) -> Iterator[Endpoint]:
    bare = not {b"litestar", b"pyramid"}.isdisjoint(module.words)
    prefixed = b"prefix=" in module.content
    seen = searched = -1
    for offset in module.find(b"@"):
        if offset < seen or not _starts_line(module, offset):
            continue
        match = BOUND.match(module.content, offset)
        if match and NOT_ROUTERS.search(match[1]):
            match = None
        if match is None and not (bare and BARE.match(module.content, offset)):
            continue
        # Where an earlier decorator found no function there is none for this one either.
        start = max(offset, searched - LONGEST_LINE)
        function = FUNCTION.search(module.content, start, offset + LONGEST_HEAD)
        if function is None:
            searched = offset + LONGEST_HEAD
            continue
        seen = function.end()
        yield _endpoint(module, offset, function, aliases, prefixed=prefixed)


def _starts_line(module: Module, offset: int) -> bool:
    return not module.content[module.line_start(offset) : offset].strip()


def _endpoint(
    module: Module,
    offset: int,
    function: re.Match[bytes],
    aliases: frozenset[bytes],
    *,
    prefixed: bool,
) -> Endpoint:
    start = function.start() + 1
    indent = len(function[0]) - 1 - len(function[0][1:].lstrip())
    ends = SIGNATURE_END.search(module.content, function.end(), function.end() + LONGEST_HEAD)
    after = ends.end() - 1 if ends else function.end()
    decorators = module.content[offset:start]
    signature = module.content[start:after]
    body = module.indented(after, indent)
    returned = ends[1].strip(b" ->") if ends else b""
    tests = (
        ("async", bool(function[1])),
        ("router prefix", prefixed),
        (
            "dependencies",
            b"dependencies=" in decorators
            or any(text in signature for text in DEPENDS)
            or not aliases.isdisjoint(WORD.findall(signature)),
        ),
        ("response_model", b"response_model=" in decorators),
        ("return annotation", bool(returned) and returned != b"None"),
        ("status_code", b"status_code=" in decorators),
        ("raises", b" raise " in body and bool(RAISES.search(body))),
    )
    return Endpoint(
        module,
        start + indent,
        function[2].decode("ascii", "replace"),
        frozenset(name for name, holds in tests if holds),
        body.count(b"\n") + signature.count(b"\n"),
    )
