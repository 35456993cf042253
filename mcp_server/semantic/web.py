"""Finds the routes of FastAPI and Starlette: functions that answer requests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.semantic.arguments import Given, argument
from mcp_server.semantic.calls import calls, method_calls, receiver, spelled
from mcp_server.semantic.classes import is_a
from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import FUNCTIONS, Function, Module
from mcp_server.semantic.resolve import ref

ROUTERS = frozenset({"fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette"})
METHODS = frozenset(
    "get post put patch delete head options trace api_route route websocket websocket_route".split()
)
ROUTER_NAMES = ("router", "app", "api")
"""How objects are called that register routes, where their class cannot be told."""


@dataclass(frozen=True, slots=True)
class Route:
    """A function that answers requests, and the call that registers it."""

    module: Module
    function: Function
    call: ast.Call
    method: str


def routes(module: Module) -> tuple[Route, ...]:
    """Return the routes that a module registers, with functions of whatever module."""
    known: dict[str, tuple[Route, ...]] = module.answers["routes"]
    if "" not in known:
        known[""] = (*_decorated(module), *_added(module))
    return known[""]


def _decorated(module: Module) -> Iterator[Route]:
    for function in module.functions():
        for each in function.decorator_list:
            one = spelled(module, each)
            method = _registered(module, one)
            if method and isinstance(one, ast.Call):
                yield Route(module, function, one, method)
                break


def _registered(module: Module, node: ast.expr) -> str:
    """Return the method under which a decorator registers a route, "" for another decorator."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in METHODS
        and _is_router(module, node.func.value)
    ):
        return node.func.attr
    return ""


def _is_router(module: Module, node: ast.expr) -> bool:
    found = kind(module, node)
    if found is not None:
        return is_a(found, ROUTERS)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name.lower().rstrip("s").endswith(ROUTER_NAMES) and _uses_fastapi(module)


def _uses_fastapi(module: Module) -> bool:
    return any(
        (one.module or "").startswith(("fastapi", "starlette"))
        for one in module.nodes(ast.ImportFrom)
    )


def _added(module: Module) -> Iterator[Route]:
    for call in method_calls(module, "add_api_route", "add_route", "add_api_websocket_route"):
        given = argument(module, call, "endpoint", 1)
        router = receiver(module, call)
        if isinstance(given, Given) and router and _is_router(router.module, router.node):
            yield from _route(given, call, "add_api_route")
    for made in calls(module, "starlette.routing.Route", "starlette.routing.WebSocketRoute"):
        given = made.given("endpoint", 1)
        if isinstance(given, Given):
            yield from _route(given, made.node, "route")
    for node in module.nodes(ast.Call):
        # `router.get("/orders")(list_orders)` is the decorator, written out.
        method = _registered(module, node.func) if node.args else ""
        if method and isinstance(node.func, ast.Call):
            yield from _route(Given(module, node.args[0]), node.func, method)


def _route(given: Given, call: ast.Call, method: str) -> Iterator[Route]:
    found = ref(given.module, given.node)
    if found is not None and found.module is not None and isinstance(found.node, FUNCTIONS):
        yield Route(found.module, found.node, call, method)
