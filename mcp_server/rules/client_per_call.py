"""Finds clients, engines and pools that are made anew for each request."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Call,
    Function,
    Given,
    Module,
    argument,
    calls,
    decorations,
    is_a,
    kind,
    origins,
    ref,
    routes,
    text,
)

MAKERS = tuple(
    "httpx.AsyncClient httpx.Client aiohttp.ClientSession aiohttp.client.ClientSession "
    "redis.asyncio.Redis redis.asyncio.Redis.from_url redis.asyncio.from_url "
    "redis.asyncio.ConnectionPool redis.asyncio.ConnectionPool.from_url redis.Redis "
    "redis.StrictRedis redis.Redis.from_url redis.from_url redis.ConnectionPool "
    "redis.ConnectionPool.from_url sqlalchemy.create_engine asyncpg.create_pool "
    "sqlalchemy.ext.asyncio.create_async_engine psycopg_pool.ConnectionPool "
    "psycopg_pool.AsyncConnectionPool motor.motor_asyncio.AsyncIOMotorClient "
    "pymongo.MongoClient pymongo.AsyncMongoClient".split()
)
HTTP = ("httpx.", "aiohttp.")
OWN_WAY = ("transport", "mounts", "verify", "cert", "proxy", "proxies", "connector", "app")
"""What one call can need otherwise than the next, and only a client of its own can have."""
SERVICES = ("Service", "Client", "Gateway", "Repository", "Provider", "Adapter", "Api", "API")
FOLDERS = frozenset({"services", "service"})
STARTING = tuple(
    "create make build setup set_up startup start lifespan connect init open configure "
    "register get_client client_for new from_ load_ migrate validate ping health main run".split()
)
"""How functions are called that make what others keep, or that run once."""
RARE = tuple("telemetry heartbeat cron job task worker sync refresh poll discovery".split())
"""Words for what runs now and then, where a client of its own costs nothing."""
REQUESTS = frozenset("get post put patch delete head request stream".split())
CONFIGURED = ("settings", "config", "self.")
CACHES = frozenset({"functools.cache", "functools.lru_cache", "functools.cached_property"})
MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
MESSAGE = (
    "makes `{}` with its connections and TLS context for every call: open one in the lifespan, "
    "inject it, and close it there"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield what makes a client in a handler, a dependency, a middleware or a service's method."""
    for call in calls(module, *MAKERS):
        function = module.function(call.node)
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if _has_own_way(call) or _is_kept(module, call.node, function):
            continue
        if _asks_anyone(module, call, function):
            continue
        around = (one for one in module.above(function) if isinstance(one, FUNCTIONS))
        if any(_is_called_often(module, one) for one in (function, *around)):
            yield Hit(call.node, MESSAGE.format(call.name.rpartition(".")[2]))


def _has_own_way(call: Call) -> bool:
    return call.name.startswith(HTTP) and any(call.given(one) is not None for one in OWN_WAY)


def _is_called_often(module: Module, function: Function) -> bool:
    """Tell whether a function runs for each request, or for each call of a service."""
    if any(True for _ in decorations(module, function, CACHES | MANAGERS)):
        return False
    if any(one.function is function for one in routes(module)) or _is_middleware(module, function):
        return True
    return _is_service(module, function) or _is_dependency(module, function)


def _is_service(module: Module, function: Function) -> bool:
    """Tell whether a function is a coroutine of a service, that is not there to start something."""
    name = function.name.lstrip("_")
    if not isinstance(function, ast.AsyncFunctionDef) or name.startswith(STARTING):
        return False
    if any(one in f"{module.path}/{name}" for one in RARE) or _yields(module, function):
        return False
    owner = module.class_of(function)
    if owner is not None:
        return not function.name.startswith("__") and owner.name.endswith(SERVICES)
    folders = {*posixpath.dirname(module.path).split("/")}
    served = bool(folders & FOLDERS) or module.path.endswith(("service.py", "services.py"))
    return served and module.function(function) is None


def _is_middleware(module: Module, function: Function) -> bool:
    for one in function.decorator_list:
        if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute):
            found = ref(module, one.func)
            if one.func.attr == "middleware" and found is not None and found.module is None:
                return True
    return False


def _asks_anyone(module: Module, call: Call, function: Function) -> bool:
    """Tell whether a client is for addresses that others chose, whose connections nobody reuses."""
    if not call.name.startswith(HTTP) or call.given("base_url") is not None:
        return False
    asked = [
        argument(module, one, "url", int(one.func.attr in {"request", "stream"}))
        for one in module.within(function, ast.Call)
        if isinstance(one.func, ast.Attribute)
        and one.func.attr in REQUESTS
        and is_a(kind(module, one.func.value), {call.name})
    ]
    given = [one for one in asked if isinstance(one, Given)]
    return bool(given) and all(_is_anyones(one.module, one.node) for one in given)


