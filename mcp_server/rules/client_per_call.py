"""Finds clients, engines and pools that are made anew for each request."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Call,
    Function,
    Given,
    Module,
    annotated,
    argument,
    calls,
    decorations,
    kind,
)
from mcp_server.semantic.addresses import is_own_address
from mcp_server.semantic.flow import arm_of
from mcp_server.semantic.reached import answers, functions_around, is_reached

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
STARTING = tuple(
    "create make build setup set_up startup start lifespan connect init open configure "
    "register get_client client_for new from_ load_ migrate validate main run".split()
)
"""How functions are called that make what others keep, or that run once."""
WORD = re.compile(r"(?i:oauth|openid|log_?in|log_?out|sign_?in)|[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
RARE = frozenset(
    "oauth openid login logout signin sso oidc callback revoke exchange jwks userinfo "
    "download upload transfer stream crawl scrape health healthcheck ping ready readiness "
    "liveness probe poll polling diagnostics example examples evaluation benchmark benchmarks "
    "demo cookbook cli scripts telemetry heartbeat cron scheduler discovery".split()
)
"""Words for what runs now and then, or for long, where a handshake costs nothing."""
BEHIND = frozenset("job jobs task tasks worker workers sync refresh".split())
"""Words for what runs beside requests, unless a request waits for it."""
REQUESTS = frozenset("get post put patch delete head options request".split())
STREAMS = frozenset({"stream", "ws_connect"})
KEPT = frozenset("client session engine pool redis connection conn".split())
"""Last words of the names under which clients are kept or given."""
CACHES = frozenset({"functools.cache", "functools.lru_cache", "functools.cached_property"})
MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.GeneratorExp, *FUNCTIONS, ast.Lambda)
MESSAGE = (
    "makes `{}` with its connections and TLS context for every call{}: open one in the lifespan, "
    "inject it, and close it there"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the first place of a class, or of a module, that makes a client for each request."""
    found: dict[ast.ClassDef | None, list[tuple[Call, Function]]] = {}
    for call in calls(module, *MAKERS):
        function = module.function(call.node)
        if isinstance(function, FUNCTIONS) and _is_wasted(module, call, function):
            found.setdefault(module.class_of(function), []).append((call, function))
    for owner, held in found.items():
        often = _is_service(owner, held)
        wasted = [call for call, one in held if often or _is_often(module, one)]
        more = f" (and {len(wasted) - 1} times more here)" if len(wasted) > 1 else ""
        for call in wasted[:1]:
            yield Hit(call.node, MESSAGE.format(call.name.rpartition(".")[2], more))


def _is_service(owner: ast.ClassDef | None, held: list[tuple[Call, Function]]) -> bool:
    """Tell whether several coroutines of a service each make a client where it could keep one."""
    methods = {one for _, one in held if isinstance(one, ast.AsyncFunctionDef)}
    methods = {one for one in methods if not one.name.lstrip("_").startswith(STARTING)}
    return owner is not None and owner.name.endswith(SERVICES) and len(methods) > 1


def _is_often(module: Module, function: Function) -> bool:
    """Tell whether requests run a function: a route, or what a route calls."""
    if any(answers(module, one) for one in functions_around(module, function)):
        return True
    once = function.name.lstrip("_").startswith(STARTING) or BEHIND & _words(module, function)
    return not once and is_reached(module, function)


def _is_wasted(module: Module, call: Call, function: Function) -> bool:
    """Tell whether a client is made for one call to an address of the service's own choice."""
    around = functions_around(module, function)
    if any(True for one in around for _ in decorations(module, one, CACHES | MANAGERS)):
        return False
    if (
        RARE & _words(module, function)
        or _is_given(module, call, function)
        or _is_kept(module, call.node, function)
    ):
        return False
    if not call.name.startswith(HTTP):
        given = [call.given(one, at) for one, at in (("url", 0), ("dsn", 0), ("host", 0))]
        return all(is_own_address(one.module, one.node) for one in given if isinstance(one, Given))
    if any(call.given(one) is not None for one in OWN_WAY):
        return False
    used = _uses(module, call.node, function)
    return not _serves_several(module, call.node, used) and _asks_own(module, call, used)


def _words(module: Module, function: Function) -> set[str]:
    """Return the words of a function's name, and of what it stands in."""
    owner = module.class_of(function)
    named = (module.path.removesuffix(".py"), function.name, owner.name if owner else "")
    return {word.lower().replace("_", "") for one in named for word in WORD.findall(one)}


