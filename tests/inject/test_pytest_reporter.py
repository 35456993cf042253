"""Our pytest plugin, in real processes of every pytest it supports: recall, places, survival."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, ProjectFactory
from tests.environments import ENVIRONMENTS, tables

INJECT = ROOT / "mcp_server" / "inject"
VERSIONS = ["pytest-6", "pytest-8", "current"]  # the others: .ci/full
if os.environ.get("HDB_TEST_MATRIX"):
    VERSIONS = list(tables("matrix.toml"))
HOSTILE = "[pytest]\naddopts = -x -q --lf --ff --nf --sw --pdb --trace --tb=no -p no:terminal\n"
SHOP = """\
def price(cents):
    return 100 / cents
"""
MANY = """\
import os
import sys
import unittest

import pytest

from shop import price


def test_passes():
    pass


def test_raises():
    price(0)


def test_compares():
    assert list(range(30)) == [*range(29), 5]


@pytest.mark.xfail
def test_expected():
    raise ValueError


@pytest.mark.xfail(strict=True, reason="why")
def test_unexpected():
    pass


@pytest.mark.skip(reason="no")
def test_skipped():
    pass


@pytest.fixture
def broken():
    raise OSError("broken")


@pytest.fixture
def breaks_at_its_end():
    yield
    raise KeyError("end")


def test_setup(broken):
    pass


def test_call_and_teardown(breaks_at_its_end):
    raise LookupError("call")


def test_exits():
    sys.exit(3)


def test_no_fixture(nowhere):
    pass


def helper():
    __tracebackhide__ = True
    raise RuntimeError("hidden")


def test_hidden():
    helper()


def test_reason():
    pytest.fail("the reason", pytrace=False)


def test_surrogate():
    print("\\udc80")
    assert "\\udc80" == "x"


def test_no_environment():
    os.environ.clear()
    raise ValueError("environment")


def test_no_open(monkeypatch):
    for name in ("open", "write", "close", "getpid"):
        monkeypatch.setattr(os, name, None)
    raise ValueError("open")


