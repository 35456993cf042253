"""What changed since the last full batch: nothing counts as fixed that was not looked at again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.batch import Finished, assemble, remember
from mcp_server.contract import Batch
from mcp_server.models import Diagnostic, Outcome, Step, Verdict
from mcp_server.verify import Request, verify
from tests.conftest import ProjectFactory

ROOT = Path("/project")
Files = dict[str, str | None]


def ran(
    tool: str,
    *findings: Diagnostic,
    verdict: Verdict | None = None,
    tests: tuple[str, ...] = (),
    partial: bool = False,
    **more: object,
) -> Finished:
    """Return a step that is over; `tests` ended beside those that the findings name."""
    given: dict[str, object] = {"argv": (tool,), "cwd": ROOT, "command": tool, "source": "x"} | more
    step = Step(tool=tool, root=ROOT, **given)  # type: ignore[arg-type]
    named = [one.test for one in findings if one.test and "::" in one.test]
    outcome = Outcome(
        diagnostics=findings, checked=True, partial=partial, finished=frozenset([*named, *tests])
    )
    return Finished(step, verdict or (Verdict.FAILED if findings else Verdict.PASSED), outcome)


def unused(name: str, file: str = "a.py", line: int = 1) -> Diagnostic:
    message = f"`{name}` imported but unused"
    return Diagnostic(tool="ruff", message=message, file=file, line=line, code="F401")


def syntax(file: str = "a.py", message: str = "expected ':'", tool: str = "ruff") -> Diagnostic:
    return Diagnostic(
        tool=tool, message=message, file=file, line=9, code="invalid-syntax", topic="syntax"
    )


def failed(test: str, message: str = "assert 0") -> Diagnostic:
    return Diagnostic(
        tool="pytest", message=message, file="t.py", line=1, code="AssertionError", test=test
    )


UNCOLLECTED = Diagnostic(
    tool="pytest", message="no module", file="t.py", line=1, code="ImportError", test="t.py"
)
UNCOVERED = Diagnostic(tool="pytest", message="Coverage failure: total of 50", code="coverage")
OLD, NEW = unused("old"), unused("new")
TESTS = ("t.py::a", "t.py::b")
Steps = list[Finished]
CASES: dict[str, tuple[Steps, Steps, dict[str, int]]] = {
    "what hdb reads it reads to the end": (
        [ran("rules", OLD, unused("stays"), read=Outcome)],
        [ran("rules", NEW, unused("stays"), read=Outcome)],
        {"fixed": 1, "new": 1, "same": 1},
    ),
    "what hdb reads of some files says nothing of the others": (
        [ran("rules", OLD, read=Outcome)],
        [ran("rules", read=Outcome, only=("b.py",))],
        {"unknown": 1},
    ),
    "mended, broken and still failing": (
        [ran("ruff", OLD, unused("stays"))],
        [ran("ruff", NEW, unused("stays"))],
        {"fixed": 1, "new": 1, "same": 1},
    ),
    "a test mended, one broken and one still failing": (
        [ran("pytest", failed("t.py::a"), failed("t.py::b"), tests=("t.py::c",))],
        [ran("pytest", failed("t.py::c"), failed("t.py::b"), tests=("t.py::a",))],
        {"fixed": 1, "new": 1, "same": 1},
    ),
    "a test that is gone is not mended": (
        [ran("pytest", failed("t.py::a"))],
        [ran("pytest", tests=("t.py::b",))],
        {"unknown": 1},
    ),
    "a failing test that was added is no regression": (
        [ran("pytest", tests=("t.py::b",))],
        [ran("pytest", failed("t.py::a"), tests=("t.py::b",))],
        {"unknown": 1},
    ),
    "a case with an address in its name": (
        [ran("pytest", tests=("t.py::a[<A at 0x7f0000000001>]",))],
        [ran("pytest", failed("t.py::a[<A at 0x7f0000000002>]"))],
        {"new": 1},
    ),
    "a subtest whose test now ends well": (
        [ran("pytest", failed("t.py::a[x y] (number=3)"))],
        [ran("pytest", tests=("t.py::a[x y]",))],
        {"fixed": 1},
    ),
    "a subtest whose test did not run": (
        [ran("pytest", failed("t.py::a (number=3)"))],
        [ran("pytest", tests=("t.py::ab",))],
        {"unknown": 1},
    ),
    "a file that can be collected again": (
        [ran("pytest", UNCOLLECTED)],
        [ran("pytest", tests=("t.py::T::a[b]",))],
        {"fixed": 1},
    ),
    "a file that could not be collected and is gone": (
        [ran("pytest", UNCOLLECTED)],
        [ran("pytest", tests=("u.py::a",))],
        {"unknown": 1},
    ),
    "a file whose collection fails now": (
        [ran("pytest", failed("t.py::a"), tests=TESTS)],
        [ran("pytest", UNCOLLECTED)],
        {"new": 1, "unknown": 1},
    ),
    "a class that can be collected again": (
        [ran("pytest", replace(UNCOLLECTED, test="d/t.py::T"))],
        [ran("pytest", tests=("d/t.py::T::a",))],
        {"fixed": 1},
    ),
    "a folder that can be collected again": (
        [ran("pytest", replace(UNCOLLECTED, test="d"))],
        [ran("pytest", tests=("d/e/t.py::a",))],
        {"fixed": 1},
    ),
    "what fails the run as a whole": (
        [ran("pytest", UNCOVERED, tests=TESTS)],
        [ran("pytest", tests=TESTS)],
        {"fixed": 1},
    ),
    "a checker that timed out now, with what it had found": (
        [ran("ruff", OLD, unused("stays"))],
        [ran("ruff", NEW, unused("stays"), verdict=Verdict.TIMED_OUT)],
        {"same": 1, "unknown": 2},
    ),
    "a checker that timed out before, with what it had found": (
        [ran("ruff", OLD, unused("stays"), verdict=Verdict.TIMED_OUT)],
        [ran("ruff", NEW, unused("stays"))],
        {"same": 1, "unknown": 2},
    ),
    "tests that timed out now, with those that had ended": (
        [ran("pytest", failed("t.py::a"), failed("t.py::b"), tests=("t.py::c",))],
        [ran("pytest", failed("t.py::c"), tests=("t.py::a",), verdict=Verdict.TIMED_OUT)],
        {"unknown": 3},
    ),
    "tests that timed out before, with those that had ended": (
        [ran("pytest", failed("t.py::a"), tests=("t.py::c",), verdict=Verdict.TIMED_OUT)],
        [ran("pytest", failed("t.py::c"), tests=("t.py::a",))],
        {"unknown": 2},
    ),
    "a checker that crashed now": (
        [ran("ruff", OLD)],
        [ran("ruff", verdict=Verdict.CRASHED)],
        {"unknown": 1},
    ),
    "a checker that crashed before": (
        [ran("ruff", verdict=Verdict.CRASHED)],
        [ran("ruff", NEW)],
        {"unknown": 1},
    ),
    "a checker that is missing now": (
        [ran("ruff", OLD)],
        [ran("ruff", verdict=Verdict.MISSING)],
        {"unknown": 1},
    ),
    "a checker that was missing before": (
        [ran("ruff", verdict=Verdict.MISSING)],
        [ran("ruff", NEW)],
        {"unknown": 1},
    ),
    "a checker that had nothing to check now": (
        [ran("pytest", failed("t.py::a"))],
        [ran("pytest", verdict=Verdict.NOT_RUN)],
        {"unknown": 1},
    ),
    "a checker that was added": ([ran("pytest", tests=TESTS)], [ran("ruff", NEW)], {"unknown": 1}),
    "a checker that was removed": ([ran("ruff", OLD)], [ran("pytest")], {"unknown": 1}),
    "a checker with other options": (
        [ran("ruff", OLD, argv=("ruff", "--select=F"))],
        [ran("ruff", NEW, argv=("ruff", "--select=E"))],
        {"unknown": 2},
    ),
    "a checker in another folder": (
        [ran("ruff", OLD)],
        [ran("ruff", NEW, cwd=ROOT / "backend")],
        {"unknown": 2},
    ),
    "tests with other options": (
        [ran("pytest", failed("t.py::a"), args=("-W", "error"))],
        [ran("pytest", tests=("t.py::a",))],
        {"unknown": 1},
    ),
    "tests in another environment": (
        [ran("pytest", failed("t.py::a"), env={"DB": "a"}), ran("pytest", env={"DB": "b"})],
        [ran("pytest", env={"DB": "a"}), ran("pytest", tests=("t.py::a",), env={"DB": "b"})],
        {"unknown": 1},
    ),
    "the tests that were asked for": (
        [ran("pytest", failed("t.py::a"), failed("t.py::b"))],
        [ran("pytest", tests=("t.py::a",), argv=("pytest", "t.py::a"), targets=("t.py::a",))],
        {"fixed": 1, "unknown": 1},
    ),
    "only some files were asked for": (
        [ran("mypy", OLD)],
        [ran("mypy", NEW, only=("a.py",))],
        {"unknown": 2},
    ),
    "a file that cannot be parsed now": (
        [ran("ruff", OLD, unused("other", "b.py"))],
        [ran("ruff", syntax())],
        {"fixed": 1, "new": 1, "unknown": 1},
    ),
    "a file that could not be parsed before": (
        [ran("ruff", syntax())],
        [ran("ruff", NEW, unused("other", "b.py"))],
        {"fixed": 1, "new": 1, "unknown": 1},
    ),
    "another syntax error in the same file": (
        [ran("ruff", syntax())],
        [ran("ruff", syntax(message="expected an expression"))],
        {"unknown": 2},
    ),
    "a checker that stops at what it finds, now": (
        [ran("mypy", OLD)],
        [ran("mypy", syntax("b.py", tool="mypy"), partial=True)],
        {"new": 1, "unknown": 1},
    ),
    "a checker that stopped at what it found, before": (
        [ran("mypy", syntax("b.py", tool="mypy"), partial=True)],
        [ran("mypy", NEW)],
        {"fixed": 1, "unknown": 1},
    ),
    "a task that stops at its first failing line, now": (
        [ran("make", replace(OLD, tool="make"))],
        [ran("make", replace(NEW, tool="make"))],
        {"unknown": 2},
    ),
    "a task that ends well now": (
        [ran("make", replace(OLD, tool="make"))],
        [ran("make")],
        {"fixed": 1},
    ),
    "a finding that one of the runs that made it cannot deny": (
        [ran("ruff", OLD), ran("ruff", OLD, argv=("ruff", "src"))],
        [ran("ruff"), ran("ruff", argv=("ruff", "src"), verdict=Verdict.CRASHED)],
        {"unknown": 1},
    ),
    "a finding that one of the runs that make it did not make before": (
        [ran("ruff"), ran("ruff", argv=("ruff", "src"), verdict=Verdict.CRASHED)],
        [ran("ruff", NEW), ran("ruff", NEW, argv=("ruff", "src"))],
        {"new": 1},
    ),
    "shifted lines": ([ran("ruff", OLD)], [ran("ruff", replace(OLD, line=7))], {"same": 1}),
    "an equal finding above the first": (
        [ran("ruff", replace(OLD, line=5))],
        [ran("ruff", OLD, replace(OLD, line=6))],
        {"new": 1, "same": 1},
    ),
    "one of two equal findings mended": (
        [ran("ruff", OLD, replace(OLD, line=6))],
        [ran("ruff", replace(OLD, line=5))],
        {"fixed": 1, "same": 1},
    ),
    "two findings that differ in an address alone": (
        [ran("ruff", replace(OLD, message="<A at 0x7f0000000001>"))],
        [
            ran(
                "ruff",
                replace(OLD, message="<A at 0x7f0000000002>"),
                replace(OLD, message="<A at 0x7f0000000003>"),
            )
        ],
        {"new": 1, "same": 1},
    ),
    "nothing before and nothing now": ([ran("ruff")], [ran("ruff")], {}),
}


def since(before: Steps, after: Steps) -> Batch:
    previous = remember(before, assemble(before, scope="full")[1])
    return assemble(after, scope="full", previous=previous)[0]


@pytest.mark.parametrize(("before", "after", "delta"), CASES.values(), ids=CASES)
def test_only_what_both_runs_came_to_is_compared(
    before: Steps, after: Steps, delta: dict[str, int]
) -> None:
    batch = since(before, after)
    assert (batch.delta.lean() if batch.delta else {}) == delta
    # No group holds two new findings here, so the marks are as many as the count.
    assert sum(one.new for one in batch.failures) == delta.get("new", 0)


def test_a_failure_is_new_when_one_of_its_findings_is() -> None:
    cases = [failed(f"t.py::a[{number}]") for number in (1, 2)]
    before = [ran("pytest", cases[0], tests=("t.py::a[2]",))]
    (only,) = since(before, [ran("pytest", *cases)]).failures
    assert only.new
    assert only.lean()["new"] is True
    assert "new" not in since([ran("pytest", *cases)], [ran("pytest", *cases)]).json_text()


def test_without_a_batch_before_nothing_is_new() -> None:
    batch, _ = assemble([ran("ruff", NEW)], scope="full")
    assert batch.delta is None
    assert not batch.failures[0].new


def test_of_equal_findings_the_last_is_the_new_one() -> None:
    """Which of them was added cannot be known; the count is right all the same."""
    batch = since([ran("ruff", replace(OLD, line=5))], [ran("ruff", OLD, replace(OLD, line=6))])
    assert [(one.line, one.new) for one in batch.failures] == [(1, False), (6, True)]


BAD = "def test_bad():\n    assert 0\n\n\n"
FINE = "def test_fine():\n    pass\n"
PLAIN = "[tool.pytest.ini_options]\naddopts = '-p no:asyncio -p no:hypothesispytest{}'\n"
LINTED: Files = {
    "pyproject.toml": "[tool.ruff.lint]\nselect = ['F401', 'F841']\n",
    "a.py": "import os\n",
}
EDITS: dict[str, tuple[Files, Files, dict[str, int]]] = {
    "lines above a finding": (
        LINTED,
        {"a.py": "import sys\n\nsys.exit()\nimport os\n"},
        {"same": 1},
    ),
    "an equal finding added above": (
        LINTED,
        {"a.py": "def f():\n    import os\n\n\nimport os\n"},
        {"new": 1, "same": 1},
    ),
    "one of two equal findings mended": (
        {**LINTED, "a.py": "def f():\n    import os\n\n\nimport os\n"},
        {"a.py": "import os\n"},
        {"fixed": 1, "same": 1},
    ),
    "the file of a finding deleted": (
        {**LINTED, "b.py": "import sys\n"},
        {"b.py": None},
        {"fixed": 1, "same": 1},
    ),
    "the file of a finding renamed": (
        LINTED,
        {"a.py": None, "b.py": "import os\n"},
        {"fixed": 1, "new": 1},
    ),
    "a file that cannot be parsed any more": (
        {**LINTED, "a.py": "import os\n\n\ndef f():\n    x = 1\n"},
        {"a.py": "import os\n\n\ndef f(:\n    x = 1\n"},
        {"new": 2, "unknown": 2},
    ),
    "the options of a checker changed": (
        {**LINTED, "Makefile": "lint:\n\t.venv/bin/ruff check --select=F401\n"},
        {"Makefile": "lint:\n\t.venv/bin/ruff check --select=F811\n"},
        {"unknown": 1},
    ),
    "a task that stops at its first failing line": (
        {
            **LINTED,
            "Makefile": (
                "lint:\n\t@for file in b.py a.py; do"
                " .venv/bin/ruff check --output-format=concise $$file || exit 1; done\n"
            ),
            "b.py": "",
        },
        {"b.py": "import sys\n"},
        {"unknown": 2},
    ),
}


def write(folder: Path, files: Files) -> None:
    for name, text in files.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("before", "edit", "delta"), EDITS.values(), ids=EDITS)
async def test_an_edit_changes_what_it_changes(
    project: ProjectFactory, before: Files, edit: Files, delta: dict[str, int]
) -> None:
    folder = project({})
    write(folder, before)
    await verify(folder)
    write(folder, edit)
    batch = await verify(folder)
    assert batch.delta is not None
    assert batch.delta.lean() == delta
    assert any(one.new for one in batch.failures) == ("new" in delta)


TEST_EDITS: dict[str, tuple[str | None, str | None]] = {
    "mended": (BAD, BAD.replace("0", "1")),
    "broken": (FINE, FINE.replace("pass", "assert 0")),
    "shifted": (BAD, f"import os\n\n\n{BAD}"),
    "deleted": (BAD + FINE, FINE),
    "renamed": (BAD, BAD.replace("bad", "evil")),
    "gone": (BAD, None),
    "here": (BAD, None),
    "there": (None, BAD),
    "skipped": (BAD, f"import pytest\n\n\n@pytest.mark.skip\n{BAD}"),
    "deselected": (BAD, BAD),
    "hidden": (BAD + FINE, f"import nowhere\n{BAD}{FINE}"),
    "shown": (f"import nowhere\n{BAD}{FINE}", BAD + FINE),
}


async def test_a_test_is_fixed_or_new_only_where_it_ran_before_and_now(
    project: ProjectFactory,
) -> None:
    folder = project({"pyproject.toml": PLAIN.format("")})
    write(folder, {f"test_{name}.py": text for name, (text, _) in TEST_EDITS.items() if text})
    before = await verify(folder)
    edits = {f"test_{name}.py": after for name, (_, after) in TEST_EDITS.items()}
    edits["pyproject.toml"] = PLAIN.format(' -k "not deselected"')
    write(folder, edits)
    batch = await verify(folder)
    assert batch.delta is not None
    named = {one.file for one in batch.failures if one.new}
    assert named == {"test_broken.py", "test_hidden.py"}
    # The mended one and the collection of the last; the shifted one.
    assert batch.delta.lean() == {"fixed": 2, "new": 2, "same": 1, "unknown": 10}
    ids = [{one.file: one.id for one in each.failures} for each in (before, batch)]
    assert ids[0]["test_shifted.py"] == ids[1]["test_shifted.py"]


async def test_a_batch_over_targets_is_no_measure_for_the_next(project: ProjectFactory) -> None:
    folder = project({"pyproject.toml": PLAIN.format("")})
    write(folder, {"test_a.py": BAD, "test_b.py": BAD})
    await verify(folder)
    await verify(folder, Request(targets=["test_b.py"]))
    batch = await verify(folder)
    assert batch.delta is not None
    assert batch.delta.lean() == {"same": 2}
