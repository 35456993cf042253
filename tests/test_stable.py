"""A rerun of an unchanged tree gives an identical batch, whatever order and addresses it meets."""

# ruff: noqa: S108 - paths to be recognised, not to be used

from __future__ import annotations

import json
import os
import re
import threading
from asyncio import run
from concurrent.futures import Future
from contextvars import ContextVar
from multiprocessing import Process
from pathlib import Path
from unittest.mock import MagicMock, Mock
from weakref import ref

import pytest

from mcp_server.contract import Batch
from mcp_server.stable import stable
from mcp_server.verify import verify
from tests.conftest import ProjectFactory


class Item:
    """A class without a repr of its own."""

    def method(self) -> None:
        """Give a bound method."""


ITEM = Item()


async def task() -> str:
    from asyncio import current_task  # noqa: PLC0415 - what only this function is about

    return repr(current_task())


REPRS = {
    "an object": ITEM,
    "a container of objects": [ITEM, {1: ITEM}],
    "a method": ITEM.method,
    "a function": Item.method,
    "code": task.__code__,
    "a weak reference": ref(ITEM),
    "a generator": (letter for letter in ""),
    "a lock": threading.Lock(),
    "a future": Future[None](),
    "a context variable": ContextVar("name", default=ITEM),
    "a mock": Mock(),
    "a mock with a name and a class": MagicMock(name="it", spec=Item),
    "a thread": threading.Thread(target=print),
    "the thread that runs": threading.current_thread(),
    "a process": Process(target=print),
}
CODE = re.compile(r", file .*?, line \d+")
NUMBER = re.compile(r"0x\w+|\d{2,}|(?<=-)\d+")


def instead(number: re.Match[str]) -> str:
    return "0x#" if number[0].startswith("0x") else "#"


@pytest.mark.parametrize("value", REPRS.values(), ids=REPRS)
def test_what_changes_in_a_repr_is_taken_out(value: object) -> None:
    text = CODE.sub("", repr(value))
    assert NUMBER.search(text)
    shown = stable(f"assert {text} is None")
    assert shown == f"assert {NUMBER.sub(instead, text)} is None"


def test_the_number_of_a_task_is_taken_out() -> None:
    assert "name='Task-#'" in stable(run(task()))