def _is_anyones(module: Module, node: ast.expr) -> bool:
    for one in origins(module, node):
        written = text(module, one)
        if written is None and isinstance(one, ast.Attribute):
            return not any(word in ast.unparse(one).lower() for word in CONFIGURED)
        if written is not None and not written.startswith(("http://{}", "https://{}")):
            return False
    return True


def _yields(module: Module, function: Function) -> bool:
    return any(True for _ in module.within(function, ast.Yield))


def _is_dependency(module: Module, function: Function) -> bool:
    """Tell whether some `Depends` of the project names a function."""
    program = module.program
    for path in program.library.holding("Depends", function.name):
        source = program.module(path)
        for call in calls(source, "fastapi.Depends", "fastapi.Security") if source else ():
            given = call.given("dependency", 0)
            found = ref(given.module, given.node) if isinstance(given, Given) else None
            if found is not None and found.node is function:
                return True
    return False


def _is_caught_lazily(module: Module, node: ast.AST) -> bool:
    """Tell whether a client is only made where none was given: `if client is None`."""
    names: set[str] = set()
    for one in module.above(node):
        if isinstance(one, ast.BoolOp | ast.IfExp) and not names:
            return True
        if isinstance(one, ast.Assign | ast.AnnAssign):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            names |= {getattr(each, "attr", getattr(each, "id", "")) for each in targets}
        if isinstance(one, ast.If) and names & {
            getattr(each, "attr", getattr(each, "id", None)) for each in ast.walk(one.test)
        }:
            return True
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
    return False


def _is_kept(module: Module, node: ast.AST, function: Function) -> bool:
    """Tell whether a client outlives the function: returned, or stored elsewhere."""
    if _is_caught_lazily(module, node):
        return True
    names: set[str] = set()
    for one in module.above(node):
        if isinstance(one, ast.Return):
            return True
        if isinstance(one, ast.Call) and not _enters(one):
            # It is handed to whatever keeps it: `Repository(AsyncClient())`.
            return isinstance(module.parent(one), ast.Return | ast.Assign)
        if isinstance(one, ast.Assign | ast.AnnAssign):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            if not all(isinstance(each, ast.Name) for each in targets):
                return True
            names = {each.id for each in targets if isinstance(each, ast.Name)}
        if isinstance(one, ast.stmt):
            break
    return bool(names) and _escape(module, function, names)


def _enters(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr.startswith("enter_")


def _escape(module: Module, function: Function, names: set[str]) -> bool:
    """Tell whether a name is global, returned, or assigned to something that stays."""
    if any(names & {*one.names} for one in module.within(function, ast.Global)):
        return True
    for one in module.within(function, ast.Name):
        if one.id in names and isinstance(one.ctx, ast.Load):
            parent = module.parent(one)
            if isinstance(parent, ast.Return | ast.Tuple | ast.Dict):
                return True
            if isinstance(parent, ast.Assign) and not isinstance(parent.targets[0], ast.Name):
                return True
    return False


RULE = Rule(
    name="client-per-call",
    why="A client holds a pool and a TLS context; made per call, every call pays a new handshake.",
    wrong="""\
import httpx
from fastapi import APIRouter

router = APIRouter()


@router.get("/rates/{currency}")
async def rate(currency: str) -> dict[str, str]:
    async with httpx.AsyncClient(base_url="https://rates.example", timeout=5) as client:
        answer = await client.get("/latest", params={"currency": currency})
    answer.raise_for_status()
    return {"rate": answer.json()["rate"]}
""",
    right="""\
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Request


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url="https://rates.example", timeout=5) as client:
        app.state.rates = client
        yield


def get_rates(request: Request) -> httpx.AsyncClient:
    client: httpx.AsyncClient = request.app.state.rates
    return client


app = FastAPI(lifespan=lifespan)


@app.get("/rates/{currency}")
async def rate(
    currency: str, client: Annotated[httpx.AsyncClient, Depends(get_rates)]
) -> dict[str, str]:
    answer = await client.get("/latest", params={"currency": currency})
    answer.raise_for_status()
    return {"rate": answer.json()["rate"]}
""",
    taught="python-backend/references/api.md#clients",
    source=(
        "https://www.python-httpx.org/advanced/clients/",
        "https://docs.aiohttp.org/en/stable/http_request_lifecycle.html",
        "https://docs.sqlalchemy.org/en/21/core/connections.html",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
