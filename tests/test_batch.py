"""The verdict tables of a batch, its counts, its summary and what it shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mcp_server import store
from mcp_server.batch import Finished, assemble, judge, remember
from mcp_server.checkers import checkers
from mcp_server.contract import Batch
from mcp_server.models import Diagnostic, Outcome, Report, Step, Verdict
from mcp_server.paging import batch_page
from mcp_server.views import stored_batch
from tests.findings import findings

ROOT = Path("/project")
FINDING = Diagnostic(tool="ruff", message="unused", file="a.py", line=1, code="F401")


def step(tool: str = "ruff") -> Step:
    return Step(
        tool=tool, argv=(tool,), cwd=ROOT, root=ROOT, command=tool, source="Makefile:lint:1"
    )


def report(**more: object) -> Report:
    return Report(root=ROOT, cwd=ROOT, **{"status": 0, **more})  # type: ignore[arg-type]


def finished(
    verdict: Verdict = Verdict.PASSED, *findings: Diagnostic, tool: str = "ruff"
) -> Finished:
    outcome = Outcome(diagnostics=findings, checked=True)
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


ADDRESSES = ("0x7f0000000001", "0x7f0000000002")


def test_what_changes_from_run_to_run_is_shown_the_same_and_kept_as_it_was() -> None:
    found = [
        Diagnostic(
            tool="pytest",
            file="a.py",
            line=3,
            code="ValueError",
            message=f"no <A at {at}> in /tmp/tmp{at[-1] * 8}/x",
            test=f"t.py::t[<A at {at}>]",
        )
        for at in ADDRESSES
    ]
    for one in found:
        batch, groups = assemble([finished(Verdict.FAILED, one, tool="pytest")], scope="full")
        (shown,) = batch.failures
        assert (shown.message, shown.test) == (
            "no <A at 0x#> in /tmp/tmp#/x",
            "t.py::t[<A at 0x#>]",
        )
        assert groups[0].head == one
    both, _ = assemble([finished(Verdict.FAILED, *found, tool="pytest")], scope="full")
    # They look alike, and are two findings all the same.
    assert [one.lean() for one in both.failures[0].also] == [{}]
    assert both.steps[0].failures == 2


def test_a_reason_is_the_same_in_every_run() -> None:
    reasons = set()
    for at, seconds in zip(ADDRESSES, (4.1, 5.9), strict=True):
        ended = report(status=None, timed_out=True, seconds=seconds, limit=4.0)
        over = judge(step(), ended, Outcome(problem=f"Thread {at} in <A at {at}>"))
        reasons.add(assemble([over], scope="full")[0].steps[0].reason)
    (only,) = reasons
    assert only is not None
    assert "Thread 0x# in <A at 0x#>" in only


def test_every_one_of_20000_findings_is_on_the_pages_of_the_stored_batch() -> None:
    """From a tool's report to what an agent reads, page by page."""
    places = [
        (f"src/m{number % 700}.py", number // 700 + 1, ("F401", "E501", "F841")[number % 3])
        for number in range(20_000)
    ]
    records = [
        {
            "filename": f"/project/{file}",
            "location": {"row": line, "column": 1},
            "code": code,
            "message": f"finding {chr(97 + number % 26)} of <A at {ADDRESSES[number % 2]}> " * 2,
        }
        for number, (file, line, code) in enumerate(places)
    ]
    text = "\n".join(map(json.dumps, records))
    ended = report(status=1, stdout=text)
    over = [judge(step(), ended, checkers()["ruff"].parse(ended))]
    batch, groups = assemble(over, scope="full")
    assert batch.summary == "20000 failures in 700 files: ruff 20000"
    store.save(ROOT, batch, groups, remember(over, groups))
    pages: list[Batch] = []
    cursor: str | None = f"{batch.id}:0"
    while cursor:
        pages.append(batch_page(*stored_batch(ROOT, cursor)))
        cursor = pages[-1].next
    shown = [(one["file"], one["line"], one["code"]) for page in pages for one in findings(page)]
    assert sorted(shown) == sorted(places)
    again, _ = assemble(over, scope="full", previous=store.previous(ROOT))
    assert again.delta is not None
    assert again.delta.lean() == {"same": 20_000}