def _is_given(module: Module, call: Call, function: Function) -> bool:
    """Tell whether a client is only made where none was given, or none is kept."""
    made = kind(module, call.node)
    for one in functions_around(module, function):
        for each in (*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs):
            said = annotated(module, each.annotation) if each.annotation is not None else None
            if said is not None and made is not None and said.dotted == made.dotted:
                return True
        for test in module.within(one, ast.If):
            if not isinstance(test.body[-1], ast.Raise) and _asks_kept(test.test):
                return True
    return any(isinstance(one, ast.BoolOp | ast.IfExp) for one in module.above(call.node))


def _asks_kept(test: ast.expr) -> bool:
    """Tell whether a condition is about a client: `if client is None`, `if not self._session`."""
    match test:
        case ast.UnaryOp(operand=held) | ast.Compare(left=held):
            return _asks_kept(held)
        case ast.BoolOp(values=values):
            return any(_asks_kept(one) for one in values)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lower().rpartition("_")[2] in KEPT
    return False


def _uses(module: Module, node: ast.Call, function: Function) -> list[ast.Name]:
    """Return where a client's name is read."""
    names: set[str] = set()
    for one in module.above(node):
        if isinstance(one, ast.withitem | ast.NamedExpr | ast.AnnAssign | ast.Assign):
            targets = one.targets if isinstance(one, ast.Assign) else []
            target = getattr(one, "optional_vars", None) or getattr(one, "target", None)
            names |= {each.id for each in (*targets, target) if isinstance(each, ast.Name)}
        if isinstance(one, ast.stmt):
            break
    read = (one for one in ast.walk(function) if isinstance(one, ast.Name) and one.id in names)
    return [one for one in read if isinstance(one.ctx, ast.Load) and _is_use(module, one)]


def _is_use(module: Module, node: ast.Name) -> bool:
    """Tell whether a client asks here, or is handed on, and is not merely closed or entered."""
    holder = module.parent(node)
    if isinstance(holder, ast.Attribute):
        return isinstance(module.parent(holder), ast.Call) and not holder.attr.endswith("close")
    return isinstance(holder, ast.Call | ast.keyword | ast.Return | ast.Tuple | ast.Starred)


def _serves_several(module: Module, node: ast.Call, used: list[ast.Name]) -> bool:
    """Tell whether a client is worth its handshake: several calls, a loop, a stream."""
    around = {*module.above(node)}
    places = [_place(module, one) for one in used]
    inner = {one for place in places for one in place} - around
    streams = any(getattr(module.parent(one), "attr", "") in STREAMS for one in used)
    if streams or any(isinstance(one, LOOPS) for one in inner):
        return True
    return any(
        all(place[one] == other[one] for one in place.keys() & other.keys())
        for at, place in enumerate(places)
        for other in places[:at]
    )


def _place(module: Module, node: ast.AST) -> dict[ast.AST, str]:
    """Return what a node stands in, each with the branch of it."""
    above = [node, *module.above(node)]
    return {one: arm_of(one, child) for child, one in pairwise(above)}


def _asks_own(module: Module, call: Call, used: list[ast.Name]) -> bool:
    """Tell whether all that a client is seen to ask are addresses of the service's own choice."""
    base = call.given("base_url")
    if base is not None:
        return isinstance(base, Given) and is_own_address(base.module, base.node)
    asked = []
    for one in used:
        read = module.parent(one)
        made = module.parent(read) if isinstance(read, ast.Attribute) else None
        if isinstance(read, ast.Attribute) and isinstance(made, ast.Call) and read.attr in REQUESTS:
            asked.append(argument(module, made, "url", int(read.attr == "request")))
    given = [one for one in asked if isinstance(one, Given)]
    return bool(given) and all(is_own_address(one.module, one.node) for one in given)


def _is_kept(module: Module, node: ast.AST, function: Function) -> bool:
    """Tell whether a client outlives the function: returned, or stored elsewhere."""
    names: set[str] = set()
    for one in module.above(node):
        if isinstance(one, ast.Return):
            return True
        if isinstance(one, ast.Call) and not getattr(one.func, "attr", "").startswith("enter_"):
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
    taught="python-backend/references/application.md#clients",
    source=(
        "https://www.python-httpx.org/advanced/clients/",
        "https://docs.aiohttp.org/en/stable/http_request_lifecycle.html",
        "https://docs.sqlalchemy.org/en/21/core/connections.html",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
