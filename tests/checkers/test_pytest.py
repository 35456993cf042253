"""pytest: real runs that pass, fail, die or never start, our records, garbage and arguments."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.checkers import pytest as checker
from mcp_server.models import Outcome, Report
from mcp_server.repository import Found, Settings
from tests.conftest import ProjectFactory
from tests.recordings import ROOT, run_tool

OK = "def test_ok(): pass\n"
BAD = "def test_bad():\n    assert 1 == 2\n"
SKIPPED = "import pytest\n@pytest.mark.skip\ndef test_s(): pass\n"
ENDS = "def test_end():\n    {}\n"


def check(folder: Path, *args: str, targets: tuple[str, ...] = ()) -> Outcome:
    return checker.parse(run_tool("pytest", folder, folder / ".venv", *args, targets=targets))


def test_a_failure_has_its_place_its_test_and_its_text(project: ProjectFactory) -> None:
    folder = project(
        {
            "backend/pytest.ini": "[pytest]\n",
            "backend/test_a.py": f"{OK}{BAD}def test_name():\n    print('said')\n    nothing\n",
        }
    )
    outcome = check(folder, "backend")
    assert (outcome.problem, outcome.checked, outcome.passed) == (None, True, 1)
    [first, second] = outcome.diagnostics
    assert (first.file, first.line, first.code, first.symbol, first.test, first.message) == (
        "backend/test_a.py",
        3,
        "AssertionError",
        "test_bad",
        "backend/test_a.py::test_bad",
        "assert 1 == 2",
    )
    assert (second.code, second.topic) == ("NameError", "undefined-name")
    assert "said" in (second.detail or "")
    assert outcome.finished == {
        f"backend/test_a.py::{name}" for name in ("test_ok", "test_bad", "test_name")
    }


@pytest.mark.parametrize(
    ("files", "args", "problem"),
    [
        ({"test_a.py": ENDS.format("import os; os._exit(0)")}, (), "status 0 while test_a.py::te"),
        (
            {"test_a.py": ENDS.format("import ctypes; ctypes.string_at(0)")},
            (),
            "(SIGSEGV) while test_a.py::test_end was running; 0 of 1 tests ran\nFatal Python",
        ),
        (
            {"test_a.py": ENDS.format("import pytest; pytest.exit('why')")},
            (),
            "stopped: Exit: why (test_a.py:2); 0 of 1 tests ran",
        ),
        (
            {"test_a.py": ENDS.format("import pytest; pytest.exit('why')")},
            # A worker that xdist starts in its place can take a minute and more to end.
            ("-n2", "--max-worker-restart=0"),
            "stopped: Exit: why (test_a.py:2)",
        ),
        ({"test_a.py": ENDS.format("raise KeyboardInterrupt")}, (), "stopped: KeyboardInterrupt"),
        ({"conftest.py": "import nowhere_\n", "test_a.py": OK}, (), "could not start: ModuleNotF"),
        (
            {"sub/conftest.py": "1 / 0\n", "sub/test_b.py": OK, "test_a.py": OK},
            (),
            "the tests beside a conftest were not collected: ZeroDivisionError",
        ),
        (
            {"conftest.py": "def pytest_runtest_setup(item):\n    item.session.shouldstop = 'x'\n"}
            | {"test_a.py": OK, "test_b.py": OK},
            (),
            "stopped: Interrupted: x; 1 of 2 tests ran",
        ),
        (
            {"conftest.py": "def pytest_runtest_logreport():\n    1 / 0\n", "test_a.py": OK},
            (),
            "failed inside: ZeroDivisionError: division by zero (conftest.py:2)",
        ),
        ({"test_a.py": OK}, ("--setup-plan",), "1 of 1 tests were not run: test_a.py::test_ok"),
        ({"test_a.py": OK}, ("nowhere.py",), "ERROR: file or directory not found: nowhere.py"),
        ({"test_a.py": OK}, ("--cov-fail=1",), "pytest-cov is not installed in this environment"),
        ({"test_a.py": OK, "pytest.ini": "[pytest\n"}, (), "pytest.ini"),
        (
            {"test_a.py": "import atexit, os\natexit.register(os._exit, 7)\n" + OK},
            (),
            "pytest finished with status 0, but pytest ended with status 7",
        ),
        (
            {
                "conftest.py": "import os\nif 'PYTEST_XDIST_WORKER' in os.environ: raise OSError\n",
                "test_a.py": OK,
            },
            ("-n2", "--max-worker-restart=0"),
            "no xdist worker could start",
        ),
    ],
    ids=str,
)
def test_a_run_that_did_not_reach_its_end_is_a_problem(
    project: ProjectFactory,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    args: tuple[str, ...],
    problem: str,
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    outcome = check(project(files), *args)
    assert problem in (outcome.problem or "")
    assert not outcome.checked
    assert outcome.nothing is None


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"conftest.py": "import nowhere_\n"}, ("conftest.py", 1, "ModuleNotFoundError")),
        ({"sub/conftest.py": "1 / 0\n", "sub/test_b.py": OK}, ("sub/conftest.py", 1, "ZeroDivis")),
        ({"test_b.py": "import sys\nsys.exit(1)\n"}, ("test_b.py", 2, "SystemExit")),
    ],
    ids=["initial", "subfolder", "exit"],
)
def test_what_kept_tests_from_running_is_also_a_failure_with_a_place(
    project: ProjectFactory, files: dict[str, str], place: tuple[str, int, str]
) -> None:
    outcome = check(project({**files, "test_a.py": OK}))
    [found] = outcome.diagnostics
    assert (found.file, found.line) == place[:2]
    assert (found.code or "").startswith(place[2])
    assert outcome.problem


@pytest.mark.parametrize(
    ("files", "args", "nothing"),
    [
        ({"a.py": ""}, (), "no tests collected"),
        ({"test_a.py": OK + BAD}, ("-k", "zzz"), "all 2 tests deselected"),
        ({"test_a.py": OK + BAD}, ("-k", "zzz", "-n2"), "all 2 tests deselected"),
        (
            {
                "test_a.py": SKIPPED,
                "test_b.py": "import pytest\npytest.skip('x', allow_module_level=True)\n",
            },
            (),
            "all 2 tests skipped",
        ),
    ],
    ids=["none", "deselected", "deselected-xdist", "skipped"],
)
def test_nothing_to_run_is_not_green(
    project: ProjectFactory, files: dict[str, str], args: tuple[str, ...], nothing: str
) -> None:
    outcome = check(project(files), *args)
    assert (outcome.nothing, outcome.problem, outcome.checked) == (nothing, None, False)


def test_what_the_project_deselects_and_skips_is_counted(project: ProjectFactory) -> None:
    outcome = check(project({"test_a.py": OK + BAD, "test_b.py": SKIPPED}), "-k", "not bad", "-n2")
    assert (outcome.passed, outcome.skipped, outcome.deselected) == (1, 1, 1)
    assert outcome.checked


def test_targets_take_the_place_of_paths(project: ProjectFactory) -> None:
    folder = project({"test_a.py": OK + BAD, "tests/test_b.py": BAD})
    outcome = check(folder, "-k", "bad or ok", "tests", targets=("test_a.py::test_ok",))
    assert outcome.finished == {"test_a.py::test_ok"}
    assert outcome.checked


def test_a_subtest_is_named_as_pytest_names_it(project: ProjectFactory) -> None:
    text = "def test_s(subtests):\n    with subtests.test('said', n=1):\n        assert 0\n"
    outcome = check(project({"test_a.py": text}))
    assert [one.test for one in outcome.diagnostics if one.code == "AssertionError"] == [
        "test_a.py::test_s [said] (n=1)"
    ]
    assert outcome.passed == 0


@pytest.mark.parametrize(
    "line",
    [
        "FAIL Required test coverage of 90% not reached. Total coverage: 50.00%",
        "ERROR: Coverage failure: total of 50 is less than fail-under=90",
    ],
)
def test_missing_coverage_is_one_failure(line: str) -> None:
    record = (
        '{"p":1,"kind":"start","rootdir":"/project"}\n{"p":1,"kind":"collected","n":1}\n'
        '{"p":1,"kind":"end","id":"a.py::t","outcome":"passed"}\n'
        '{"p":1,"kind":"finish","status":1,"collected":1,"finished":1}\n'
    )
    report = Report(root=ROOT, cwd=ROOT, status=1, record=record, stdout=f"x\n{line}\n")
    outcome = checker.parse(report)
    assert [one.code for one in outcome.diagnostics] == ["coverage"]
    assert outcome.problem is None
    unexplained = checker.parse(Report(root=ROOT, cwd=ROOT, status=1, record=record))
    assert "no test failed" in (unexplained.problem or "")


@pytest.mark.parametrize(
    "record",
    [
        "",
        "{",
        "[1]",
        '{"kind":"end"}',
        '{"kind":"start"}\n{"kind":"failure","place":[1],"id":3}',
        '{"kind":"start","rootdir":5}\n{"kind":"finish","status":"x","collected":null}',
        '{"kind":"start"}\n{"kind":"failure","place":[null,"1",2],"message":null,"code":[]}',
        '{"kind":"start"}\n{"kind":"finish","missed":7,"collected":3,"status":0}',
    ],
)
@pytest.mark.parametrize("status", [0, 1, 4, None])
def test_garbage_is_never_green(record: str, status: int | None) -> None:
    outcome = checker.parse(Report(root=ROOT, cwd=ROOT, record=record, status=status))
    assert not outcome.checked or outcome.diagnostics


@pytest.mark.parametrize(
    ("args", "kept", "changed"),
    [
        ((), (), False),
        (("-q", "-k", "x", "tests"), ("-q", "-k", "x", "tests"), False),
        (("-x", "--maxfail", "2", "--lf", "a.py"), ("a.py",), True),
        (("-xvs", "--maxfail=1", "--sw"), ("-vs",), True),
        (("--pdb", "-m", "not slow"), ("-m", "not slow"), True),
    ],
)
def test_what_would_stop_early_is_left_out(
    args: tuple[str, ...],
    kept: tuple[str, ...],
    changed: bool,  # noqa: FBT001 - a column of the table
) -> None:
    invocation = checker.invoke(args, ())
    assert invocation.args == ("-p", "hdb_pytest_reporter", *kept)
    assert (invocation.changed, invocation.inject) == (changed, True)


@pytest.mark.parametrize(
    ("program", "args", "recognised"),
    [
        ("pytest", ("-x", "tests"), ("-x", "tests")),
        ("py.test", (), ()),
        ("pytest", ("--version",), None),
        ("pytest", ("--collect-only",), None),
        ("pytest-watch", (), None),
    ],
)
def test_only_a_run_of_tests_is_recognised(
    program: str, args: tuple[str, ...], recognised: tuple[str, ...] | None
) -> None:
    assert checker.recognise(program, args) == recognised
    assert not checker.mutates(args)


@pytest.mark.parametrize(
    ("settings", "source"),
    [
        (Settings(files=frozenset({"pytest.ini"}), tests=("tests",)), "pytest.ini"),
        (
            Settings(tables={"pytest": {"ini_options": {}}}),
            "pyproject.toml [tool.pytest.ini_options]",
        ),
        (Settings(tables={"pytest": {"strict": True}}), "pyproject.toml [tool.pytest]"),
        (Settings(sections={"tox.ini": {"pytest": {}}}), "tox.ini [pytest]"),
        (Settings(sections={"setup.cfg": {"tool:pytest": {}}}), "setup.cfg [tool:pytest]"),
        (Settings(tests=("tests",)), "tests (no pytest configuration)"),
    ],
)
def test_configuration_or_tests_ask_for_pytest(settings: Settings, source: str) -> None:
    assert checker.detect(settings) == Found(source)


def test_a_project_without_either_does_not() -> None:
    assert checker.detect(Settings(sources=("src",))) is None


START = '{"p":1,"kind":"start","rootdir":"/project"}\n'
ENDED = '{"p":1,"kind":"end","id":"a.py::t","outcome":"passed"}\n'
FINISH = '{"p":1,"kind":"finish","status":0,"collected":1,"finished":1}\n'


def recorded(*lines: str, status: int | None = 0) -> Outcome:
    text = "".join(lines)
    return checker.parse(Report(root=ROOT, cwd=ROOT, record=text, status=status))


@pytest.mark.parametrize(
    "finish",
    [
        '{"p":1,"kind":"finish"}\n',
        '{"p":1,"kind":"finish","status":"0","collected":1}\n',
        '{"p":1,"kind":"finish","status":null,"collected":1,"finished":1}\n',
        '{"p":1,"kind":"finish","status":[],"collected":1,"finished":1}\n',
        '{"p":1,"kind":"finish","status":0,"collected":true,"finished":1}\n',
    ],
)
def test_an_end_that_does_not_say_how_it_ended_is_none(finish: str) -> None:
    assert recorded(START, ENDED, FINISH).checked
    outcome = recorded(START, ENDED, finish)
    assert "pytest ended with status 0" in (outcome.problem or "")


def test_a_failed_test_whose_record_is_missing_is_never_green() -> None:
    outcome = recorded(START, ENDED.replace("passed", "failed"), FINISH)
    assert "records that say how are missing" in (outcome.problem or "")


@pytest.mark.parametrize("stopped", ["[1]", "true", "7", '{"a":[]}'])
def test_a_stop_of_any_type_is_a_problem(stopped: str) -> None:
    outcome = recorded(START, ENDED, FINISH.replace('"status"', f'"stopped":{stopped},"status"'))
    assert "was stopped" in (outcome.problem or "")


@pytest.mark.parametrize("value", ["[]", "{}", '[["a"]]', "null", "true", "[" * 900 + "]" * 900])
def test_fields_that_cannot_be_looked_up_do_not_raise(value: str) -> None:
    names = ("code", "message", "text", "phase", "subtest", "place", "column", "frames")
    odd = "".join(f',"{name}":{value}' for name in names)
    outcome = recorded(
        START,
        f'{{"p":1,"kind":{value}}}\n{{"p":{value},"kind":"begin"}}\n',
        f'{{"p":1,"kind":"failure","id":{value}{odd}}}\n',
        f'{{"p":1,"kind":"collected","n":{value},"deselected":-7}}\n',
        ENDED,
        FINISH.replace('"status":0', '"status":1'),
        status=1,
    )
    (one,) = outcome.diagnostics
    assert (one.code, one.message, one.line, one.column) == ("failed", "failed", None, None)
    assert outcome.deselected == 0


@pytest.mark.parametrize("number", ["true", "-7", "99999999999", "1" + "0" * 400, '"x"'])
def test_numbers_that_cannot_be_are_none(number: str) -> None:
    place = f'"place":["/project/a.py",{number},"f"],"column":{number}'
    outcome = recorded(
        START,
        f'{{"p":1,"kind":"deselected","n":{number}}}\n',
        f'{{"p":1,"kind":"failure","id":"a.py::t",{place}}}\n',
        ENDED,
        FINISH.replace('"status":0', '"status":1'),
        status=1,
    )
    (one,) = outcome.diagnostics
    assert (one.file, one.line, one.column, outcome.deselected) == ("a.py", None, None, 0)


def test_the_stack_of_the_thread_that_crashed_comes_first() -> None:
    idle = "Thread 0x01 (most recent call first):\n" + '  File "/x/idle.py", line 1 in wait\n' * 20
    own = 'Current thread 0x02 (most recent call first):\n  File "/x/a.py", line 7 in test_a\n'
    said = f"Fatal Python error: Segmentation fault\n\n{idle}\n{own}"
    report = Report(root=ROOT, cwd=ROOT, record=START, stderr=said, status=None, signal=11)
    problem = checker.parse(report).problem or ""
    assert "Fatal Python error: Segmentation fault" in problem
    assert "line 7 in test_a" in problem


@pytest.mark.parametrize(("reason", "end"), [("", "failure"), (" why", "failure: why")])
def test_an_unexpected_pass_ends_in_its_reason(reason: str, end: str) -> None:
    said = f'"code":"XPASS(strict)","message":"[XPASS(strict)]{reason}"'
    outcome = recorded(START, f'{{"p":1,"kind":"failure","id":"a.py::t",{said}}}\n', status=1)
    assert outcome.diagnostics[0].brief == f"passed, but is marked as an expected {end}"
