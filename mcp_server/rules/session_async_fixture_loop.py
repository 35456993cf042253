"""Finds async fixtures that live longer than a test, in another event loop than the tests'."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import FUNCTIONS, Given, Module, argument, decorations, ref
from mcp_server.semantic.pytest_settings import nested_options, pytest_options, pytest_words

ASYNCIO = frozenset({"pytest_asyncio.fixture", "pytest_asyncio.plugin.fixture"})
PLAIN = frozenset({"pytest.fixture", "_pytest.fixtures.fixture"})
SCOPES = ("function", "class", "module", "package", "session")
FIXTURE_LOOP = "asyncio_default_fixture_loop_scope"
FOLLOWS = "fixture-scope"
"""The loop that a fixture has where nothing else is said: that of its own scope."""
TEST_LOOP = "asyncio_default_test_loop_scope"
OPENS = frozenset(
    "aclient client clients engine pool connect connected connection conn redis session "
    "sessionmaker server lock semaphore event queue broker consumer producer channel browser "
    "playwright start open listen launch lifespan manager container worker websocket "
    "socket stream nats kafka mongo motor postgres mysql rabbit amqp".split()
)
"""Parts of the names by which something is made that belongs to the loop it is made in."""
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
MESSAGE = (
    "this fixture's event loop is not that of the tests, which breaks what it opens: set "
    '`loop_scope="{0}"` and run the tests in it too (`asyncio_default_test_loop_scope = "{0}"`)'
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the decorators of shared async fixtures whose loop no test runs in."""
    for function in module.nodes(ast.AsyncFunctionDef):
        for found, decorator in decorations(module, function, ASYNCIO | PLAIN):
            if not isinstance(decorator, ast.Call):
                continue
            scope = _scope(module, decorator)
            if scope is None or not (_gives(module, function) and _opens(module, function)):
                continue
            if found.dotted in PLAIN and not _is_auto(module):
                continue
            if _differs(module, scope):
                yield Hit(decorator, MESSAGE.format(scope))


def _scope(module: Module, decorator: ast.Call) -> str | None:
    """Return the scope of a fixture that outlives a test and says nothing of its loop."""
    if argument(module, decorator, "loop_scope") is not None:
        return None
    given = argument(module, decorator, "scope")
    value = given.constant if isinstance(given, Given) else None
    return value if isinstance(value, str) and value in SCOPES[1:] else None


def _gives(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether tests are given something that the fixture has made, more than plain data."""
    for kept in (ast.Yield, ast.Return):
        for one in module.within(function, kept):
            value = getattr(one, "value", None)
            if value is not None and not isinstance(value, ast.Constant | ast.JoinedStr):
                return True
    return False


def _opens(module: Module, function: ast.AST, *, deep: bool = True) -> bool:
    """Tell whether a function opens what works only in the loop that it was opened in."""
    if any(module.within(function, ast.AsyncWith)):
        return True
    for call in module.within(function, ast.Call):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        found = ref(module, call.func)
        held = f"{name} {found.last if found is not None else ''}"
        if OPENS & {one.lower() for one in PART.findall(held)}:
            return True
        if not deep or found is None or found.module is None:
            continue
        if isinstance(found.node, FUNCTIONS) and _opens(found.module, found.node, deep=False):
            return True
    return False


def _is_auto(module: Module) -> bool:
    words = [*pytest_words(module)]
    said = any(
        one.endswith(("asyncio-mode=auto", "asyncio_mode=auto"))
        or (one == "--asyncio-mode" and words[at + 1 : at + 2] == ["auto"])
        for at, one in enumerate(words)
    )
    return said or pytest_options(module).get("asyncio_mode") == "auto"


def _differs(module: Module, scope: str) -> bool:
    """Tell whether tests run in another loop than a fixture of a scope."""
    options = pytest_options(module)
    if TEST_LOOP in options or any("loop_scope" in one for one in pytest_words(module)):
        return False
    if any(TEST_LOOP in one for one in nested_options(module)):
        return False
    stated = options.get(FIXTURE_LOOP, FOLLOWS)
    if stated in SCOPES and SCOPES.index(stated) < SCOPES.index(scope):
        # pytest-asyncio refuses a fixture that outlives its loop.
        return True
    if stated not in SCOPES and stated != FOLLOWS:
        return False
    return not any(_is_dealt_with(one) for one in _tests(module, "loop_scope", "event_loop"))


def _tests(module: Module, *words: str) -> Iterator[Module]:
    """Yield a module, and the project's tests that hold one of some words."""
    yield module
    library = module.program.library
    project = library.project(module.path)
    paths = dict.fromkeys(one for word in words for one in library.holding(word))
    yield from module.program.modules(
        one for one in paths if library.is_test(one) and library.project(one) is project
    )


def _is_dealt_with(module: Module) -> bool:
    """Tell whether a module marks tests with their loop, or has one for all.

    Before pytest-asyncio 1.0 a fixture named `event_loop` made one.
    """
    marked = any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "asyncio"
        and any(one.arg in {"loop_scope", "scope", None} for one in call.keywords)
        for call in module.nodes(ast.Call)
    )
    return marked or any(one.name == "event_loop" for one in module.functions())


RULE = Rule(
    name="session-async-fixture-loop",
    why="Connections and locks belong to the loop that made them: a shared fixture's fail in the "
    "loop of its own that every test gets.",
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

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@pytest_asyncio.fixture(scope="session")
async def engine() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine("postgresql+psycopg://localhost/test")
    yield engine
    await engine.dispose()
""",
    right="""\
# file: pyproject.toml
[project]
name = "shop"
version = "1"
requires-python = ">=3.11"

[dependency-groups]
dev = ["pytest>=9", "pytest-asyncio>=1.3"]

[tool.pytest]
asyncio_default_fixture_loop_scope = "session"
asyncio_default_test_loop_scope = "session"
# file: tests/conftest.py
from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


@pytest_asyncio.fixture(scope="session")
async def engine() -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine("postgresql+psycopg://localhost/test")
    yield engine
    await engine.dispose()
""",
    taught="python-backend/references/testing.md#async-fixtures",
    source=(
        "https://pytest-asyncio.readthedocs.io/en/stable/reference/configuration.html",
        "https://pytest-asyncio.readthedocs.io/en/stable/how-to-guides/change_fixture_loop.html",
    ),
    looks_at=frozenset({"tests"}),
    check=check,
)
