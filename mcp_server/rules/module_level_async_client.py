"""Finds asyncio clients that are made while a module is imported, and that nobody closes."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Call, Module, Ref, calls, is_a, method_calls, ref

CLIENTS = tuple(
    "httpx.AsyncClient aiohttp.ClientSession aiohttp.client.ClientSession redis.asyncio.Redis "
    "redis.asyncio.StrictRedis redis.asyncio.RedisCluster redis.asyncio.cluster.RedisCluster "
    "redis.asyncio.sentinel.Sentinel redis.asyncio.ConnectionPool "
    "redis.asyncio.connection.ConnectionPool redis.asyncio.BlockingConnectionPool".split()
)
MAKERS = (
    *CLIENTS,
    "redis.asyncio.from_url",
    *(f"{one}.from_url" for one in CLIENTS if one.startswith("redis.")),
)
CLOSING = ("aclose", "close", "disconnect", "__aenter__", "enter_async_context")
WORDS = ("aclose", "close", "disconnect", "enter_async_context", "lifespan")
"""Words of files in which a client can be closed or entered."""
MESSAGE = (
    "makes an asyncio client at import: it outlives its loop and nothing closes it; open it in the "
    "lifespan (`async with`) and inject it"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the clients that a module makes when it is imported and the project never closes."""
    for node in _made(module):
        if module.function(node) is None and not _is_main(module, node):
            kept = _kept(module, node)
            if kept is not None and not _is_closed(module, *kept):
                yield Hit(node, MESSAGE)


def _made(module: Module) -> Iterator[ast.Call]:
    for call in calls(module, *MAKERS):
        if not _has_pool(call):
            yield call.node
    # Classes of the project that are clients themselves.
    for held in module.names.values():
        for one in held:
            if one.how == "assign" and isinstance(one.value, ast.Call):
                named = ref(module, one.value.func)
                made = named is not None and isinstance(named.node, ast.ClassDef)
                if (made and is_a(named, CLIENTS)) or _returns_new(named):
                    yield one.value


def _returns_new(called: Ref | None) -> bool:
    """Tell whether a function of the project only returns a client that it makes."""
    if called is None or called.module is None or not isinstance(called.node, ast.FunctionDef):
        return False
    made = {one.node for one in calls(called.module, *MAKERS) if not _has_pool(one)}
    returned = [one.value for one in called.module.within(called.node, ast.Return)]
    return bool(returned) and all(one in made for one in returned)


def _has_pool(call: Call) -> bool:
    """Tell whether a client only uses a pool, which is told of where it is made."""
    return call.given("connection_pool") is not None


def _is_main(module: Module, node: ast.AST) -> bool:
    """Tell whether a node only runs when its file is run: `if __name__ == "__main__"`."""
    return any(
        isinstance(one, ast.If) and "__name__" in {each.id for each in _names(one.test)}
        for one in module.above(node)
    )


def _names(node: ast.expr) -> Iterator[ast.Name]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Name))


def _kept(module: Module, node: ast.Call) -> tuple[ast.stmt, set[str]] | None:
    """Return the statement that keeps a client, with its names; None where it is used up."""
    for one in module.above(node):
        if isinstance(one, ast.withitem):
            return None
        if isinstance(one, ast.stmt):
            targets = one.targets if isinstance(one, ast.Assign) else [getattr(one, "target", None)]
            names = (getattr(each, "id", getattr(each, "attr", "")) for each in targets)
            return one, {each for each in names if each}
    return None


def _is_closed(module: Module, kept: ast.stmt, names: set[str]) -> bool:
    """Tell whether something in the project closes, or enters, what a statement keeps."""
    library, program = module.program.library, module.program
    for name in names:
        paths = {path for word in WORDS for path in library.holding(word, name)}
        for path in sorted(paths):
            source = None if library.is_test(path) else program.module(path)
            used = _ended(source) if source is not None else ()
            if source and any(_is_it(source, one, name, module, kept) for one in used):
                return True
    return False


def _ended(source: Module) -> Iterator[ast.expr]:
    """Yield what a module closes or enters."""
    for call in method_calls(source, *CLOSING):
        if isinstance(call.func, ast.Attribute):
            yield call.func.value
        yield from call.args
    for one in source.nodes(ast.AsyncWith):
        yield from (item.context_expr for item in one.items)


def _is_it(source: Module, node: ast.expr, name: str, module: Module, kept: ast.stmt) -> bool:
    """Tell whether an expression names what another module keeps under a name."""
    if getattr(node, "attr", getattr(node, "id", None)) != name:
        return False
    found = ref(source, node)
    if found is None:
        return isinstance(node, ast.Attribute)
    return found.module is module and (found.node is kept or isinstance(node, ast.Attribute))


RULE = Rule(
    name="module-level-async-client",
    why="An asyncio client belongs to one loop: made at import it breaks in the next, and leaks.",
    wrong="""\
import httpx

client = httpx.AsyncClient(base_url="https://rates.example", timeout=5)


async def latest(currency: str) -> str:
    answer = await client.get("/latest", params={"currency": currency})
    answer.raise_for_status()
    return str(answer.json()["rate"])
""",
    right="""\
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url="https://rates.example", timeout=5) as client:
        app.state.rates = client
        yield


async def latest(client: httpx.AsyncClient, currency: str) -> str:
    answer = await client.get("/latest", params={"currency": currency})
    answer.raise_for_status()
    return str(answer.json()["rate"])


app = FastAPI(lifespan=lifespan)
""",
    taught="python-backend/references/application.md#clients",
    source=(
        "https://www.python-httpx.org/async/",
        "https://docs.aiohttp.org/en/stable/faq.html",
        "https://redis.readthedocs.io/en/stable/examples/asyncio_examples.html",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
