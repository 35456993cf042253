"""Tells which functions run for requests: routes, dependencies, middleware, and what they call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.semantic.arguments import Given
from mcp_server.semantic.calls import calls
from mcp_server.semantic.classes import bases
from mcp_server.semantic.module import FUNCTIONS, Function, Module
from mcp_server.semantic.resolve import ref
from mcp_server.semantic.web import METHODS, routes

DEEPEST = 3
"""Calls between a route and what it reaches: handler, service, client."""
MOST = 24
"""Functions that are looked at for one answer."""
MIDDLEWARE = "starlette.middleware.base.BaseHTTPMiddleware"
ENDPOINT = "starlette.endpoints.HTTPEndpoint"


def functions_around(module: Module, node: ast.AST) -> list[Function]:
    """Return the functions that a node stands in, itself if it is one, from the inside."""
    return [one for one in (node, *module.above(node)) if isinstance(one, FUNCTIONS)]


def answers(module: Module, function: ast.AST) -> bool:
    """Tell whether a function is itself a route, a dependency or a middleware."""
    return (
        any(one.function is function for one in routes(module))
        or _is_called_by_framework(module, function)
        or _is_dependency(module, function)
    )


def is_reached(module: Module, function: Function) -> bool:
    """Tell whether a route, a dependency or a middleware calls a function, also through others."""
    seen: set[ast.AST] = {function}
    level: list[tuple[Module, Function]] = [(module, function)]
    for _ in range(DEEPEST):
        above: list[tuple[Module, Function]] = []
        for source, one in level:
            for caller in callers_of(source, one):
                if caller[1] in seen or len(seen) >= MOST:
                    continue
                if answers(*caller):
                    return True
                seen.add(caller[1])
                above.append(caller)
        level = above
    return False


def callers_of(module: Module, function: Function) -> Iterator[tuple[Module, Function]]:
    """Yield the functions of the project that call a function by its name."""
    program = module.program
    for path in program.library.holding(function.name):
        source = None if program.library.is_test(path) else program.module(path)
        if source is None:
            continue
        for call in source.nodes(ast.Call):
            if getattr(call.func, "attr", getattr(call.func, "id", "")) != function.name:
                continue
            found = ref(source, call.func)
            caller = source.function(call)
            if found is not None and found.node is function and isinstance(caller, FUNCTIONS):
                yield source, caller


def _is_called_by_framework(module: Module, function: ast.AST) -> bool:
    """Tell whether a function is a middleware, or a method of an endpoint's class."""
    for one in getattr(function, "decorator_list", ()):
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            found = ref(module, one.func)
            if one.func.attr == "middleware" and found is not None and found.module is None:
                return True
    owner, name = module.parent(function), getattr(function, "name", "")
    held = {one.dotted for one in bases(module, owner)} if isinstance(owner, ast.ClassDef) else ()
    return (MIDDLEWARE in held and name == "dispatch") or (ENDPOINT in held and name in METHODS)


def _is_dependency(module: Module, function: ast.AST) -> bool:
    """Tell whether some `Depends` of the project names a function."""
    program = module.program
    for path in program.library.holding("Depends", getattr(function, "name", "")):
        source = program.module(path)
        for call in calls(source, "fastapi.Depends", "fastapi.Security") if source else ():
            given = call.given("dependency", 0)
            found = ref(given.module, given.node) if isinstance(given, Given) else None
            if found is not None and found.node is function:
                return True
    return False
