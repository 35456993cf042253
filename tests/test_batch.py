"""The verdict tables of a batch, its counts, its summary and what changed since the last."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.batch import Finished, assemble, judge, remember
from mcp_server.models import Diagnostic, Outcome, Report, Step, Verdict

ROOT = Path("/project")
FINDING = Diagnostic(tool="ruff", message="unused", file="a.py", line=1, code="F401")


def step(tool: str = "ruff") -> Step:
    return Step(
        tool=tool, argv=(tool,), cwd=ROOT, root=ROOT, command=tool, source="Makefile:lint:1"
    )


def report(**more: object) -> Report:
    return Report(root=ROOT, cwd=ROOT, **{"status": 0, **more})  # type: ignore[arg-type]


def finished(
    verdict: Verdict = Verdict.PASSED,
    *findings: Diagnostic,
    tool: str = "ruff",
    tests: frozenset[str] = frozenset(),
) -> Finished:
    outcome = Outcome(diagnostics=findings, checked=True, finished=tests)
    return Finished(step(tool), verdict, outcome)


VERDICTS = {
    "proof and nothing found": (report(), Outcome(checked=True), Verdict.PASSED),
    "findings": (report(status=1), Outcome(diagnostics=(FINDING,), checked=True), Verdict.FAILED),
    "findings beside a good status": (report(), Outcome(diagnostics=(FINDING,)), Verdict.FAILED),
    "a good status without proof": (report(), Outcome(), Verdict.CRASHED),
    "a bad status without findings": (report(status=1), Outcome(checked=True), Verdict.CRASHED),
    "a problem beside findings": (
        report(status=2),
        Outcome(diagnostics=(FINDING,), problem="broken"),
        Verdict.CRASHED,
    ),
    "an empty problem": (report(status=2), Outcome(problem=""), Verdict.CRASHED),
    "a signal": (report(status=None, signal=11), Outcome(checked=True), Verdict.CRASHED),
    "too long": (report(status=None, timed_out=True), Outcome(), Verdict.TIMED_OUT),
    "not there": (report(status=None, missing="no mypy"), Outcome(), Verdict.MISSING),
    "nothing to check": (report(status=5), Outcome(nothing="no tests"), Verdict.NOT_RUN),
}


@pytest.mark.parametrize(("end", "outcome", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_a_step_gets_the_verdict_of_the_table(
    end: Report, outcome: Outcome, verdict: Verdict
) -> None:
    judged = judge(step(), end, outcome)
    assert judged.verdict is verdict
    assert (judged.reason is None) == (verdict in {Verdict.PASSED, Verdict.FAILED})


BATCHES = {
    "all green": ([Verdict.PASSED, Verdict.PASSED], "passed"),
    "one red": ([Verdict.PASSED, Verdict.FAILED], "failed"),
    "one crashed beside one red": ([Verdict.FAILED, Verdict.CRASHED], "incomplete"),
    "one timed out": ([Verdict.PASSED, Verdict.TIMED_OUT], "incomplete"),
    "one missing": ([Verdict.PASSED, Verdict.MISSING], "incomplete"),
    "one not run": ([Verdict.PASSED, Verdict.NOT_RUN], "incomplete"),
    "nothing to run": ([], "incomplete"),
}


@pytest.mark.parametrize(("verdicts", "whole"), BATCHES.values(), ids=BATCHES)
def test_a_batch_gets_the_verdict_of_the_table(verdicts: list[Verdict], whole: str) -> None:
    steps = [
        finished(one, *([FINDING] if one is Verdict.FAILED else []), tool=f"tool{index}")
        for index, one in enumerate(verdicts)
    ]
    assert assemble(steps, scope="full")[0].verdict == whole


def test_configuration_that_could_not_be_read_keeps_a_batch_from_passing() -> None:
    batch, _ = assemble([finished()], scope="full", problems=["pyproject.toml cannot be read"])
    assert batch.verdict == "incomplete"
    assert "configuration" in batch.summary


def test_the_summary_counts_findings_and_files() -> None:
    other = Diagnostic(tool="mypy", message="wrong", file="b.py", line=2, code="misc")
    batch, _ = assemble(
        [finished(Verdict.FAILED, FINDING), finished(Verdict.FAILED, other, tool="mypy")],
        scope="full",
    )
    assert batch.summary == "2 failures in 2 files: mypy 1, ruff 1"


def test_the_summary_names_what_was_not_verified() -> None:
    batch, _ = assemble([finished(Verdict.TIMED_OUT, tool="pytest")], scope="full")
    assert batch.summary == "not verified: pytest timed_out"


def test_an_also_entry_states_only_what_differs_from_its_head() -> None:
    cases = [
        Diagnostic(
            tool="pytest", file="a.py", line=3, code="AssertionError", message=message, test=test
        )
        for message, test in (("assert 1 == 2", "t.py::t[1]"), ("assert 3 == 4", "t.py::t[2]"))
    ]
    batch, _ = assemble([finished(Verdict.FAILED, *cases, tool="pytest")], scope="full")
    (only,) = batch.lean()["failures"]
    assert only["also"] == [{"message": "assert 3 == 4", "test": "t.py::t[2]"}]


def test_a_long_message_is_cut_with_the_cut_stated() -> None:
    long = Diagnostic(tool="ruff", message="x" * 5000, file="a.py", line=1)
    batch, groups = assemble([finished(Verdict.FAILED, long)], scope="full")
    assert batch.failures[0].message.endswith(
        "[3500 more characters: ask for this failure by its id]"
    )
    assert groups[0].head.message == "x" * 5000


def test_absent_fields_cost_nothing_in_the_json() -> None:
    batch, _ = assemble([finished()], scope="full")
    assert batch.json_text() == (
        f'{{"schema":"hdb.batch/1","id":"{batch.id}","verdict":"passed","scope":"full",'
        '"summary":"the only check passed: ruff",'
        '"steps":[{"tool":"ruff","verdict":"passed","command":"ruff","source":"Makefile:lint:1"}]}'
    )


def case(name: str) -> Diagnostic:
    return Diagnostic(
        tool="pytest", file="t.py", line=1, code="E", message=name, test=f"t.py::{name}"
    )


def run(
    *failing: str, passing: tuple[str, ...] = (), verdict: Verdict = Verdict.FAILED
) -> Finished:
    tests = frozenset(f"t.py::{name}" for name in (*failing, *passing))
    return finished(verdict, *(case(name) for name in failing), tool="pytest", tests=tests)


DELTAS = {
    "mended, broken and still failing": (
        run("old", "stays", passing=("fine",)),
        run("stays", "fine", passing=("old",)),
        {"fixed": 1, "new": 1, "same": 1},
    ),
    "a test that did not run this time is neither": (
        run("old"),
        run(passing=("other",), verdict=Verdict.PASSED),
        {"unknown": 1},
    ),
    "a test that was not there before is not a regression": (
        run(passing=("fine",), verdict=Verdict.PASSED),
        run("added", passing=("fine",)),
        {"unknown": 1},
    ),
}


@pytest.mark.parametrize(("before", "after", "delta"), DELTAS.values(), ids=DELTAS)
def test_only_what_both_runs_finished_is_compared(
    before: Finished, after: Finished, delta: dict[str, int]
) -> None:
    previous = remember([before], assemble([before], scope="full")[1])
    batch, _ = assemble([after], scope="full", previous=previous)
    assert batch.delta is not None
    assert batch.delta.lean() == delta


def test_a_finding_of_a_checker_that_crashed_this_time_is_not_fixed() -> None:
    before = finished(Verdict.FAILED, FINDING)
    previous = remember([before], assemble([before], scope="full")[1])
    batch, _ = assemble([finished(Verdict.CRASHED)], scope="full", previous=previous)
    assert batch.delta is not None
    assert batch.delta.lean() == {"unknown": 1}