FORMS = {
    "mkdtemp": ("no /tmp/tmpab12cd_4/x", "no /tmp/tmp#/x"),
    "mkdtemp without a digit": ("no /tmp/tmpabcdefgh", "no /tmp/tmp#"),
    "mkstemp": ("'/tmp/tmpab12cdef.txt'", "'/tmp/tmp#.txt'"),
    "mkdtemp on macOS": ("/var/folders/x/T/tmpabcdefgh/a", "/var/folders/x/T/tmp#/a"),
    "mkdtemp in a folder of one's own": ("/scratch/tmpab12cd_4", "/scratch/tmp#"),
    "hdb's own folder": ("read /tmp/hdb-ab12cd_4/flake8", "read /tmp/hdb-#/flake8"),
    "hdb's own folder elsewhere": ("read /scratch/hdb-ab12cd_4/x", "read /scratch/hdb-#/x"),
    "tmp_path": (
        "/tmp/pytest-of-me/pytest-12/test_x_1_0/out2.txt",
        "/tmp/pytest-of-me/pytest-#/test_x_1_#/out2.txt",
    ),
    "tmp_path at the end of a sentence": (
        "in /tmp/pytest-of-me/pytest-3/data0.",
        "in /tmp/pytest-of-me/pytest-#/data#.",
    ),
    "tmp_path under xdist": (
        "PosixPath('/tmp/pytest-of-me/pytest-3/popen-gw1/test_x0')",
        "PosixPath('/tmp/pytest-of-me/pytest-#/popen-gw#/test_x#')",
    ),
    "tmp_path_factory": ("/tmp/pytest-of-me/pytest-3", "/tmp/pytest-of-me/pytest-#"),
    "a crashed worker": ("worker 'gw12' crashed while", "worker 'gw#' crashed while"),
    "faulthandler": (
        "Current thread 0x00007f3bf1 (most recent call first):",
        "Current thread 0x# (most recent call first):",
    ),
    "pytest-timeout": ("~~ Stack of Thread-1 (14011) ~~", "~~ Stack of Thread-1 (#) ~~"),
    "an unhandled exception of a thread": (
        "Exception in thread Thread-12 (work)",
        "Exception in thread Thread-# (work)",
    ),
    "a child that still runs": (
        "subprocess 4711 is still running",
        "subprocess # is still running",
    ),
    "a process that has run": (
        "<ForkProcess name='ForkProcess-12' pid=11 parent=10 stopped exitcode=1>",
        "<ForkProcess name='ForkProcess-#' pid=# parent=# stopped exitcode=1>",
    ),
    "a thread of a pool": (
        "<Thread(ThreadPoolExecutor-12_3, started daemon 13991)>",
        "<Thread(ThreadPoolExecutor-#, started daemon #)>",
    ),
    "pytest's last line": (
        "== 1 failed, 2 passed in 61.20s (0:01:01) ==\nx",
        "= 1 failed, 2 passed in #s =\nx",
    ),
    "pytest's last line with -q": ("1 passed in 0.12s", "1 passed in #s"),
    "pytest's last line without a test": ("= no tests ran in 0.1s =", "= no tests ran in #s ="),
    "unittest": ("Ran 12 tests in 0.003s", "Ran 12 tests in #s"),
    "uv": ("Audited 5 packages in 0.4ms", "Audited 5 packages in #s"),
    "tox": ("  py: OK (1.2=setup[0.5]+cmd[0.7] seconds)", "  py: OK (# seconds)"),
    "tox at its end": (
        "  evaluation failed :( (1.2 seconds)",
        "  evaluation failed :( (# seconds)",
    ),
    "pylint": (
        "rated at 8.00/10 (previous run: 9.00/10, -1.00)",
        "rated at 8.00/10 (previous run: #)",
    ),
    "pytest-randomly": ("--randomly-seed=314", "--randomly-seed=#"),
}
LIKE = [
    "assert 0xdeadbeef == 3735928559",
    "assert '0x7f3bf1c0ffee' in {'at': '0x7f3bf1c0ffee'}",
    "the register at 0x40021000 is not set",
    "<Register at 0x1000>",
    "value < limit at 0x40021000",
    "assert Worker(pid=4711) == Worker(pid=4712)",
    "assert 'Thread-5' == 'Thread-6'",
    "assert {'id': '42'} == {'id': '43'}",
    "an answer in 0.12s",
    "3 requests in 0.12s",
    "too slow (3.5 seconds)",
    "assert 3 passed in 0.12s",
    "expected 5 seconds (3.5 seconds) of it",
    "/data/tmp_storage/x",
    "/tmp/tmpfiles.txt",
    "/tmp/report_20240101.json",
    "/srv/hdb-released/x",
    "tests/pytest-12/test_x0",
    "worker gw1",
    "gw0 and gw1",
    "subprocess 12 failed",
    "Stack of 3 (three) cards",
]


@pytest.mark.parametrize(("text", "shown"), FORMS.values(), ids=FORMS)
def test_what_changes_in_a_known_form_is_taken_out(text: str, shown: str) -> None:
    assert stable(text) == shown
    assert stable(shown) == shown


@pytest.mark.parametrize("text", LIKE)
def test_what_only_looks_alike_stays(text: str) -> None:
    assert stable(text) == text


