"""The suites and settings of testing.md, read and run by sessions of a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.skills.blocks import load, python_sections, text

PLACE = "python-backend/references/testing.md"
CONFIGURATION = text("python-backend/references/testing.md#configuration", "toml")
LOOPS = text("python-backend/references/testing.md#async-fixtures", "toml")
OLDER = "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n"
load("python-backend/references/testing.md#nothing-from-outside")
load("python-backend/references/testing.md#servers-of-their-own")


def session(root: Path, files: dict[str, str], **variables: str) -> tuple[int, dict[str, str]]:
    """Return the status of pytest in a folder of files, and the outcomes, or what it said."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    report = root / "report.xml"
    plugins = [f"-pno:{name}" for name in ("cacheprovider", "xdist", "hypothesispytest")]
    argv = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *plugins]
    unwanted = ("PYTEST", "TEST_REDIS_URL", "CI")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
    done = subprocess.run(
        [*argv, f"--junitxml={report}"],
        cwd=root,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, str] = {}
    cases = ET.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314 - its own
    for one in cases:
        outcome = next((child.tag for child in one if child.tag != "properties"), "passed")
        # The first of two, where a test that failed fails at its end too.
        found.setdefault(f"{one.get('classname', '')}.{one.get('name')}".strip("."), outcome)
    return done.returncode, found or {"": done.stderr}


MARKED = """import pytest
@pytest.mark.intergation
def test_marked(): pass
"""
TWINS = """import pytest
@pytest.mark.parametrize("n", [1, 2], ids=["same", "same"])
def test_twins(n): pass
"""
LOOSE = """import warnings, pytest
async def test_async(): pass
def test_warns(): warnings.warn("gone in the next release", DeprecationWarning)
@pytest.mark.xfail
def test_mended(): pass
@pytest.mark.integration
def test_integration(): pass
"""
STYLE = {"test_marked.py": MARKED, "test_twins.py": TWINS, "test_loose.py": LOOSE}
SERVER = f"{python_sections()[f'{PLACE}#servers-of-their-own']}\ndef test_it(redis_url): pass\n"
SHARED = """import asyncio, pytest, pytest_asyncio
@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def loop(): return asyncio.get_running_loop()
@pytest.mark.asyncio
async def test_loop(loop): assert loop is asyncio.get_running_loop()
"""
DRIFTED = """
from test_contract import *
class MemoryAccounts:
    def __init__(self): self.emails = set()
    def add(self, email):
        if email in self.emails: raise DuplicateEmailError(email)
        self.emails.add(email)
@pytest.fixture
def accounts(): return MemoryAccounts()
def test_of_the_fake_alone(accounts):
    accounts.add("ada@example.com")
    accounts.add("Ada@Example.com")
"""
NOCASE = """
import sqlite3
from test_contract import *
@pytest.fixture
def accounts():
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE account (email TEXT COLLATE NOCASE UNIQUE)")
        class Accounts(SqliteAccounts):
            def add(self, email):
                try: db.execute("INSERT INTO account VALUES (?)", (email,))
                except sqlite3.IntegrityError as exc: raise DuplicateEmailError from exc
        yield Accounts(db)
"""
REACHING = """
import anyio, asyncio, socket, threading, httpx2
from contextlib import suppress
def test_swallowed():
    with suppress(Exception): socket.create_connection(("192.0.2.1", 9), timeout=1)
async def test_stream():
    with suppress(Exception): await asyncio.open_connection("192.0.2.1", 9)
async def test_name():
    async with httpx2.AsyncClient() as client:
        with suppress(Exception): await client.get("http://db.invalid/")
async def test_kept():
    await asyncio.gather(asyncio.open_connection("192.0.2.1", 9), return_exceptions=True)
async def test_background():
    await asyncio.wait([asyncio.create_task(asyncio.open_connection("192.0.2.1", 9))])
def test_thread():
    def work():
        with suppress(BaseException): socket.create_connection(("192.0.2.1", 9))
    (thread := threading.Thread(target=work)).start()
    thread.join()
async def test_loopback_name():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        async with await anyio.connect_tcp("localhost", port): pass
async def test_loopback():
    server = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.close()
        await writer.wait_closed()
"""
GROUP = """
import anyio, pytest
from contextlib import asynccontextmanager
from fastapi import FastAPI
from serving import serving
@asynccontextmanager
async def lifespan(app):
    async with anyio.create_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        yield
        group.cancel_scope.cancel()
@pytest.fixture
async def client():
    async with serving(FastAPI(lifespan=lifespan)) as client: yield client
async def test_fixture(client): assert (await client.get("/")).status_code == 404
async def test_inside():
    async with serving(FastAPI(lifespan=lifespan)) as client:
        assert (await client.get("/")).status_code == 404
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the outcomes of a suite under the configuration and the guards that are taught."""
    sources = python_sections()
    files = {
        "pyproject.toml": CONFIGURATION,
        "tests/conftest.py": sources[f"{PLACE}#nothing-from-outside"],
        "tests/test_contract.py": sources[f"{PLACE}#fakes"],
        "tests/test_drift.py": DRIFTED,
        "tests/test_nocase.py": NOCASE,
        "tests/test_reaching.py": REACHING,
        "tests/serving.py": sources[f"{PLACE}#the-application"],
        "tests/test_group.py": GROUP,
        "tests/test_server.py": SERVER,
    } | {f"tests/{name}": content for name, content in STYLE.items()}
    status, found = session(tmp_path_factory.mktemp("suite"), files)
    assert status == 1
    return found


