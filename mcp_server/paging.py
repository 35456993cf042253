"""Cuts results into pages that a client takes whole; nothing is left out, it only follows.

A cursor is the name of a result and a position in it, so that a page costs no more than itself.
A position counts the things that a result lists, and the members that each of them has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from mcp_server.contract import Batch, ConventionsView, FailureDetail, Finding, StepResult
from mcp_server.errors import UsageError
from mcp_server.filling import PORTION, Entry, Filled, Served, fill, fitted, measure
from mcp_server.lengths import encoded, parts, shortened
from mcp_server.wire import Wire

PAGE_BYTES = 39_000
"""A page's size in UTF-8, which every client in docs/clients.md shows whole.

Gemini CLI cuts above 40,000 characters, with 41 of its own, Codex CLI above 48,000 bytes.
"""
SUMMARY_CHARACTERS = 300
"""How much of the summary is said again on the pages after the first."""
FRAME = 200
"""What the names of a page's lists and its cursor take up."""
NAMED = 30
"""What the name of a field takes up, or the word that a text is continued."""
CONTINUED = "[continued] "
CURSOR = re.compile(r"([0-9a-f]{1,64}):([0-9]{1,12})")

AnyWire = TypeVar("AnyWire", bound=Wire)


def batch_page(batch: Batch, start: int = 0, limit: int = PAGE_BYTES) -> Batch:
    """Return the page of a batch that begins at a position; `next` is the cursor of what follows.

    The steps stand before the failures, once. Raises `UsageError` for a position past the end.
    """
    summary = min(SUMMARY_CHARACTERS, limit // PORTION) if start else limit // PORTION
    head = batch.model_copy(
        update={
            "summary": shortened(batch.summary, summary, _in_steps),
            **({"root": None, "delta": None, "left_out": None, "since": None} if start else {}),
            **dict.fromkeys(("problems", "steps", "failures", "advice"), ()),
        }
    )
    room = limit - FRAME - measure(head)
    # The parts of a text are the same for every page, whatever room it has.
    return page(head, batch.id, fill(_of_batch(batch, limit // 4), start, room))


def failure_page(detail: FailureDetail, cursor: str = "", limit: int = PAGE_BYTES) -> FailureDetail:
    """Return the page of a failure that a cursor means, "" for the first.

    A finding that fills a page continues on the next under the same id, each text where it
    stopped. Raises `UsageError` for a cursor of something else.
    """
    name, start = own_cursor(detail, cursor, f"failure {detail.id}")
    head = detail.model_copy(update={"findings": ()})
    room = limit - FRAME - measure(head)
    entries = (
        Entry("findings", piece) for one in detail.findings for piece in _pieces(one, room - NAMED)
    )
    return page(head, name, fill(entries, start, room))


def conventions_page(
    view: ConventionsView, cursor: str = "", limit: int = PAGE_BYTES
) -> ConventionsView:
    """Return the page of conventions that a cursor means, "" for the first.

    Raises `UsageError` for a cursor of something else.
    """
    name, start = own_cursor(view, cursor, "the conventions")
    lists = ("instructions", "projects", "disagreements", "problems")
    bare = view.model_copy(update=dict.fromkeys(lists, ()))
    head, _ = fitted(bare, limit // PORTION, _here)
    room = limit - FRAME - measure(head)
    return page(head, name, fill(_of_conventions(view, limit // 4), start, room))


def read_cursor(cursor: str) -> tuple[str, int]:
    """Return the name and the position of a cursor. Raises `UsageError` for any other text."""
    read = CURSOR.fullmatch(cursor)
    if read is None:
        msg = f"{cursor!r} is no cursor: give the `next` of the last result, or none to begin."
        raise UsageError(msg)
    return read[1], int(read[2])


def page(head: AnyWire, name: str, filled: Filled) -> AnyWire:
    """Return a result with the lists of one page, and the cursor of what follows."""
    lists, following = filled
    cursor = None if following is None else f"{name}:{following}"
    return head.model_copy(update={**lists, "next": cursor})


def own_cursor(record: Wire, cursor: str, what: str) -> tuple[str, int]:
    """Return the name of a result that is made anew for each page, and where its page begins.

    Raises `UsageError` for a cursor of something else, which is not `what`.
    """
    name = hashlib.sha256(record.json_text().encode()).hexdigest()[:8]
    if not cursor:
        return name, 0
    of, start = read_cursor(cursor)
    if of != name:
        msg = f"Cursor {cursor!r} is not of {what} as now: ask again without a cursor."
        raise UsageError(msg)
    return name, start


def _of_batch(batch: Batch, room: int) -> Iterator[Entry]:
    yield from lines("problems", batch.problems, room)
    for step in batch.steps:
        yield from (Entry("steps", one) for one in _step_pieces(step, room))
    yield from (Entry("failures", one, _in_failure, one.also) for one in batch.failures)
    yield from (Entry("advice", one, _in_source) for one in batch.advice)


def _of_conventions(view: ConventionsView, room: int) -> Iterator[Entry]:
    yield from lines("instructions", view.instructions, room)
    for one in view.projects:
        served = [
            Served(role=role, command=each, chosen=roles is one.roles)
            for roles in (one.roles, one.runners_up)
            for role, many in roles.items()
            for each in many
        ]
        yield Entry("projects", one, _in_source, served)
    yield from lines("disagreements", view.disagreements, room)
    yield from lines("problems", view.problems, room)


def lines(slot: str, texts: Iterable[str], room: int) -> Iterator[Entry]:
    """Yield texts of a list; one that fills a page goes on as the next."""
    for text in texts:
        for index, part in enumerate(parts(text, room - NAMED)):
            yield Entry(slot, f"{CONTINUED}{part}" if index else part)


def _step_pieces(step: StepResult, room: int) -> Iterator[StepResult]:
    """Yield a step, and again with the rest of its reason where that does not fit in one."""
    if fitted(step, room, _in_source)[0] is step:
        yield step
        return
    first, *rest = parts(step.reason or "", room // 2 - NAMED)
    bare = fitted(step.model_copy(update={"reason": None}), room // 2 - NAMED, _in_source)[0]
    yield bare.model_copy(update={"reason": first or None})
    for part in rest:
        yield StepResult(
            tool=bare.tool,
            verdict=bare.verdict,
            command=bare.command,
            cwd=bare.cwd,
            source=bare.source,
            reason=f"{CONTINUED}{part}",
        )


def _pieces(finding: Finding, room: int) -> Iterator[Finding]:
    """Yield a finding in pieces that fit in a page; each has the id, and the next of each text."""
    if measure(finding) <= room:
        yield finding
        return
    fields: dict[str, Any] = {"id": finding.id}
    most = room - measure(Finding(id=finding.id))
    left = most
    for name, value in finding.lean().items():
        if name == "id":
            continue
        for part in parts(value, most - NAMED) if isinstance(value, str) else [value]:
            needed = NAMED + (encoded(part) if isinstance(part, str) else 0)
            if name in fields or needed > left:
                yield Finding(**fields)
                fields, left = {"id": finding.id}, most
            fields[name] = part
            left -= needed
    yield Finding(**fields)


def _in_failure(left_out: int) -> str:
    return f"\n[{left_out} more characters: ask for this failure by its id]"


def _in_source(left_out: int) -> str:
    return f" [{left_out} more characters: they stand in the source]"


def _in_steps(left_out: int) -> str:
    return f" [{left_out} more characters: the steps say the same]"


def _here(left_out: int) -> str:
    return f" [{left_out} more characters]"
