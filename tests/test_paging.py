"""Pages of a result are small enough, whatever it holds, and together they hold all of it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mcp_server.contract import (
    Also,
    Batch,
    CommandView,
    ConventionsView,
    EnvironmentView,
    Failure,
    FailureDetail,
    Finding,
    ProjectView,
    StepResult,
)
from mcp_server.errors import UsageError
from mcp_server.lengths import encoded, parts, share, shortened, size
from mcp_server.paging import (
    CONTINUED,
    PAGE_BYTES,
    batch_page,
    conventions_page,
    failure_page,
    read_cursor,
)
from mcp_server.wire import Wire

CLIENT_CHARACTERS = 50_000
LIMIT = 8_000
"""A small page, so that small results fill several."""
FAST = settings(
    derandomize=True, deadline=None, database=None, max_examples=40, phases=[Phase.generate]
)

AnyWire = TypeVar("AnyWire", bound=Wire)


def numbered(many: Sequence[AnyWire]) -> tuple[AnyWire, ...]:
    return tuple(one.model_copy(update={"id": f"{at:04x}"}) for at, one in enumerate(many))


# Letters, what JSON escapes with two characters and with six, and what counts as two.
TEXTS = st.builds(
    lambda piece, times: piece * times,
    st.text("aé\n\"\\\x01\x1b\U0001f600 '", max_size=8),
    st.sampled_from([1, 1, 1, 40, 900, 2500]),
)
MAYBE = st.none() | TEXTS
ALSO = st.builds(Also, tool=MAYBE, file=MAYBE, code=MAYBE, message=MAYBE, test=MAYBE)
FAILURES = st.lists(
    st.builds(
        Failure, id=st.just(""), tool=TEXTS, file=MAYBE, line=st.none() | st.integers(1, 10**6),
        code=MAYBE, message=TEXTS, symbol=MAYBE, test=MAYBE,
        also=st.lists(ALSO, max_size=12).map(tuple),
    ),
    max_size=12,
).map(numbered)  # fmt: skip
STEPS = st.lists(
    st.builds(
        StepResult, tool=TEXTS, verdict=st.sampled_from(["passed", "crashed"]), command=TEXTS,
        source=TEXTS, ran=MAYBE, reason=MAYBE, passed=st.integers(0, 9),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
BATCHES = st.builds(
    Batch, schema=st.just("hdb.batch/1"), id=st.just("abc123"), verdict=st.just("incomplete"),
    scope=st.just("full"), summary=TEXTS, problems=st.lists(TEXTS, max_size=4).map(tuple),
    steps=STEPS, failures=FAILURES,
)  # fmt: skip
FINDINGS = st.lists(
    st.builds(
        Finding, id=st.just(""), tool=MAYBE, file=MAYBE, line=st.none() | st.integers(1, 10**6),
        message=MAYBE, test=MAYBE, detail=MAYBE, source=MAYBE,
    ),
    min_size=1, max_size=5,
).map(numbered)  # fmt: skip
COMMANDS = st.lists(
    st.builds(CommandView, tool=TEXTS, command=TEXTS, source=TEXTS, sure=st.booleans()), max_size=6
).map(tuple)
PROJECTS = st.lists(
    st.builds(
        ProjectView, path=TEXTS,
        environment=st.builds(EnvironmentView, kind=TEXTS, ready=st.booleans(), problem=MAYBE),
        roles=st.dictionaries(
            st.sampled_from(["test", "lint"]), COMMANDS.filter(bool), max_size=2
        ),
        runners_up=st.dictionaries(
            st.sampled_from(["test", "lint"]), COMMANDS.filter(bool), max_size=2
        ),
    ),
    max_size=5,
).map(tuple)  # fmt: skip


def batch(failures: int, also: int = 0) -> Batch:
    return Batch(
        schema="hdb.batch/1",
        id="abc123",
        verdict="failed",
        scope="full",
        summary="many",
        steps=(StepResult(tool="ruff", verdict="failed", command="ruff", source="x"),),
        failures=tuple(
            Failure(
                id=f"{number:06}",
                tool="ruff",
                message="m" * 40,
                also=tuple(Also(test=f"t.py::t[{case}]") for case in range(also)),
            )
            for number in range(failures)
        ),
    )


def detail(*findings: Finding) -> FailureDetail:
    return FailureDetail(schema="hdb.failure/1", id="abcd", batch="abc123", findings=findings)


def follow(ask: Callable[[str], AnyWire]) -> list[AnyWire]:
    """Return all pages of a result, each asked for by the cursor of the one before."""
    found = [ask("")]
    while cursor := getattr(found[-1], "next"):  # noqa: B009 - every kind of result has it
        found.append(ask(cursor))
    return found


def pages(whole: Batch, limit: int = LIMIT) -> list[Batch]:
    return follow(lambda cursor: batch_page(whole, read_cursor(cursor)[1] if cursor else 0, limit))


def as_sent(record: Wire) -> int:
    """Return the length of a result as a client counts it, of the larger of its two forms."""
    structured = json.dumps(record.lean(), ensure_ascii=False, separators=(",", ":"))
    return max(len(one.encode()) for one in (structured, record.json_text()))


def is_shown(shown: str | None, whole: str | None) -> bool:
    """Tell whether a text is shown, whole or cut with the note that says so."""
    if shown == whole:
        return True
    kept, _, note = (shown or "").rpartition("[")
    return "more characters" in note and (whole or "").startswith(kept.rstrip(" \n"))


def all_shown(shown: Wire, whole: Wire, *names: str) -> bool:
    return all(is_shown(getattr(shown, name), getattr(whole, name)) for name in names)


def rejoined(texts: Iterator[str]) -> list[str]:
    """Return texts whose continuations stand after them as what they were."""
    found: list[str] = []
    for text in texts:
        if text.startswith(CONTINUED):
            found[-1] += text.removeprefix(CONTINUED)
        else:
            found.append(text)
    return found


@FAST
@given(BATCHES, st.sampled_from([LIMIT, PAGE_BYTES]))
def test_a_batch_is_whole_in_its_pages_and_none_is_too_long(whole: Batch, limit: int) -> None:
    found = pages(whole, limit)
    assert all(as_sent(one) <= limit for one in found)
    assert found == pages(whole, limit)
    assert rejoined(one for each in found for one in each.problems) == list(whole.problems)
    shown = [one for each in found for one in each.failures]
    heads = [next(many) for _, many in itertools.groupby(shown, key=lambda one: one.id)]
    assert [one.id for one in heads] == [one.id for one in whole.failures]
    members: dict[str, tuple[Also, ...]] = {}
    for one in shown:
        members[one.id] = (*members.get(one.id, ()), *one.also)
    for one, head in zip(whole.failures, heads, strict=True):
        assert all_shown(head, one, "tool", "file", "line", "code", "message", "symbol", "test")
        for also, member in zip(one.also, members[one.id], strict=True):
            assert all_shown(member, also, "tool", "file", "code", "message", "test")


@FAST
@given(STEPS)
def test_a_step_says_its_whole_reason_and_counts_once(steps: tuple[StepResult, ...]) -> None:
    whole = batch(0).model_copy(update={"steps": steps})
    found = [one for each in pages(whole) for one in each.steps]
    continued = [one for one in found if (one.reason or "").startswith(CONTINUED)]
    first = [one for one in found if one not in continued]
    assert sum(one.passed for one in found) == sum(one.passed for one in steps)
    assert rejoined(one.reason or "" for one in found) == [one.reason or "" for one in steps]
    for one, step in zip(first, steps, strict=True):
        assert one.verdict == step.verdict
        assert all_shown(one, step, "tool", "command", "source", "ran")


@FAST
@given(FINDINGS, st.sampled_from([LIMIT, PAGE_BYTES]))
def test_every_text_of_a_failure_goes_on_where_it_stopped(
    findings: tuple[Finding, ...], limit: int
) -> None:
    whole = detail(*findings)
    found = follow(lambda cursor: failure_page(whole, cursor, limit))
    assert all(as_sent(one) <= limit for one in found)
    merged: dict[str, dict[str, str | int]] = {}
    for one in (one.lean() for each in found for one in each.findings):
        have = merged.setdefault(one["id"], {})
        for name, value in one.items():
            together = isinstance(value, str) and name in have and name != "id"
            have[name] = f"{have[name]}{value}" if together else value
    assert list(merged.values()) == [one.lean() for one in findings]


@FAST
@given(PROJECTS, st.lists(TEXTS, max_size=3).map(tuple), TEXTS)
def test_conventions_are_whole_in_their_pages_and_none_is_too_long(
    projects: tuple[ProjectView, ...], problems: tuple[str, ...], root: str
) -> None:
    whole = ConventionsView(
        schema="hdb.conventions/1", root=root, projects=projects, problems=problems
    )
    found = follow(lambda cursor: conventions_page(whole, cursor, LIMIT))
    assert all(as_sent(one) <= LIMIT for one in found)
    assert rejoined(one for each in found for one in each.problems) == list(problems)
    for of, name in product(("roles", "runners_up"), ("test", "lint")):
        shown = [
            one
            for each in found
            for project in each.projects
            for one in getattr(project, of).get(name, ())
        ]
        wanted = [one for project in projects for one in getattr(project, of).get(name, ())]
        for one, command in zip(shown, wanted, strict=True):
            assert all_shown(one, command, "tool", "command", "source", "reason")


WORST = {
    "20,000 failures": batch(20_000),
    "one failure with 20,000 findings": batch(1, 20_000),
    "300 steps with long reasons": batch(0).model_copy(
        update={
            "steps": tuple(
                StepResult(
                    tool="make", verdict="crashed", command="make", source=f"Makefile:{at}",
                    reason=f"{at} " + "went wrong\n" * 300,
                )
                for at in range(300)
            )
        }
    ),
    "a test's id of 100,000 characters": batch(0).model_copy(
        update={"failures": (Failure(id="1", tool="pytest", message="", test="t" * 100_000),)}
    ),
    "messages of nothing but escapes": batch(0).model_copy(
        update={
            "failures": tuple(
                Failure(id=f"{at:x}", tool="ruff", message="\x1b" * 1_500) for at in range(50)
            )
        }
    ),
    "thousands of problems": batch(0).model_copy(
        update={"problems": tuple(f"{at}.toml cannot be read" for at in range(5_000))}
    ),
}  # fmt: skip


@pytest.mark.parametrize("whole", WORST.values(), ids=WORST)
def test_no_page_is_longer_than_a_client_takes(whole: Batch) -> None:
    found = pages(whole, PAGE_BYTES)
    assert all(as_sent(one) < CLIENT_CHARACTERS for one in found)
    assert len({one.id for each in found for one in each.failures}) == len(whole.failures)
    members = [one.test for each in found for failure in each.failures for one in failure.also]
    assert members == [one.test for failure in whole.failures for one in failure.also]
    assert len([one for each in found for one in each.steps]) == len(whole.steps)
    assert [one for each in found for one in each.problems] == list(whole.problems)


def test_a_page_costs_no_more_than_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = 0

    def counted(text: str) -> int:
        nonlocal measured
        measured += 1
        return size(text)

    monkeypatch.setattr("mcp_server.filling.size", counted)
    assert len(pages(batch(20_000), PAGE_BYTES)) > 20
    assert measured < 2 * 20_000


def test_a_batch_that_fits_is_one_page_without_a_cursor() -> None:
    assert batch_page(batch(3)) == batch(3)


def test_the_steps_are_told_once() -> None:
    first, second, *_ = pages(batch(500))
    assert first.steps
    assert not second.steps


def test_what_fits_on_one_page_is_not_divided() -> None:
    failures = batch(8, 40).failures
    assert all(
        one.also == failures[0].also for each in pages(batch(8, 40)) for one in each.failures
    )


def test_a_text_that_was_cut_says_who_shows_all_of_it() -> None:
    (only,) = pages(WORST["a test's id of 100,000 characters"])
    (failure,) = only.failures
    assert "more characters: ask for this failure by its id]" in (failure.test or "")


def test_the_summary_is_said_in_short_on_later_pages() -> None:
    first, second, *_ = pages(batch(500).model_copy(update={"summary": "s" * 1000}))
    assert first.summary == "s" * 1000
    assert len(second.summary) <= 300


def test_parts_are_the_same_on_every_page_whatever_room_it_has() -> None:
    whole = batch(0).model_copy(update={"summary": "s" * 5_000, "problems": ("p" * 50_000,)})
    found = pages(whole)
    assert len(found) > 2
    assert rejoined(one for each in found for one in each.problems) == ["p" * 50_000]


def test_there_is_no_page_past_the_end() -> None:
    with pytest.raises(UsageError, match="past the end"):
        batch_page(batch(3), 4)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "abc",
        "abc:",
        ":1",
        "abc:-1",
        "abc:\N{ARABIC-INDIC DIGIT ONE}",
        "abc:1x",
        "abc:1\n",
        "abc:" + "9" * 20,
    ],
)
def test_any_other_text_is_no_cursor(cursor: str) -> None:
    with pytest.raises(UsageError, match="is no cursor"):
        read_cursor(cursor)


def test_a_cursor_of_what_has_changed_since_is_refused() -> None:
    before = detail(Finding(id="1", detail="d" * 90_000))
    cursor = failure_page(before).next or ""
    assert failure_page(before, cursor).findings
    with pytest.raises(UsageError, match="ask again without a cursor"):
        failure_page(detail(Finding(id="1", detail="e" * 90_000)), cursor)


@FAST
@given(TEXTS, st.integers(1, 500))
def test_parts_of_a_text_fit_and_are_the_text(text: str, room: int) -> None:
    found = list(parts(text, max(room, 6)))
    assert "".join(found) == text
    assert all(found) or not text
    assert all(encoded(one) <= max(room, 6) for one in found)


@FAST
@given(TEXTS, st.integers(20, 500))
def test_a_shortened_text_fits_and_says_how_much_is_missing(text: str, room: int) -> None:
    found = shortened(text, room, lambda count: f"[{count} more]")
    assert encoded(found) <= room
    if found != text:
        kept, _, note = found.rpartition("[")
        assert text.startswith(kept)
        assert note == f"{len(text) - len(kept)} more]"


@FAST
@given(st.lists(st.integers(0, 100), min_size=1), st.integers(0, 2000))
def test_what_short_texts_do_not_need_is_for_the_long_ones(sizes: list[int], room: int) -> None:
    most = share(sizes, room)
    assert sum(min(one, most) for one in sizes) <= room or most == 0
    if sum(sizes) <= room:
        assert most == max(sizes)