def of(suite: dict[str, str], module: str) -> dict[str, str]:
    name = f"tests.{module}."
    return {key.removeprefix(name): value for key, value in suite.items() if key.startswith(name)}


def test_strict_settings_refuse_what_others_pass(suite: dict[str, str], tmp_path: Path) -> None:
    assert of(suite, "test_loose") == {
        "test_async": "passed",
        "test_warns": "failure",
        "test_mended": "failure",
        "test_integration": "passed",
    }
    assert suite["tests.test_marked"] == suite["tests.test_twins"] == "error"
    # The seed's table says nothing but the mode.
    files = {"pyproject.toml": OLDER, "test_server.py": SERVER, "test_loops.py": SHARED}
    status, lax = session(tmp_path, STYLE | files, CI="1")
    assert (status, lax.pop("test_server.test_it")) == (1, "error")
    assert lax.pop("test_loops.test_loop") == "failure"
    assert set(lax.values()) == {"passed"}
    assert len(lax) == 7


@pytest.mark.parametrize(
    ("more", "said"),
    [(OLDER, "Cannot use both"), ("asyncio_mdoe = 'auto'", "Unknown config option: asyncio_mdoe")],
    ids=["both-tables", "unknown-key"],
)
def test_settings_that_mean_nothing_are_an_error(tmp_path: Path, more: str, said: str) -> None:
    files = {"pyproject.toml": f"{CONFIGURATION}\n{more}", "tests/test_it.py": ""}
    status, outcomes = session(tmp_path, files)
    assert (status, said in outcomes[""]) == (4, True)


def test_without_auto_mode_each_plugin_keeps_its_own(tmp_path: Path) -> None:
    anyio = GROUP.replace("async def test_", "@pytest.mark.anyio\nasync def test_")
    files = {
        "pyproject.toml": LOOPS,
        "test_loops.py": SHARED,
        "serving.py": python_sections()[f"{PLACE}#the-application"],
        "test_group.py": anyio + "@pytest.fixture\ndef anyio_backend(): return 'asyncio'\n",
    }
    _, found = session(tmp_path, files)
    tests = ("test_loops.test_loop", "test_group.test_fixture", "test_group.test_inside")
    assert found == dict.fromkeys(tests, "passed")


def test_one_contract_finds_the_fake_that_drifted(suite: dict[str, str]) -> None:
    name = "test_an_address_is_taken_once_in_any_case"
    assert of(suite, "test_contract") == {f"{name}[memory]": "passed", f"{name}[sqlite]": "passed"}
    assert of(suite, "test_nocase") == {name: "failure"}
    assert of(suite, "test_drift") == {name: "failure", "test_of_the_fake_alone": "passed"}


def test_a_test_that_reaches_out_fails_though_the_code_swallows(suite: dict[str, str]) -> None:
    outcomes = of(suite, "test_reaching")
    assert outcomes.pop("test_loopback") == outcomes.pop("test_loopback_name") == "passed"
    at_once = dict.fromkeys(["test_swallowed", "test_stream", "test_name"], "failure")
    at_its_end = dict.fromkeys(["test_kept", "test_background", "test_thread"], "error")
    assert outcomes == at_once | at_its_end


def test_a_task_group_is_not_held_across_a_fixture(suite: dict[str, str]) -> None:
    assert of(suite, "test_group") == {"test_fixture": "error", "test_inside": "passed"}


def test_without_a_server_its_tests_are_skipped(suite: dict[str, str]) -> None:
    assert of(suite, "test_server") == {"test_it": "skipped"}
