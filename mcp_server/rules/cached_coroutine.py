"""Finds caches that keep a coroutine, which can be awaited only once."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, Ref, calls, ref, valued

DECORATED = (
    "`{}` keeps the coroutine of `async def {}`, and the second await of it raises RuntimeError: "
    "cache the awaited value (async-lru, or a dict)"
)
CACHES = (
    "functools.lru_cache",
    "functools.cache",
    "functools.cached_property",
    "django.utils.functional.cached_property",
    "werkzeug.utils.cached_property",
    "methodtools.lru_cache",
    "cachetools.cached",
    "cachetools.cachedmethod",
    "cachetools.func.lru_cache",
    "cachetools.func.ttl_cache",
    "cachetools.func.lfu_cache",
    "cachetools.func.fifo_cache",
    "cachetools.func.rr_cache",
    "cachetools.func.tlru_cache",
)
REUSING = frozenset("create_task ensure_future Future Task shield".split())
"""What makes of a coroutine something that can be awaited again."""


def check(module: Module) -> Iterator[Hit]:
    """Yield the caches around functions that return coroutines."""
    for function in module.nodes(ast.AsyncFunctionDef):
        if not function.decorator_list or _yields(module, function):
            continue
        for one in reversed(function.decorator_list):
            named = _decorator(module, one)
            if named is not None and named.dotted in CACHES:
                yield Hit(one, DECORATED.format(named.last, function.name))
                break
            if not _keeps(named):
                break
    for call in calls(module, *CACHES):
        for wrapped in _wrapped(module, call.node):
            found = ref(module, wrapped)
            if (
                found is not None
                and found.module is not None
                and isinstance(found.node, ast.AsyncFunctionDef)
                and all(_keeps(_decorator(found.module, one)) for one in found.node.decorator_list)
                and not _yields(found.module, found.node)
            ):
                yield Hit(call.node, DECORATED.format(call.name.rpartition(".")[2], found.last))


def _decorator(module: Module, node: ast.expr) -> Ref | None:
    # `once = lru_cache(maxsize=8)`, and then `@once`.
    source, value = valued(module, node)
    return ref(source, value.func) if isinstance(value, ast.Call) else ref(module, node)


def _keeps(decorator: Ref | None) -> bool:
    """Tell whether what a decorator makes of a coroutine function is surely another one."""
    known = decorator is not None and decorator.module is not None
    return known and decorator is not None and not _reuses(decorator.node)


def _wrapped(module: Module, call: ast.Call) -> Iterator[ast.expr]:
    """Yield what a cache is put around by a call: `cache(load)`, `lru_cache(maxsize=8)(load)`."""
    yield from call.args[:1]
    outer = module.parent(call)
    if isinstance(outer, ast.Call) and outer.func is call:
        yield from outer.args[:1]


def _yields(module: Module, function: ast.AsyncFunctionDef) -> bool:
    return any(module.within(function, ast.Yield))


def _reuses(node: ast.AST | None) -> bool:
    # A class of the project's own may be awaitable again.
    if node is None or isinstance(node, ast.ClassDef):
        return True
    for one in ast.walk(node):
        if isinstance(one, ast.Name | ast.Attribute):
            name = one.attr if isinstance(one, ast.Attribute) else one.id
            if name in REUSING or name.endswith(("Future", "Task")):
                return True
    return False


RULE = Rule(
    name="cached-coroutine",
    why="A coroutine can be awaited once; a cache hands out the same one again, and that raises.",
    wrong="""\
from functools import lru_cache

import httpx


@lru_cache(maxsize=1)
async def signing_keys(url: str) -> dict[str, object]:
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
    response.raise_for_status()
    keys: dict[str, object] = response.json()
    return keys
""",
    right="""\
import httpx
from async_lru import alru_cache


@alru_cache(maxsize=1, ttl=600)
async def signing_keys(url: str) -> dict[str, object]:
    async with httpx.AsyncClient() as client:
        response = await client.get(url)
    response.raise_for_status()
    keys: dict[str, object] = response.json()
    return keys
""",
    taught="python-services/references/async.md#one-loop",
    source=(
        "https://docs.python.org/3/library/functools.html#functools.cache",
        "https://docs.python.org/3/reference/datamodel.html#coroutine-objects",
    ),
    looks_at=frozenset({"service", "tests", "scripts"}),
    check=check,
)