def test_nowhere(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    os.chdir(str(folder))
    folder.rmdir()
    raise ValueError("nowhere")


class TestClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise OSError("class")

    def test_one(self):
        pass

    def test_two(self):
        pass
"""
COLLECTION = {
    "tests/test_import.py": "import nowhere_at_all\n",
    "tests/test_syntax.py": "x = 1\ndef f(:\n    pass\n",
    "tests/test_skip.py": "import pytest\npytest.skip('x')\n",
    "tests/test_parameters.py": (
        "import pytest\n@pytest.mark.parametrize('a,b', [(1,)])\ndef test_x(a, b): pass\n"
    ),
}
# id, phase, code, line of the place, function of the place
FAILURES = {
    ("test_raises", "call", "ZeroDivisionError", 2, "price"),
    ("test_compares", "call", "AssertionError", 19, "test_compares"),
    ("test_unexpected", "call", "XPASS(strict)", 27, "test_unexpected"),
    ("test_setup", "setup", "OSError", 39, "broken"),
    ("test_call_and_teardown", "call", "LookupError", 53, "test_call_and_teardown"),
    ("test_call_and_teardown", "teardown", "KeyError", 45, "breaks_at_its_end"),
    ("test_exits", "call", "SystemExit", 57, "test_exits"),
    ("test_no_fixture", "setup", "FixtureLookupError", 60, "test_no_fixture"),
    ("test_hidden", "call", "RuntimeError", 70, "test_hidden"),
    ("test_reason", "call", "Failed", 74, "test_reason"),
    ("test_surrogate", "call", "AssertionError", 79, "test_surrogate"),
    ("test_no_environment", "call", "ValueError", 84, "test_no_environment"),
    ("test_no_open", "call", "ValueError", 90, "test_no_open"),
    ("test_nowhere", "call", "ValueError", 98, "test_nowhere"),
    ("TestClass::test_one", "setup", "OSError", 104, "setUpClass"),
    ("TestClass::test_two", "setup", "OSError", 104, "setUpClass"),
}
OUTCOMES = {"test_passes": "passed", "test_expected": "xfailed", "test_skipped": "skipped"}

Record = dict[str, Any]


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest, environment: Path) -> Path:
    """Return the interpreter of an environment with a pytest to test against."""
    found = environment if request.param == "current" else ENVIRONMENTS / request.param
    if not (found / "bin" / "python").exists():
        pytest.skip(f"no environment {found}: python3 tests/environments.py makes it")
    return found / "bin" / "python"


def start(python: Path, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "HDB_REPORT": str(folder / "report"),
        "HDB_ROOT": str(folder),
        "PYTHONPATH": str(INJECT),
    }
    command = [str(python), "-m", "pytest", "-p", "hdb_pytest_reporter", "--basetemp=.tmp", *args]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def records(folder: Path, kind: str = "") -> list[Record]:
    lines = (folder / "report").read_text(encoding="utf-8").splitlines()
    found: list[Record] = [json.loads(line) for line in lines]
    return [one for one in found if kind in {"", one["kind"]}]


def seen(folder: Path, kind: str) -> set[tuple[object, ...]]:
    return {
        (
            one["id"].removeprefix("tests/test_many.py::"),
            one["phase"],
            one["code"],
            *one["place"][1:],
        )
        for one in records(folder, kind)
    }


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_every_failure_is_recorded_with_its_place_whatever_the_options(
    project: ProjectFactory, python: Path, workers: tuple[str, ...]
) -> None:
    # xdist refuses --pdb before any plugin can take it away.
    addopts = HOSTILE.replace("--pdb --trace ", "") if workers else HOSTILE
    folder = project(
        {"pytest.ini": addopts, "tests/test_many.py": MANY, "tests/shop.py": SHOP, **COLLECTION},
        ready=False,
    )
    for _ in ("first", "with a cache of what failed"):
        (folder / "report").unlink(missing_ok=True)
        assert start(python, folder, *workers).returncode == 1
        assert seen(folder, "failure") == FAILURES
        assert seen(folder, "collect") == {
            ("tests/test_import.py", "collect", "ModuleNotFoundError", 1, "<module>"),
            ("tests/test_syntax.py", "collect", "SyntaxError", 2, ""),
            ("tests/test_skip.py", "collect", "CollectError", 2, "<module>"),
            ("tests/test_parameters.py", "collect", "Failed", None, ""),
        }
        ends = {one["id"].split("::", 1)[1]: one["outcome"] for one in records(folder, "end")}
        assert ends == {**{test: "failed" for test, *_ in FAILURES}, **OUTCOMES}
        [finish] = records(folder, "finish")
        assert finish["collected"] == finish["finished"] == len(ends)


def test_a_comparison_is_explained_in_full(project: ProjectFactory, python: Path) -> None:
    folder = project(
        {
            "test_a.py": "def test_a():\n    assert list(range(30)) == [*range(29), 5], 'said'\n",
            "test_b.py": "def test_b():\n    assert list(range(9999)) == [5]\n",
        },
        ready=False,
    )
    start(python, folder, "--color=yes", "-p", "no:randomly")
    small, large = records(folder, "failure")
    assert small["message"].startswith("said\nassert [0, 1, 2")
    assert "\x1b" not in small["message"] + small["text"]
    assert [line.split() for line in small["message"].splitlines() if line[2:3] in {"+", "-"}] == [
        ["-", "5,"],
        ["+", "29,"],
    ]
    assert "truncated" not in small["message"]
    assert len(large["message"]) < 1000


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
@pytest.mark.parametrize("options", [(), ("--color=yes",)], ids=["plain", "coloured"])
def test_only_the_colours_of_pytest_itself_go(
    project: ProjectFactory, python: Path, options: tuple[str, ...], workers: tuple[str, ...]
) -> None:
    tests = (
        "def test_text():\n    assert '\\x1b[31mred' == '\\x1b[32mred'\n"
        "def test_raised():\n    raise ValueError('\\x1b[31mred')\n"
        "def test_items():\n    assert {'a': 1} == {'a': 2}\n"
    )
    folder = project({"test_it.py": tests}, ready=False)
    done = start(python, folder, *options, *workers)
    found = {one["id"].split("::")[1]: one["message"] for one in records(folder, "failure")}
    lines = [line.strip() for line in found["test_text"].splitlines()]
    assert {"- \x1b[32mred", "+ \x1b[31mred"} <= set(lines)
    assert found["test_raised"] == "\x1b[31mred"
    assert "'a': 1" in found["test_items"]
    assert "\x1b" not in found["test_items"]
    # What pytest prints is as coloured as it was asked for.
    assert bool(options) == ("\x1b[1m" in done.stdout)


def test_a_very_long_message_keeps_its_first_line_and_its_end(
    project: ProjectFactory, python: Path
) -> None:
    tests = (
        "def test_compared():\n    assert 'x' * 30000 == 'y' * 30000\n"
        "def test_line():\n    raise ValueError('begin' + 'x' * 30000 + 'end')\n"
        "def test_lines():\n    raise ValueError('first\\n' + 'x\\n' * 30000 + 'last')\n"
    )
    folder = project({"test_it.py": tests}, ready=False)
    start(python, folder, "-vv", "-p", "no:randomly")
    messages = [one["message"] for one in records(folder, "failure")]
    compared, line, lines = [message.split("\n") for message in messages]
    assert re.fullmatch(r"assert 'x+\.\.\.y+'", compared[0])
    assert set(compared[-1].strip(" +-")) <= {"x", "y"}
    assert (line[0][:6], len(line[0]), line[-1][-4:]) == ("beginx", 1000, "xend")
    assert (lines[0], lines[-1]) == ("first", "last")
    for message in messages:
        assert "characters cut]" in message.split("\n")[1]
        assert len(message) < 20_100


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("import os\n    os._exit(0)", {"begin"}),
        ("import ctypes\n    ctypes.string_at(0)", {"begin"}),
        ("import pytest\n    pytest.exit('enough')", {"begin", "interrupted"}),
        ("raise KeyboardInterrupt", {"begin", "interrupted"}),
    ],
    ids=["exit", "segfault", "pytest-exit", "interrupt"],
)
def test_what_ends_the_run_leaves_everything_before_it(
    project: ProjectFactory, python: Path, body: str, kinds: set[str]
) -> None:
    tests = f"def test_a():\n    assert 0\ndef test_b():\n    {body}\ndef test_c(): pass\n"
    folder = project({"test_it.py": tests}, ready=False)
    start(python, folder, "-p", "no:randomly")
    assert [one["code"] for one in records(folder, "failure")] == ["AssertionError"]
    after = {one["kind"] for one in records(folder) if one.get("id", "") != "test_it.py::test_a"}
    assert kinds <= after
    ended = [one["id"] for one in records(folder, "end") if one["outcome"] != "not run"]
    assert ended == ["test_it.py::test_a"]
    assert all(one["place"][1] in {4, 5} for one in records(folder, "interrupted"))


def test_a_crash_of_a_worker_is_a_failure_of_its_test(
    project: ProjectFactory, python: Path
) -> None:
    tests = "import os\ndef test_a():\n    os._exit(1)\ndef test_b(): pass\n"
    folder = project({"test_it.py": tests}, ready=False)
    start(python, folder, "-n2")
    [failure] = records(folder, "failure")
    assert failure["code"] == "crashed"
    assert failure["place"] == [str(folder / "test_it.py"), 2, "test_a"]
    assert records(folder, "finish")[0]["finished"] == 2


@pytest.mark.parametrize(
    ("files", "kind", "code", "place"),
    [
        ({"conftest.py": "import nowhere_\n"}, "conftest", "ModuleNotFoundError", 1),
        ({"conftest.py": "x = 1\ndef f(:\n"}, "conftest", "SyntaxError", 2),
        ({"sub/conftest.py": "1 / 0\n"}, "collect", "ZeroDivisionError", 1),
        (
            {"conftest.py": "def pytest_configure():\n    raise OSError\n"},
            "internal",
            "OSError",
            2,
        ),
    ],
    ids=["import", "syntax", "subfolder", "configure"],
)
def test_a_broken_conftest_is_located(  # noqa: PLR0917 - a table
    project: ProjectFactory,
    python: Path,
    files: dict[str, str],
    kind: str,
    code: str,
    place: int,
) -> None:
    folder = project(
        {**files, "test_a.py": "def test_a(): pass\n", "sub/test_b.py": "def test_b(): pass\n"},
        ready=False,
    )
    start(python, folder)
    [found] = records(folder, kind)
    assert (found["code"], found["place"][:2]) == (code, [str(folder / next(iter(files))), place])


def test_subtests_are_failures_of_their_own(project: ProjectFactory, python: Path) -> None:
    if python.parent.parent.name.endswith("pytest-6"):
        pytest.skip("pytest-subtests needs pytest 7")
    tests = """\
import unittest
class TestSub(unittest.TestCase):
    def test_sub(self):
        for number in range(3):
            with self.subTest("said", number=number):
                self.assertEqual(number, 1)
def test_fixture(subtests):
    for number in range(3):
        with subtests.test("said", number=number):
            assert number == 1
"""
    folder = project({"test_it.py": tests}, ready=False)
    start(python, folder)
    found = {(one["id"], one["subtest"]) for one in records(folder, "failure") if "subtest" in one}
    assert found == {
        (f"test_it.py::{test}", f"[said] (number={number})")
        for test in ("TestSub::test_sub", "test_fixture")
        for number in (0, 2)
    }


def test_frames_outside_of_the_project_are_never_the_place(
    project: ProjectFactory, python: Path
) -> None:
    raising = "def call():\n    raise ValueError('deep')\n"
    folder = project(
        {
            "env/pyvenv.cfg": "",
            "env/lib/inside.py": raising,
            "vendor/site-packages/packaged.py": raising,
            "test_it.py": (
                "import sys\nsys.path[:0] = ['env/lib', 'vendor/site-packages']\n"
                "import inside, packaged, json\n"
                "def test_a(): inside.call()\n"
                "def test_b(): packaged.call()\n"
                "def test_c(): json.loads('{')\n"
            ),
        },
        ready=False,
    )
    start(python, folder)
    places = {tuple(one["place"]) for one in records(folder, "failure")}
    assert places == {
        (str(folder / "test_it.py"), 4, "test_a"),
        (str(folder / "test_it.py"), 5, "test_b"),
        (str(folder / "test_it.py"), 6, "test_c"),
    }


def test_a_pytest_started_by_a_test_does_not_report(project: ProjectFactory, python: Path) -> None:
    tests = """\
import subprocess
import sys
pytest_plugins = ["pytester"]
COMMAND = [sys.executable, "-m", "pytest", "-p", "hdb_pytest_reporter"]
def test_process(tmp_path):
    (tmp_path / "test_inner.py").write_text("def test_inner(): assert 0")
    assert subprocess.call([*COMMAND, str(tmp_path)]) == 1
def test_inside(testdir):
    testdir.makepyfile("def test_inner(): assert [1] * 20 == [2] * 20")
    result = testdir.runpytest_inprocess("-p", "hdb_pytest_reporter")
    result.assert_outcomes(failed=1)
"""
    folder = project({"conftest.py": 'pytest_plugins = ["pytester"]\n'}, ready=False)
    (folder / "test_it.py").write_text(tests.replace('pytest_plugins = ["pytester"]\n', ""))
    assert start(python, folder).returncode == 0
    assert len(records(folder, "start")) == len(records(folder, "finish")) == 1
    assert {one["id"] for one in records(folder, "end")} == {
        "test_it.py::test_process",
        "test_it.py::test_inside",
    }


def test_nothing_happens_where_nobody_asks(project: ProjectFactory) -> None:
    folder = project({"test_it.py": "def test_a(): pass\n"}, ready=False)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "hdb_pytest_reporter"]
    environment = {**os.environ, "PYTHONPATH": str(INJECT)}
    environment.pop("HDB_REPORT", None)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert sorted(path.name for path in folder.glob("*.py")) == ["test_it.py"]


def test_the_plugin_holds_no_syntax_newer_than_python_3_8() -> None:
    for path in INJECT.glob("hdb_pytest*.py"):
        ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))
