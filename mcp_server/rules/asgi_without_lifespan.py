"""Finds tests that call an application whose lifespan nothing runs."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Function,
    Given,
    Module,
    calls,
    method_calls,
    origins,
    ref,
)

APPS = ("fastapi.FastAPI", "starlette.applications.Starlette")
STARTING = ("lifespan", "startup", "LifespanManager")
MESSAGE = (
    "`ASGITransport` runs no lifespan, so what it keeps in `state` is missing: enter "
    "`app.router.lifespan_context(app)` first"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield transports to an application that keeps things in a lifespan which nobody runs."""
    for call in calls(module, "httpx.ASGITransport", "httpx.AsyncClient"):
        position = 0 if call.name.endswith("Transport") else None
        given = call.given("app", position)
        if isinstance(given, Given) and any(
            _needs_lifespan(*one) for one in _made(given.module, given.node, module)
        ):
            if not any(_runs(one) for one in _around(module)):
                yield Hit(call.node, MESSAGE)
            # The other transports of the file miss it for the same reason.
            return


def _made(
    module: Module, node: ast.expr, test: Module, depth: int = 0
) -> Iterator[tuple[Module, ast.Call]]:
    """Yield the calls that make an application: of its class, also in a factory or a fixture."""
    for one in origins(module, node) if depth < DEEPEST else ():
        if isinstance(one, ast.Call):
            made = ref(module, one.func)
            if made is not None and made.module is None and made.dotted in APPS:
                yield module, one
            elif made is not None and isinstance(made.node, FUNCTIONS) and made.module is not None:
                yield from _returned(made.module, made.node, test, depth)
            continue
        found = ref(module, one)
        value = getattr(found.node, "value", None) if found is not None else None
        if found is not None and found.module is not None and isinstance(value, ast.expr):
            yield from _made(found.module, value, test, depth + 1)
        elif isinstance(one, ast.Name):
            for source, fixture in _fixtures(test, one.id):
                yield from _returned(source, fixture, test, depth)


DEEPEST = 5


def _returned(
    module: Module, function: Function, test: Module, depth: int
) -> Iterator[tuple[Module, ast.Call]]:
    for kept in (ast.Return, ast.Yield):
        for one in module.within(function, kept):
            value = getattr(one, "value", None)
            if isinstance(value, ast.expr):
                yield from _made(module, value, test, depth + 1)


def _fixtures(test: Module, name: str) -> Iterator[tuple[Module, Function]]:
    """Yield the fixtures of a name that a test module sees."""
    for source in _around(test):
        for one in source.functions():
            if one.name == name and any("fixture" in ast.unparse(d) for d in one.decorator_list):
                yield source, one


def _around(test: Module) -> Iterator[Module]:
    """Yield a test module and the `conftest.py`s that hold for it."""
    yield test
    folder = posixpath.dirname(test.path)
    while True:
        path = posixpath.join(folder, "conftest.py")
        found = test.program.module(path) if path != test.path else None
        if found is not None:
            yield found
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _needs_lifespan(module: Module, call: ast.Call) -> bool:
    """Tell whether an application keeps in its lifespan what its routes use."""
    for one in call.keywords:
        if one.arg == "lifespan":
            found = ref(module, one.value)
            if found is not None and found.module is not None and isinstance(found.node, FUNCTIONS):
                return _keeps(found.module, found.node)
        if one.arg == "on_startup" and isinstance(one.value, ast.List):
            for each in one.value.elts:
                found = ref(module, each)
                if found is not None and found.module and isinstance(found.node, FUNCTIONS):
                    return _keeps(found.module, found.node)
    return any(_keeps(module, one) for one in _started(module))


def _started(module: Module) -> Iterator[Function]:
    """Yield the functions that a module registers to run at start."""
    for call in method_calls(module, "on_event"):
        function = module.parent(call)
        event = getattr(call.args[0], "value", None) if call.args else None
        if isinstance(function, FUNCTIONS) and event == "startup":
            yield function


def _keeps(module: Module, function: Function) -> bool:
    """Tell whether a function keeps something in the state, or yields it."""
    if any(_sets_state(one) for one in module.within(function, ast.Assign)):
        return True
    yields = module.within(function, ast.Yield)
    return any(isinstance(one.value, ast.Dict | ast.Call) for one in yields)


def _runs(module: Module) -> bool:
    """Tell whether a module runs a lifespan, or puts its own things into the state."""
    for call in module.nodes(ast.Call):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if any(one in name for one in STARTING):
            return True
    for item in module.nodes(ast.withitem):
        entered = item.context_expr
        made = ref(module, entered.func) if isinstance(entered, ast.Call) else None
        if made is not None and made.last == "TestClient":
            return True
    if any(one.attr == "dependency_overrides" for one in module.nodes(ast.Attribute)):
        # What the lifespan keeps is replaced where it is injected.
        return True
    return any(
        _sets_state(one) and not _is_lifespan(module, one) for one in module.nodes(ast.Assign)
    )


def _sets_state(node: ast.Assign) -> bool:
    """Tell whether something is kept in a state: `app.state.client = ...`."""
    return any(
        isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Attribute)
        and one.value.attr == "state"
        for one in node.targets
    )


def _is_lifespan(module: Module, node: ast.AST) -> bool:
    function = module.function(node)
    return isinstance(function, FUNCTIONS) and (
        "lifespan" in function.name or any(True for _ in module.within(function, ast.Yield))
    )


RULE = Rule(
    name="asgi-without-lifespan",
    why="`ASGITransport` sends requests only: what the lifespan opens is not there in the test.",
    wrong="""\
# file: app/main.py
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url="https://rates.example") as client:
        app.state.rates = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/rates")
async def rates(request: Request) -> dict[str, str]:
    answer = await request.app.state.rates.get("/latest")
    return {"rate": answer.json()["rate"]}
# file: tests/test_rates.py
import httpx
import pytest

from app.main import app


@pytest.mark.anyio
async def test_rates() -> None:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/rates")).status_code == 200
""",
    right="""\
# file: app/main.py
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url="https://rates.example") as client:
        app.state.rates = client
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/rates")
async def rates(request: Request) -> dict[str, str]:
    answer = await request.app.state.rates.get("/latest")
    return {"rate": answer.json()["rate"]}
# file: tests/test_rates.py
import httpx
import pytest

from app.main import app


@pytest.mark.anyio
async def test_rates() -> None:
    transport = httpx.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as client,
    ):
        assert (await client.get("/rates")).status_code == 200
""",
    taught="python-backend/references/testing.md#the-application",
    source=(
        "https://fastapi.tiangolo.com/advanced/async-tests/",
        "https://www.starlette.io/lifespan/",
        "https://www.python-httpx.org/advanced/transports/",
    ),
    looks_at=frozenset({"tests"}),
    check=check,
)
