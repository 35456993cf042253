"""Shared async fixtures whose event loop is not the tests'."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.session_async_fixture_loop import RULE
from tests.rules.cases import hits

HITS = {
    "opened by a function of the tests": """
        # file: tests/conftest.py
        import pytest_asyncio
        from tests.made import build
        @pytest_asyncio.fixture(scope="session")  # hit
        async def store():
            return await build()
        # file: tests/made.py
        async def build():
            return await connect("x")
    """,
    "a session's": """
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session")  # hit
        async def engine():
            async with make() as one:
                yield one
    """,
    "a module's, returned": """
        # file: tests/test_a.py
        from pytest_asyncio import fixture as given
        SHARED = "module"
        @given(name="pool", scope=SHARED)  # hit
        async def make_pool():
            return await connect()
    """,
    "options by name": """
        # file: tests/test_a.py
        import pytest_asyncio as pa
        SESSION = {"scope": "session"}
        class TestA:
            @pa.fixture(**SESSION)  # hit
            async def pool(self):
                yield connect()
    """,
    "auto mode": """
        # file: pytest.ini
        [pytest]
        asyncio_mode = auto
        # file: tests/conftest.py
        import pytest
        @pytest.fixture(scope="package")  # hit
        async def client():
            yield Client()
    """,
    "a loop that does not last": """
        # file: pytest.ini
        [pytest]
        asyncio_default_fixture_loop_scope = function
        # file: tests/conftest.py
        from tests.compat import shared
        @shared(scope="session")  # hit
        async def client():
            yield Client()
        # file: tests/compat.py
        from pytest_asyncio import fixture as shared
    """,
    "only the fixtures' loop is said": """
        # file: setup.cfg
        [tool:pytest]
        asyncio_default_fixture_loop_scope = session
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session", autouse=True)  # hit
        async def client():
            one = Client()
            try:
                yield one
            finally:
                await one.close()
    """,
}
CLEAN = {
    "nothing that belongs to a loop": """
        # file: tests/conftest.py
        import pytest_asyncio
        from app.main import Application
        @pytest_asyncio.fixture(scope="session")
        async def application():
            one = Application(memory=True)
            await one.database.execute_write(prepare)
            await one.invoke_startup()
            return one.client
    """,
    "the folder of the tests says it": """
        # file: tests/pytest.ini
        [pytest]
        asyncio_default_test_loop_scope = session
        # file: tests/unit/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session")
        async def client():
            yield Client()
    """,
    "a loop scope": """
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def client():
            yield Client()
    """,
    "both are said": """
        # file: pytest.ini
        [pytest]
        asyncio_default_fixture_loop_scope = session
        asyncio_default_test_loop_scope = session
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session")
        async def client():
            yield Client()
    """,
    "the tests are marked": """
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session")
        async def client():
            yield Client()
        # file: tests/test_a.py
        import pytest
        pytestmark = pytest.mark.asyncio(loop_scope="session")
        async def test_a(client): ...
    """,
    "one loop for all, before 1.0": """
        # file: tests/conftest.py
        import asyncio, pytest, pytest_asyncio
        @pytest.fixture(scope="session")
        def event_loop():
            yield asyncio.new_event_loop()
        @pytest_asyncio.fixture(scope="session")
        async def client():
            yield Client()
    """,
    "nothing is given": """
        # file: tests/conftest.py
        import pytest_asyncio
        @pytest_asyncio.fixture(scope="session", autouse=True)
        async def database():
            await create()
            yield
            await drop()
        @pytest_asyncio.fixture(scope="session")
        async def name():
            return "orders"
    """,
    "a function's, or no coroutine": """
        # file: tests/conftest.py
        import pytest, pytest_asyncio
        @pytest_asyncio.fixture
        async def client():
            yield Client()
        @pytest_asyncio.fixture(scope="function")
        async def other():
            yield Client()
        @pytest.fixture(scope="session")
        def engine():
            yield Engine()
    """,
    "another plugin's": """
        # file: tests/conftest.py
        import pytest
        @pytest.fixture(scope="session")
        async def client(anyio_backend):
            yield Client()
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
