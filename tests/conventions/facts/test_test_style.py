"""How tests are written: what is stated, what is counted, and which fixtures there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.facts import Measured
from tests.conventions.facts.projects import facts_of

PYTEST = """[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "session"
addopts = "-ra -n auto -m 'not slow' --strict-markers --cov=shop"
testpaths = ["tests"]
markers = ["slow: takes long", "db(name): needs one"]
filterwarnings = ["error", "ignore::DeprecationWarning"]
"""
CONFTEST = '''"""A text.

@pytest.fixture
def not_one(): ...
"""
import pytest
from httpx import ASGITransport, AsyncClient
URL = "postgresql+asyncpg://user:hunter2@db/test"

@pytest.fixture(
    scope="session",
)
async def client(app):
    yield AsyncClient(transport=ASGITransport(app=app))

@pytest.fixture(name="order")
def make_order(): ...
'''


def test_what_pytest_is_told_is_found_with_its_line(tmp_path: Path) -> None:
    found = facts_of(tmp_path, {"pyproject.toml": PYTEST, "tests/test_a.py": ""}).tests
    assert str(found.framework) == "pytest (pyproject.toml:1)"
    assert str(found.asyncio_mode) == "auto (pyproject.toml:2)"
    assert str(found.fixture_loop_scope) == "session (pyproject.toml:3)"
    assert str(found.options) == "-n auto -m 'not slow' --strict-markers (pyproject.toml:4)"
    assert found.markers == ("slow", "db")
    assert str(found.warnings_are_errors) == "warnings are errors (pyproject.toml:7)"
    assert found.folders == ("tests",)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pytest.ini": "[pytest]\nasyncio_mode = auto\n"}, "auto (pytest.ini:2)"),
        ({"setup.cfg": "[tool:pytest]\nasyncio_mode = auto\n"}, "auto (setup.cfg:2)"),
        ({"tox.ini": "[pytest]\nasyncio_mode=auto\n"}, "auto (tox.ini:2)"),
        ({"pytest.toml": "[pytest]\nasyncio_mode = 'auto'\n"}, "auto (pytest.toml:2)"),
        ({"pyproject.toml": "[tool.pytest]\nasyncio_mode = 'auto'\n"}, "auto (pyproject.toml:2)"),
        (
            {"pytest.ini": "[pytest]\naddopts = --asyncio-mode=auto\n"},
            "auto (pytest.ini:2)",
        ),
        ({"requirements.txt": "pytest-asyncio==1\n"}, "strict, pytest-asyncio's default"),
        ({"requirements.txt": "pytest\n"}, "None"),
    ],
)
def test_the_mode_of_asyncio_is_read_where_pytest_reads_it(
    files: dict[str, str], expected: str, tmp_path: Path
) -> None:
    assert str(facts_of(tmp_path, {"setup.py": "", **files}).tests.asyncio_mode) == expected


def test_the_style_of_tests_is_counted(tmp_path: Path) -> None:
    text = (
        "import pytest\n\n@pytest.mark.asyncio\nasync def test_a(): ...\n\ndef test_b(): ...\n\n"
        "class TestC:\n    def test_d(self): ...\n    async def test_e(self): ...\n"
    )
    found = facts_of(tmp_path, {"tests/test_a.py": text, "tests/sub/b_test.py": ""}).tests
    assert found.measured == Measured(
        files=1, functions=2, methods=2, asynchronous=2, asyncio_marks=1
    )
    assert found.naming == "test_*.py (1) and *_test.py (1)"


def test_fixtures_the_client_and_the_database_come_from_conftest(tmp_path: Path) -> None:
    files = {
        "tests/conftest.py": CONFTEST,
        "tests/fixtures/users.py": "from pytest import fixture\n\n@fixture\ndef user(): ...\n",
        "tests/api/conftest.py": "import pytest\n\n@pytest.fixture\ndef deep(): ...\n",
        "tests/test_a.py": "def test_a(client): ...\n",
    }
    found = facts_of(tmp_path, files).tests
    assert [str(one) for one in found.fixtures] == [
        "client (tests/conftest.py:13)",
        "order (tests/conftest.py:17)",
        "user (tests/fixtures/users.py:4)",
        "deep (tests/api/conftest.py:4)",
    ]
    assert str(found.client) == (
        "httpx.AsyncClient with ASGITransport, in 1 file (tests/conftest.py:14)"
    )
    assert str(found.database) == "postgresql+asyncpg (tests/conftest.py:8)"
    assert "hunter2" not in repr(found)


def test_unittest_is_said_where_there_is_no_pytest(tmp_path: Path) -> None:
    text = "import unittest\n\nclass A(unittest.TestCase):\n    def test_a(self): ...\n"
    assert str(facts_of(tmp_path, {"tests/test_a.py": text}).tests.framework) == "unittest"
