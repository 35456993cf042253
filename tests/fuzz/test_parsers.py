"""No parser raises, none is green without proof, and every outcome makes a batch."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_server.checkers import checkers
from mcp_server.checkers.base import diff_places, json_document
from mcp_server.models import Report, Verdict
from tests.fuzz import streams
from tests.fuzz.__main__ import shrunk
from tests.fuzz.mutations import recorded
from tests.fuzz.properties import (
    TASK,
    Case,
    any_case,
    from_damage,
    from_stream,
    hold,
    hold_batch,
    hold_reading,
    is_position,
    parse,
    parsers,
)
from tests.fuzz.values import says_something, seeded
from tests.recordings import ROOT

PROFILE = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
NEVER_READ = {"script"}
"""A single command that the project states for hdb is believed."""
ends = st.sampled_from([0, 0, 1, 2, 5, 123, None])
texts = st.one_of(
    st.text(min_size=1),
    st.binary(min_size=1).map(lambda raw: raw.decode("utf-8", "backslashreplace")),
).filter(lambda text: bool(text.strip()) and says_something(text))
randoms = st.randoms(use_true_random=False)


@pytest.mark.parametrize("tool", sorted({*parsers()} - NEVER_READ))
@PROFILE
@given(stdout=texts, stderr=st.one_of(st.just(""), texts), record=st.text(), status=ends)
def test_garbage_is_never_green(
    tool: str, stdout: str, stderr: str, record: str, status: int | None
) -> None:
    report = Report(root=ROOT, cwd=ROOT, status=status, stdout=stdout, stderr=stderr, record=record)
    hold(Case(tool, report, hopeless=True))


@pytest.mark.parametrize("tool", parsers())
@PROFILE
@given(rnd=randoms)
def test_no_report_breaks_a_parser_or_turns_a_bad_end_green(tool: str, rnd: Random) -> None:
    hold(any_case(tool, rnd))


@pytest.mark.parametrize("tool", [name for name in checkers() if len(recorded(name)) > 1])
@PROFILE
@given(rnd=randoms)
def test_a_failing_report_that_lost_lines_is_never_green(tool: str, rnd: Random) -> None:
    case = from_damage(tool, rnd)
    if case.report.status == 0:
        case = replace(case, report=replace(case.report, status=1))
    assert hold(case) is not Verdict.PASSED


@settings(PROFILE, max_examples=300)
@given(rnd=randoms)
def test_records_without_an_end_are_never_green(rnd: Random) -> None:
    report = streams.without_finish(rnd)
    assert hold(Case("pytest", report, hopeless=True)) is not Verdict.PASSED
    assert hold(Case(TASK, report, hopeless=True)) is not Verdict.PASSED


@settings(PROFILE, max_examples=300)
@given(rnd=randoms)
def test_records_in_any_order_and_of_any_type_are_read(rnd: Random) -> None:
    hold(from_stream("pytest", rnd))


@settings(PROFILE, max_examples=150)
@given(rnd=randoms)
def test_every_outcome_makes_a_batch_that_can_be_sent_and_compared(rnd: Random) -> None:
    hold_batch([any_case(rnd.choice(parsers()), rnd) for _ in range(rnd.randint(1, 4))])


@settings(PROFILE, max_examples=300)
@given(rnd=randoms)
def test_the_shared_readers_take_any_text(rnd: Random) -> None:
    hold_reading(rnd)


@settings(PROFILE, max_examples=300)
@given(text=st.text(alphabet='-+@ ,0123456789\n\t[]{}:"ab\x1bm\u0663'))
def test_differences_and_documents_are_read_from_any_signs(text: str) -> None:
    assert all(is_position(line) for _, line, _ in diff_places(f"--- a\n+++ b\n@@ -{text}"))
    json_document(text)


# That these can fail


@pytest.mark.parametrize("tool", parsers())
def test_what_is_fed_reaches_good_and_bad_ends(tool: str) -> None:
    seen = {hold(any_case(tool, seeded(seed))) for seed in range(600)}
    assert {Verdict.PASSED, Verdict.CRASHED, Verdict.TIMED_OUT} <= seen
    assert seen & {Verdict.FAILED, Verdict.NOT_RUN}


def test_a_true_stream_of_records_is_green_or_red() -> None:
    ends = {hold(Case("pytest", streams.truthful(seeded(seed)))) for seed in range(50)}
    assert ends == {Verdict.PASSED, Verdict.FAILED, Verdict.NOT_RUN}


def test_a_fault_is_shown_by_its_smallest_example(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(report: Report) -> None:
        assert "wrong" not in report.stdout

    monkeypatch.setattr(checkers()["ruff"], "parse", faulty)
    report = Report(root=ROOT, cwd=ROOT, status=0, stdout="a\nb\nwrong\nc\n", stderr="d\ne")
    case = Case("ruff", report)
    with pytest.raises(AssertionError) as raised:
        parse(case)
    small = shrunk(case, raised.value)
    assert (small.report.stdout, small.report.stderr) == ("wrong", "")
