"""Finds coroutine fixtures that pytest-asyncio, in its strict mode, leaves to pytest."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, calls, decorations, ref
from mcp_server.semantic.pytest_settings import (
    nested_options,
    pytest_dependencies,
    pytest_options,
    pytest_words,
)

FIXTURES = frozenset({"pytest.fixture", "_pytest.fixtures.fixture", "pytest.yield_fixture"})
AWAITING = frozenset(
    "pytest-trio pytest-aiohttp pytest-tornasync pytest-twisted pytest-sanic pytest-tornado "
    "alt-pytest-asyncio pytest-asyncio-cooperative pytest-async pytest-aio pytest-anyio "
    "pytest-curio aiohttp-pytest pytest-homeassistant-custom-component home-assistant".split()
)
"""Plugins that run coroutine fixtures of plain `pytest.fixture`, or may do so."""
MESSAGE = (
    "no plugin awaits this fixture, since pytest-asyncio is in strict mode: decorate it with "
    '`@pytest_asyncio.fixture`, or set `asyncio_mode = "auto"`'
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the decorators of coroutine fixtures that nobody awaits."""
    found: list[ast.expr] = [
        decorator
        for function in module.nodes(ast.AsyncFunctionDef)
        for _, decorator in decorations(module, function, FIXTURES)
    ]
    found += _applied(module)
    if found and _is_strict(module):
        for one in found:
            yield Hit(one, MESSAGE)


def _applied(module: Module) -> Iterator[ast.Call]:
    """Yield the calls that make a coroutine function a fixture: `client = fixture(make)`."""
    for call in calls(module, *FIXTURES):
        outer = module.parent(call.node)
        given = call.node.args[:1]
        if isinstance(outer, ast.Call) and outer.func is call.node:
            given = outer.args[:1]
        for one in given:
            found = ref(module, one)
            if found is not None and isinstance(found.node, ast.AsyncFunctionDef):
                yield call.node


def _is_strict(module: Module) -> bool:
    """Tell whether pytest-asyncio runs the tests, in its strict mode, and nothing else does."""
    library = module.program.library
    project = library.project(module.path)

    def tests_hold(word: str) -> bool:
        return any(
            library.is_test(one) and library.project(one) is project
            for one in library.holding(word)
        )

    options = pytest_options(module)
    if any(one.get("asyncio_mode", "strict") != "strict" for one in nested_options(module)):
        return False
    words = [*pytest_words(module)]
    if options.get("asyncio_mode", "strict") != "strict" or "anyio_mode" in options:
        return False
    if any("asyncio-mode" in one or "asyncio_mode" in one or "anyio" in one for one in words):
        return False
    if "trio_mode" in options or pytest_dependencies(module) & AWAITING:
        return False
    # AnyIO's plugin awaits the fixtures of whatever test asks for its backend.
    if tests_hold("anyio_backend") or tests_hold("anyio") or tests_hold("asyncio_mode"):
        return False
    return "pytest-asyncio" in pytest_dependencies(module) or tests_hold("pytest_asyncio")


RULE = Rule(
    name="async-fixture-strict",
    why="In strict mode a test that asks for such a fixture gets a coroutine nobody awaits, which "
    "pytest 9 refuses.",
    wrong="""\
# file: pyproject.toml
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"

[dependency-groups]
dev = ["pytest>=9", "pytest-asyncio>=1.3"]
# file: tests/conftest.py
from collections.abc import AsyncIterator

import httpx
import pytest


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url="http://testserver") as client:
        yield client
""",
    right="""\
# file: pyproject.toml
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"

[dependency-groups]
dev = ["pytest>=9", "pytest-asyncio>=1.3"]
# file: tests/conftest.py
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url="http://testserver") as client:
        yield client
""",
    taught="python-backend/references/testing.md#async-fixtures",
    source=(
        "https://pytest-asyncio.readthedocs.io/en/stable/concepts.html#strict-mode",
        "https://docs.pytest.org/en/stable/deprecations.html",
    ),
    looks_at=frozenset({"tests"}),
    check=check,
)
