"""The whole way on small real projects: real tools, real processes, one batch."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.contract import Batch
from mcp_server.verify import Progress, Request, verify
from tests.conftest import ProjectFactory
from tests.findings import findings

GREEN = {
    "pyproject.toml": (
        "[tool.pytest.ini_options]\naddopts = '-x -q --lf'\n"
        "[tool.ruff]\nfix = true\noutput-format = 'grouped'\n[tool.ruff.lint]\nselect = ['F']\n"
        "[tool.mypy]\nfiles = ['calc.py']\npretty = true\nstrict = true\n"
    ),
    "calc.py": "def double(number: int) -> int:\n    return number * 2\n",
    "test_calc.py": (
        "import pytest\nfrom calc import double\n\n\n"
        "@pytest.mark.parametrize('number', [1, 2, 3])\n"
        "def test_double(number):\n    assert double(number) == number + number\n"
    ),
}
RED = {
    **GREEN,
    "calc.py": ("import os\n\n\ndef double(number: int) -> int:\n    return number.twice()\n"),
    "test_gone.py": "from calc import triple\n\n\ndef test_triple():\n    assert triple(1) == 3\n",
    "test_fixture.py": "def test_needs(missing_fixture):\n    pass\n",
}


def by_tool(batch: Batch) -> dict[str, str]:
    return {step.tool: step.verdict for step in batch.steps}


async def test_a_green_project_passes(project: ProjectFactory) -> None:
    batch = await verify(project(GREEN))
    assert (batch.verdict, batch.failures) == ("passed", ())
    assert batch.summary == "all 3 checks passed: pytest, mypy, ruff; 3 tests"


async def test_every_failure_of_every_tool_is_in_one_batch(project: ProjectFactory) -> None:
    batch = await verify(project(RED))
    assert batch.verdict == "failed"
    assert by_tool(batch) == {"pytest": "failed", "mypy": "failed", "ruff": "failed"}
    found = {(one["tool"], one["file"], one["line"], one["code"]) for one in findings(batch)}
    assert found == {
        ("pytest", "calc.py", 5, "AttributeError"),
        ("ruff", "calc.py", 1, "F401"),
        ("mypy", "calc.py", 5, "attr-defined"),
        ("mypy", "calc.py", 5, "no-any-return"),
        ("pytest", "test_gone.py", 1, "ImportError"),
        ("pytest", "test_fixture.py", 1, "FixtureLookupError"),
    }


async def test_a_type_error_and_the_tests_it_breaks_are_one_failure(
    project: ProjectFactory,
) -> None:
    batch = await verify(project(RED))
    (cause,) = [one for one in batch.failures if one.code == "AttributeError"]
    assert (cause.file, cause.line, cause.test) == ("calc.py", 5, "test_calc.py::test_double[1]")
    assert [one.lean() for one in cause.also] == [
        {"test": "test_calc.py::test_double[2]"},
        {"test": "test_calc.py::test_double[3]"},
        {
            "tool": "mypy",
            "column": 12,
            "code": "attr-defined",
            "message": '"int" has no attribute "twice"',
        },
    ]


async def test_verifying_edits_nothing(project: ProjectFactory) -> None:
    folder = project(RED)
    await verify(folder)
    assert (folder / "calc.py").read_text(encoding="utf-8") == RED["calc.py"]


async def test_a_second_green_batch_says_no_more_than_the_first(project: ProjectFactory) -> None:
    folder = project({"pyproject.toml": "[tool.ruff.lint]\nselect = ['F']\n", "a.py": ""})
    first, second = await verify(folder), await verify(folder)
    assert (first.verdict, second.lean()) == ("passed", first.lean())


async def test_the_second_batch_says_what_changed(project: ProjectFactory) -> None:
    folder = project(RED)
    await verify(folder)
    (folder / "calc.py").write_text(GREEN["calc.py"], encoding="utf-8")
    batch = await verify(folder)
    assert batch.delta is not None
    # One of ruff, two of mypy and three tests; the collection and fixture errors stay.
    assert batch.delta.lean() == {"fixed": 6, "same": 2}


async def test_one_crashing_tool_does_not_stop_the_others(project: ProjectFactory) -> None:
    folder = project({**RED, "conftest.py": "import os\nos._exit(0)\n"})
    batch = await verify(folder)
    assert batch.verdict == "incomplete"
    assert by_tool(batch) == {"pytest": "crashed", "mypy": "failed", "ruff": "failed"}


async def test_no_tests_is_not_green(project: ProjectFactory) -> None:
    batch = await verify(project({"pyproject.toml": "[tool.pytest.ini_options]\n"}))
    assert by_tool(batch) == {"pytest": "not_run"}
    assert batch.verdict == "incomplete"


async def test_a_project_without_any_check_says_what_to_do(project: ProjectFactory) -> None:
    batch = await verify(project({"pyproject.toml": "[project]\nname = 'x'\n"}))
    assert batch.verdict == "incomplete"
    assert "[tool.hdb]" in batch.summary


async def test_configuration_that_tools_would_silently_ignore_is_not_green(
    project: ProjectFactory,
) -> None:
    folder = project(
        {**GREEN, "pyproject.toml": "[tool.ruff\n", "mypy.ini": "[mypy]\nfiles=calc.py\n"}
    )
    batch = await verify(folder)
    assert batch.verdict == "incomplete"
    assert "pyproject.toml cannot be read" in batch.problems[0]


async def test_a_target_is_verified_alone_and_the_batch_says_so(project: ProjectFactory) -> None:
    batch = await verify(project(RED), Request(targets=["test_calc.py::test_double"]))
    assert batch.scope == "targets"
    (tests,) = [step for step in batch.steps if step.tool == "pytest"]
    assert tests.failures == 3


async def test_a_makefile_target_that_cannot_be_taken_apart_runs_whole(
    project: ProjectFactory,
) -> None:
    makefile = "test:\n\t@for t in test_calc.py; do .venv/bin/python -m pytest -q $$t; done\n"
    batch = await verify(project({**RED, "Makefile": makefile}))
    assert by_tool(batch)["make"] == "failed"
    tests = {one["test"] for one in findings(batch) if "test" in one}
    assert tests == {f"test_calc.py::test_double[{number}]" for number in (1, 2, 3)}


SWALLOWED = {
    "a tool whose findings the target swallows": (
        "lint:\n\t@for i in 1; do .venv/bin/ruff check . --output-format=concise; true; done\n"
    ),
    "a target that checks nothing": "lint:\n\t@for i in 1; do echo python is fine; done\n",
    "a pytest that runs no test": "test:\n\t.venv/bin/pytest --co\n",
}


@pytest.mark.parametrize("makefile", SWALLOWED.values(), ids=SWALLOWED)
async def test_a_whole_target_that_ends_well_without_proof_is_not_green(
    project: ProjectFactory, makefile: str
) -> None:
    batch = await verify(project({**RED, "Makefile": makefile}))
    assert by_tool(batch)["make"] == "crashed"
    assert batch.verdict == "incomplete"


async def test_a_whole_target_that_says_what_it_checked_is_green(project: ProjectFactory) -> None:
    makefile = "lint:\n\t@for i in 1; do .venv/bin/ruff check calc.py; done\n"
    assert by_tool(await verify(project({**GREEN, "Makefile": makefile})))["make"] == "passed"


async def test_targets_respect_what_the_tools_leave_out(project: ProjectFactory) -> None:
    """Mypy checks only calc.py here; named outright, it would check the test, too."""
    folder = project({**GREEN, "test_calc.py": GREEN["test_calc.py"] + "\n\ndef helper(): ...\n"})
    batch = await verify(folder, Request(targets=["test_calc.py"]))
    assert by_tool(batch) == {"pytest": "passed", "mypy": "passed", "ruff": "passed"}
    assert batch.scope == "targets"


async def test_findings_outside_the_targets_are_left_out(project: ProjectFactory) -> None:
    batch = await verify(project(RED), Request(targets=["test_fixture.py"]))
    assert {one["file"] for one in findings(batch)} == {"test_fixture.py"}


async def test_a_run_over_targets_mends_nothing_in_the_comparison(project: ProjectFactory) -> None:
    folder = project(RED)
    await verify(folder)
    batch = await verify(folder, Request(targets=["test_fixture.py"]))
    assert batch.delta is not None
    assert batch.delta.lean() == {"same": 1, "unknown": 7}


async def test_findings_that_the_projects_command_forgives_are_told_and_fail_nothing(
    project: ProjectFactory,
) -> None:
    makefile = "lint:\n\t.venv/bin/ruff check --exit-zero\n"
    batch = await verify(
        project({**GREEN, "calc.py": "import os\n" + GREEN["calc.py"], "Makefile": makefile})
    )
    (step,) = [step for step in batch.steps if step.tool == "ruff"]
    assert (step.verdict, step.failures, batch.verdict) == ("passed", 0, "passed")
    assert (
        step.reason == "1 finding beside a status of 0: calc.py:1 `os` imported but unused [F401]"
    )


async def test_the_folder_itself_is_no_mere_target(project: ProjectFactory) -> None:
    assert (await verify(project(GREEN), Request(targets=["."]))).scope == "full"


async def test_a_syntax_error_says_that_mypy_did_not_look_further(project: ProjectFactory) -> None:
    batch = await verify(project({**GREEN, "calc.py": "def double(:\n"}))
    (step,) = [step for step in batch.steps if step.tool == "mypy"]
    assert step.reason is not None
    assert "the rest is unchecked" in step.reason


async def test_output_nobody_understands_is_one_failure_with_its_tail(
    project: ProjectFactory,
) -> None:
    makefile = "lint:\n\t@for i in 1; do echo 'something odd in python'; exit 3; done\n"
    batch = await verify(project({**GREEN, "Makefile": makefile}))
    (failure,) = batch.failures
    assert failure.tool == "make"
    assert "something odd" in failure.message


async def test_progress_tells_each_check_as_it_begins_and_ends(project: ProjectFactory) -> None:
    told: list[str] = []

    async def listen(event: Progress) -> None:
        told.append(event.text)

    await verify(project(GREEN), listener=listen)
    assert sorted(told) == sorted(
        f"{tool} {state}" for tool in ("pytest", "mypy", "ruff") for state in ("running", "passed")
    )


async def test_checks_run_side_by_side(project: ProjectFactory) -> None:
    """Two targets that each wait for the other can only end well when both run at once."""
    wait = (
        "import pathlib, time\npathlib.Path('{own}').touch()\n"
        "while not pathlib.Path('{other}').exists(): time.sleep(0.01)\n"
    )
    hook = "init-hook = 'exec(open(\"wait.py\").read())'\n"
    folder = project(
        {
            "pyproject.toml": f"[tool.pytest.ini_options]\n[tool.pylint.main]\n{hook}",
            "test_a.py": wait.format(own="pytest.began", other="pylint.began"),
            "wait.py": wait.format(own="pylint.began", other="pytest.began"),
        }
    )
    batch = await verify(folder, Request(timeout=60))
    assert "timed_out" not in by_tool(batch).values()


async def test_a_step_that_takes_too_long_keeps_what_it_found(project: ProjectFactory) -> None:
    slow = (
        "import time\n\n\ndef test_bad():\n    assert 0\n\n\n"
        "def test_slow():\n    time.sleep(600)\n"
    )
    batch = await verify(project({"pyproject.toml": "", "test_slow.py": slow}), Request(timeout=4))
    (step,) = batch.steps
    assert (step.verdict, step.failures) == ("timed_out", 1)
    assert step.reason is not None
    assert "test_slow.py::test_slow" in step.reason


async def test_a_tracked_project_is_unchanged_after_all_checks(project: ProjectFactory) -> None:
    folder = project(
        {
            "pyproject.toml": (
                "[tool.black]\n[tool.isort]\n[tool.ruff]\nfix = true\n[tool.ruff.format]\n"
            ),
            "messy.py": "import sys, os\nx = {  'a':1 }\n",
        }
    )
    before = snapshot(folder)
    batch = await verify(folder)
    assert batch.verdict == "failed"
    assert snapshot(folder) == before


def snapshot(folder: Path) -> dict[Path, str]:
    return {path: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
