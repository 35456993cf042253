"""Coroutine fixtures that nobody awaits."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.async_fixture_strict import RULE
from tests.rules.cases import hits

DEV = """
        # file: pyproject.toml
        [project]
        name = "app"
        version = "1"
        [dependency-groups]
        dev = ["pytest", "pytest-asyncio"]
"""
GIVEN = {
    "the default mode": """
        # file: tests/conftest.py
        import pytest
        @pytest.fixture  # hit
        async def client():
            yield 1
        @pytest.fixture()
        def plain(): ...
    """,
    "with options": """
        # file: tests/test_a.py
        from pytest import fixture as given
        @given(name="client", scope="module")  # hit
        async def make_client():
            return 1
    """,
    "in a class": """
        # file: tests/test_a.py
        import pytest as t
        class TestClient:
            @t.fixture(autouse=True)  # hit
            async def client(self):
                self.client = 1
                yield
    """,
    "through another module": """
        # file: tests/fixtures.py
        from tests.compat import shared
        if True:
            @shared  # hit
            async def client():
                return 1
        # file: tests/compat.py
        from pytest import fixture as shared
    """,
    "strict is said": """
        # file: pytest.ini
        [pytest]
        asyncio_mode = strict
        # file: tests/test_a.py
        import pytest
        def make():
            @pytest.fixture  # hit
            async def client():
                return 1
            return client
    """,
    "applied to a function": """
        # file: tests/conftest.py
        import pytest
        async def make(): ...
        def other(): ...
        first = pytest.fixture(make)  # hit
        second = pytest.fixture(scope="session")(make)  # hit
        third = pytest.fixture(other)
    """,
    "the folder of the tests says nothing of it": """
        # file: tests/pytest.ini
        [pytest]
        addopts = -q
        # file: tests/conftest.py
        import pytest
        @pytest.fixture  # hit
        async def client():
            yield 1
    """,
    "an alias": """
        # file: tests/conftest.py
        import pytest
        fixture = pytest.fixture
        @fixture  # hit
        async def client():
            async with open_client() as one:
                yield one
    """,
}
HITS = {name: text + DEV for name, text in GIVEN.items()}
CLEAN = {
    "auto mode in the folder of the tests": """
        # file: pytest.ini
        [pytest]
        norecursedirs = tests/sdk
        # file: tests/pytest.ini
        [pytest]
        asyncio_mode = auto
        # file: tests/sdk/conftest.py
        import pytest
        @pytest.fixture(scope="session")
        async def client():
            yield 1
    """,
    "its own decorator": """
        # file: tests/conftest.py
        import pytest_asyncio
        from pytest_asyncio import fixture
        @pytest_asyncio.fixture
        async def client(): ...
        @fixture(scope="session")
        async def other(): ...
    """,
    "auto mode": """
        # file: pytest.ini
        [pytest]
        asyncio_mode = auto
        # file: tests/conftest.py
        import pytest
        @pytest.fixture
        async def client(): ...
    """,
    "auto mode on the command line": """
        # file: setup.cfg
        [tool:pytest]
        addopts = -q --asyncio-mode=auto
        # file: tests/conftest.py
        import pytest
        @pytest.fixture
        async def client(): ...
    """,
    "AnyIO": """
        # file: tests/conftest.py
        import pytest
        @pytest.fixture
        def anyio_backend():
            return "asyncio"
        @pytest.fixture
        async def client(): ...
    """,
    "no coroutine": """
        # file: tests/conftest.py
        import pytest
        @pytest.fixture
        def client():
            async def call(): ...
            return call
    """,
    "the project's own fixture": """
        # file: tests/conftest.py
        from tests.own import fixture
        @fixture
        async def client(): ...
        # file: tests/own.py
        def fixture(function): ...
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text + DEV)
    assert not found


@pytest.mark.parametrize("text", GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize(
    "said",
    [
        '[tool.pytest.ini_options]\nasyncio_mode = "auto"\n',
        '[tool.pytest]\nasyncio_mode = "auto"\n',
        '[project]\nname = "app"\nversion = "1"\ndependencies = ["pytest-trio"]\n',
        '[project]\nname = "app"\nversion = "1"\n',
    ],
)
def test_leaves_alone_what_a_project_says(said: str, text: str, tmp_path: Path) -> None:
    if "strict" not in text:
        project = "\n".join(
            f"        {one}" for one in ("# file: pyproject.toml", *said.split("\n"))
        )
        found, _ = hits(RULE, tmp_path, f"{text}\n{project}\n")
        assert not found
