"""Which findings count as introduced, as known and as unknown, whatever the tools are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcp_server.finished import Finished
from mcp_server.models import Diagnostic, Outcome, Step, Verdict
from mcp_server.since.compare import Mark, Origin, compare_static, compare_tests, rewritten
from mcp_server.since.history import History, kept_lines

ROOT = Path("/project")
OLD = b"import os\nimport re\n\nx = 1\n"
NEW = b"import os\nimport sys\nimport re\n\nx = 2\n"
HISTORY = History(
    added=frozenset({"new.py", "made/a.py", "to/m.py"}),
    touched=frozenset({"a.py", "new.py", "made/a.py", "to/m.py"}),
    kept={"a.py": kept_lines(OLD, NEW), "to/m.py": kept_lines(OLD, NEW)},
    there=frozenset({"a.py", "b.py", "t.py", "u.py", "m.py"}),
    moved={"to/m.py": "m.py"},
)


def lint(line: int | None, message: str = "unused", file: str = "a.py", **more: str) -> Diagnostic:
    return Diagnostic(tool="ruff", message=message, file=file, line=line, code="F401", **more)  # type: ignore[arg-type]


def ran(
    *found: Diagnostic,
    verdict: Verdict = Verdict.FAILED,
    partial: bool = False,
    ended: tuple[str, ...] = (),
) -> Finished:
    step = Step(tool="x", argv=("x",), cwd=ROOT, root=ROOT, command="x", source="x")
    outcome = Outcome(diagnostics=found, partial=partial, finished=frozenset(ended))
    return Finished(step, verdict, outcome)


def test_lines_are_followed_to_where_they_stood() -> None:
    assert kept_lines(OLD, NEW) == {1: 1, 3: 2, 4: 3}
    assert kept_lines(b"", b"a\n") == {}
    assert kept_lines(b"a\n", b"a\n") == {1: 1}


SYNTAX = lint(9, "expected ':'", topic="syntax")
DIFF = "--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n import os\n-import sys\n+import  sys\n import re\n"
MISFORMED = lint(4, topic="format", detail=DIFF)
STATIC: dict[str, tuple[list[Diagnostic], Finished | None, list[Mark]]] = {
    "on a line that was there, and found there": ([lint(3)], ran(lint(2)), ["known"]),
    "on a line that was there, and not found": ([lint(3)], ran(), ["introduced"]),
    "on a line of the change": ([lint(2)], ran(lint(2)), ["introduced"]),
    "on a line of the change, and nothing was run": ([lint(2)], None, ["introduced"]),
    "of equal ones, that on the line of the change": (
        [lint(1), lint(2), lint(3)],
        ran(lint(1), lint(2)),
        ["known", "introduced", "known"],
    ),
    "twice on a line, and once there": (
        [lint(3), replace(lint(3), column=9)],
        ran(lint(2)),
        ["known", "introduced"],
    ),
    "in a new file": ([lint(1, file="new.py")], None, ["introduced"]),
    "in a moved file, found there": (
        [lint(3, file="to/m.py")],
        ran(lint(2, file="m.py")),
        ["known"],
    ),
    "in a moved file, not found there": ([lint(3, file="to/m.py")], ran(), ["introduced"]),
    "in a moved file, on a line of the change": (
        [lint(2, file="to/m.py")],
        ran(lint(2, file="m.py")),
        ["introduced"],
    ),
    "in a new folder": ([lint(None, file="made")], None, ["introduced"]),
    "in a file that is in neither": ([lint(1, file="ignored.py")], ran(), ["unknown"]),
    "where nothing was run": ([lint(3)], None, ["unknown"]),
    "where the check crashed": ([lint(3)], ran(verdict=Verdict.CRASHED), ["unknown"]),
    "where the check stopped": ([lint(3)], ran(partial=True), ["unknown"]),
    "where the check crashed after it": (
        [lint(3)],
        ran(lint(2), verdict=Verdict.CRASHED),
        ["known"],
    ),
    "in a file that did not parse there": ([lint(3)], ran(SYNTAX), ["unknown"]),
    "found elsewhere in the file there": ([lint(3)], ran(lint(4)), ["unknown"]),
    "with another number": ([lint(3, "11 > 10")], ran(lint(2, "12 > 10")), ["known"]),
    "without a place": ([lint(None)], ran(lint(None)), ["known"]),
    "of the whole file": (
        [lint(1, topic="import-order")],
        ran(lint(2, topic="import-order")),
        ["known"],
    ),
    "of the whole file, where the change is": ([MISFORMED], ran(lint(9)), ["introduced"]),
}


@pytest.mark.parametrize("case", STATIC)
def test_a_finding_in_code(case: str) -> None:
    found, there, expected = STATIC[case]
    marks = compare_static(found, there, HISTORY)
    assert [marks[one] for one in found] == expected


def test_nothing_is_known_of_a_check_that_read_other_code() -> None:
    found = [lint(3), lint(1), lint(2)]
    marks = compare_static(found, ran(lint(2)), HISTORY, own=False)
    assert [marks[one] for one in found] == ["unknown", "unknown", "introduced"]


def test_a_check_that_lacked_code_proves_nothing_by_what_it_did_not_find() -> None:
    found = [lint(3), lint(1), lint(2)]
    marks = compare_static(found, ran(lint(2)), HISTORY, whole=False)
    assert [marks[one] for one in found] == ["known", "unknown", "introduced"]


def failed(test: str | None, message: str = "assert 0", file: str = "b.py") -> Diagnostic:
    code = "AssertionError"
    return Diagnostic(tool="pytest", message=message, file=file, line=1, code=code, test=test)


def origin(*found: str) -> Origin:
    return Origin(
        proven=True, gathered=True, found=frozenset(found), files=frozenset({"t.py", "u.py"})
    )


GONE = failed("t.py")
TESTS: dict[str, tuple[Diagnostic, Finished | None, Origin, Mark]] = {
    "passed there": (failed("t.py::a"), ran(ended=("t.py::a",)), origin("t.py::a"), "introduced"),
    "failed so there": (
        failed("t.py::a"),
        ran(failed("t.py::a"), ended=("t.py::a",)),
        origin("t.py::a"),
        "known",
    ),
    "failed otherwise there": (
        failed("t.py::a", "assert 1"),
        ran(failed("t.py::a", "assert 2"), ended=("t.py::a",)),
        origin("t.py::a"),
        "unknown",
    ),
    "failed there on another line": (
        failed("t.py::a"),
        ran(replace(failed("t.py::a"), line=2), ended=("t.py::a",)),
        origin("t.py::a"),
        "unknown",
    ),
    "failed there on the line that moved": (
        replace(failed("t.py::a", file="a.py"), line=3),
        ran(replace(failed("t.py::a", file="a.py"), line=2), ended=("t.py::a",)),
        origin("t.py::a"),
        "known",
    ),
    "came there to the line from another": (
        replace(failed("t.py::a"), detail="t.py:5: \nb.py:1: AssertionError"),
        ran(replace(failed("t.py::a"), detail="t.py:4: \nb.py:1: AssertionError")),
        origin("t.py::a"),
        "unknown",
    ),
    "failed so there in a file that has moved": (
        failed("to/m.py::a"),
        ran(failed("m.py::a"), ended=("m.py::a",)),
        origin("m.py::a"),
        "known",
    ),
    "did not end there": (failed("t.py::a"), ran(), origin("t.py::a"), "unknown"),
    "was not there": (failed("u.py::a"), ran(), origin(), "introduced"),
    "was there with other parameters, in a file that nobody touched": (
        failed("u.py::a[1]"),
        ran(),
        origin("u.py::a"),
        "unknown",
    ),
    "has an address in its name": (
        failed("u.py::a[<A object at 0x7f3d42fb7a50>]"),
        ran(),
        origin(),
        "unknown",
    ),
    "was in a file that was not collected": (failed("b.py::a"), ran(), origin(), "unknown"),
    "is in a new file": (failed("new.py::a"), None, Origin(), "introduced"),
    "fails on a line of the change": (
        failed("t.py::a", file="new.py"),
        None,
        Origin(),
        "introduced",
    ),
    "ran other code": (
        failed("t.py::a"),
        ran(failed("t.py::a"), ended=("t.py::a",)),
        Origin(),
        "unknown",
    ),
    "a subtest whose test passed": (
        failed("t.py::a (i=1)"),
        ran(ended=("t.py::a",)),
        origin("t.py::a"),
        "introduced",
    ),
    "another subtest failed": (
        failed("t.py::a (i=1)"),
        ran(failed("t.py::a (i=2)"), ended=("t.py::a",)),
        origin("t.py::a"),
        "introduced",
    ),
    "could be collected": (GONE, ran(), origin(), "introduced"),
    "could not be collected": (GONE, ran(GONE), origin(), "known"),
    "could not be collected otherwise": (failed("b.py"), ran(), origin(), "unknown"),
    "a conftest was fine": (failed(None), ran(), origin(), "introduced"),
}


@pytest.mark.parametrize("case", TESTS)
def test_a_test_that(case: str) -> None:
    one, there, told, expected = TESTS[case]
    assert compare_tests([one], there, told, HISTORY) == {one: expected}


def test_coverage_is_unknown_without_a_run_of_every_test() -> None:
    one = Diagnostic(tool="pytest", message="total of 50", code="coverage")
    assert compare_tests([one], ran(), origin(), HISTORY) == {one: "unknown"}


@pytest.mark.parametrize(
    ("diff", "lines"),
    [
        ("@@ -3,3 +3,3 @@\n a\n-b\n+c\n d\n", {4}),
        ("@@ -3,2 +3,4 @@\n a\n+\n+\n d\n", {3, 4}),
        ("@@ -1 +1,2 @@\n+a\n b\n@@ -9 +10 @@\n-c\n+d\n\\ No newline at end of file\n", {1, 9}),
        ("", set()),
    ],
)
def test_a_formatters_diff_names_the_lines_it_would_write(diff: str, lines: set[int]) -> None:
    assert rewritten(diff) == lines