FILES = {
    "shop.py": (
        "import os\nimport sys\n\n\nclass Item:\n    pass\n\n\n"
        "def price(item: Item) -> int:\n    return item.prize\n\n\n"
        "def twice(item: Item) -> int:\n    return item.prize\n"
    ),
    "conftest.py": (
        "import os\nimport random\n\n\n"
        "def pytest_collection_modifyitems(items):\n"
        "    seed = os.environ.get('PYTEST_XDIST_TESTRUNUID') or os.urandom(8)\n"
        "    random.Random(seed).shuffle(items)\n"
    ),
    "test_shop.py": """\
import pathlib
import tempfile
import threading

import pytest
from shop import Item, price


@pytest.mark.parametrize("number", range(8))
def test_price(number):
    assert price(Item()) == number


@pytest.mark.parametrize("number", range(4))
def test_objects(number):
    assert Item() is Item()


@pytest.mark.parametrize("item", [Item(), Item()], ids=["one", "other"])
def test_equal_places(item):
    raise ValueError(f"no {item}")


def test_constant():
    assert hex(0xDEADBEEF) == "0xfeedbeef"


@pytest.mark.parametrize("name", ["a", "b", "c"])
def test_a_name_that_is_longer_than_thirty_characters(tmp_path, name):
    raise ValueError(f"{tmp_path}/{name}")


def test_missing_file(tmp_path):
    pathlib.Path(tmp_path / "gone.txt").read_text()


def test_temporary():
    with tempfile.TemporaryDirectory() as folder:
        raise RuntimeError(f"cannot use {folder}/x")


def test_thread():
    raise RuntimeError(f"{threading.Thread(target=print)} {threading.current_thread()}")


@pytest.fixture
def broken():
    raise RuntimeError(f"broken {object()}")


@pytest.fixture
def untidy():
    yield
    raise RuntimeError("untidy")


def test_fixture(broken):
    pass


def test_no_fixture(absent):
    pass


def test_teardown(untidy):
    assert 0
""",
    "test_gone.py": "from shop import gone\n",
    "test_raises.py": "raise ValueError(object())\n",
    "test_syntax.py": "def test_syntax(:\n    pass\n",
}
CONFIGURATION = (
    "[tool.pytest.ini_options]\naddopts = '-p no:asyncio -p no:hypothesispytest {}'\n"
    "[tool.ruff.lint]\nselect = ['F', 'E']\n[tool.mypy]\nfiles = ['shop.py']\n"
)
DIES = "import os\n\n\ndef test_dies():\n    os._exit(3)\n"
FEW = 3
RUNS = 10 if os.environ.get("HDB_TEST_MATRIX") else FEW
"""How often a tree is verified; `.ci/full` takes the time for all ten."""


def shape(batch: Batch) -> str:
    """Return a batch as JSON, without what may differ from run to run."""
    lean = batch.lean()
    del lean["id"]
    lean.pop("delta", None)
    for step in lean["steps"]:
        step.pop("seconds", None)
    return json.dumps(lean, indent=1)


@pytest.mark.parametrize(
    ("option", "more"),
    # Workers start anew for each test that kills one, which the full run has the time for.
    [("", {}), *([("-n 2", {"test_dies.py": DIES})] if RUNS > FEW else [])],
    ids=["alone", *(["xdist"] if RUNS > FEW else [])],
)
async def test_reruns_of_an_unchanged_tree_are_identical(
    project: ProjectFactory, option: str, more: dict[str, str]
) -> None:
    """Tests in any order, in processes of their own, with addresses and folders of their own."""
    folder: Path = project({"pyproject.toml": CONFIGURATION.format(option), **FILES, **more})
    first = await verify(folder)
    # Eight and four and two and three cases, eight tests, a teardown, three files.
    assert {step.tool: step.failures for step in first.steps} == {
        "pytest": 28 + len(more),
        "mypy": 2,
        "ruff": 5,
    }
    total = 35 + len(more)
    for _ in range(RUNS - 1):
        again = await verify(folder)
        assert shape(again) == shape(first)
        assert again.delta is not None
        assert again.delta.lean() == {"same": total}
