"""Walks from what a change touches to the routes and tests that can reach it, nearest first."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mcp_server.code_map.chains import chain_of, text_of
from mcp_server.code_map.classes import Classes
from mcp_server.code_map.fixtures import Fixtures
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Definition, Symbol
from mcp_server.code_map.references import References, Usage
from mcp_server.code_map.routes import METHODS, Route, Routes, matches

MOST_STEPS = 6
"""How many callers of callers are followed."""
MOST_VISITED = 400
"""How many definitions are followed; whatever is beyond is near to nothing."""
BY_NAME = "by name"
"""How a test gets there that takes an attribute of the name, of a type that nobody can tell."""
MOST_READ = 300
"""How many files are taken apart before callers of callers are followed no further."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What answers the questions of one map."""

    library: Library
    classes: Classes
    references: References
    fixtures: Fixtures
    routes: Routes


@dataclass(frozen=True, slots=True)
class Hit:
    """A test, or all tests below a place, that reaches the change in so many steps."""

    path: str
    name: str
    distance: int
    via: str = ""


@dataclass(slots=True)
class Walk:
    """What was reached; `cut` tells whether more could be."""

    tests: dict[tuple[str, str], Hit] = field(default_factory=dict)
    routes: dict[Route, int] = field(default_factory=dict)
    fixtures: dict[Symbol, int] = field(default_factory=dict)
    reached: dict[Symbol, int] = field(default_factory=dict)
    cut: bool = False


def walk(tools: Tools, roots: Iterable[Symbol]) -> Walk:
    """Return what can reach the roots: by calls, by fixtures' names, by the paths of routes."""
    found = Walk()
    vias: dict[Symbol, str] = {}
    queue = deque((one, 0) for one in roots)
    found.reached.update(dict.fromkeys((one for one, _ in queue), 0))
    while queue:
        symbol, distance = queue.popleft()
        if _is_test_function(tools, symbol):
            _hit(found, Hit(symbol.path, symbol.name, distance, vias.get(symbol, "")))
            continue
        many = len(found.reached) > MOST_VISITED or tools.library.read() > MOST_READ
        if distance and (distance >= MOST_STEPS or many):
            found.cut = True
            continue
        via = vias.get(symbol, "")
        for usage in _next(tools, found, symbol, distance):
            following = usage.symbol
            if not usage.scope or following in found.reached:
                continue
            found.reached[following] = distance + 1
            if tools.fixtures.name(symbol) is not None:
                vias[following] = f"fixture {tools.fixtures.name(symbol)}"
            elif via:
                vias[following] = via
            queue.append((following, distance + 1))
    _by_url(tools, found)
    return found


def _next(tools: Tools, found: Walk, symbol: Symbol, distance: int) -> Iterator[Usage]:
    """Yield what uses a symbol, and take note of the fixture or the routes that it is."""
    if tools.fixtures.name(symbol) is not None:
        found.fixtures.setdefault(symbol, distance)
        name = tools.fixtures.name(symbol)
        where = tools.fixtures.scope(symbol)
        if tools.fixtures.is_everywhere(symbol):
            _hit(found, Hit(where, "", distance + 1, f"fixture {name}"))
            return
        for usage in tools.fixtures.users(symbol):
            if usage.scope:
                yield usage
            else:
                _hit(found, Hit(usage.path, "", distance + 1, f"fixture {name}"))
        if tools.fixtures.is_autouse(symbol):
            _hit(found, Hit(where, "", distance + 1, f"autouse fixture {name}"))
        return
    if not tools.library.is_test(symbol.path):
        for route in tools.routes.of(symbol):
            found.routes.setdefault(route, distance)
    for usage in tools.references.users(symbol).possible:
        if _is_test_function(tools, usage.symbol):
            _hit(found, Hit(usage.path, usage.scope, distance + 1, BY_NAME))
    yield from callers(tools, symbol)


def callers(tools: Tools, symbol: Symbol) -> Iterator[Usage]:
    """Yield what uses a symbol by its own name, or by a base's or protocol's that it stands for."""
    yield from tools.references.users(symbol).exact
    for above in tools.classes.overridden(symbol):
        for one in tools.references.users(above).exact:
            yield Usage(one.path, one.line, one.scope, above.name)


def _hit(found: Walk, hit: Hit) -> None:
    key = (hit.path, hit.name)
    known = found.tests.get(key)
    if known is None or (hit.via == BY_NAME, hit.distance) < (known.via == BY_NAME, known.distance):
        found.tests[key] = hit


def _is_test_function(tools: Tools, symbol: Symbol) -> bool:
    return (
        symbol.last.startswith("test")
        and tools.library.is_test(symbol.path)
        and tools.fixtures.name(symbol) is None
    )


def _by_url(tools: Tools, found: Walk) -> None:
    """Find the tests that ask for the path of a route that was reached."""
    library = tools.library
    for route, distance in found.routes.items():
        words = [one for one in route.url.replace("-", "/").split("/") if one.isidentifier()]
        if not words:
            continue
        for path in library.holding(*words):
            if not library.is_test(path):
                continue
            for name, one in library.source(path).definitions.items():
                symbol = Symbol(path, name)
                test = one.kind == "function" and _is_test_function(tools, symbol)
                if test and _asks(one, route):
                    _hit(found, Hit(path, name, distance + 1, str(route)))


def _asks(definition: Definition, route: Route) -> bool:
    for node in ast.walk(definition.node):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        word = chain_of(node.func)[-1]
        if word in METHODS and route.method and word.upper() not in route.method.split("|"):
            continue
        for one in node.args[:2]:
            text = text_of(one)
            if text is not None and "/" in text and matches(route.url, text):
                return True
    return False
