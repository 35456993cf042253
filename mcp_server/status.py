"""Says whether a tree is verified, by which batch, what changed, and what to do next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from mcp_server import store
from mcp_server.contract import Batch, BatchRef, StatusView
from mcp_server.conventions.layout.tree import MOST_FILES
from mcp_server.errors import one_line
from mcp_server.redact import redact
from mcp_server.snapshot import Snapshot, differing, records
from mcp_server.snapshot.records import Judged
from mcp_server.standing import Standing, standing
from mcp_server.untrusted import neutral

MOST_PATHS = 20
"""How many changed files are named; the rest is counted."""
LONGEST_PATH = 300
NS = 10**9

CALL = "call verify"
"""How an agent is told to verify."""


def read_status(root: Path, began: Snapshot | None, how: str = CALL) -> StatusView:
    """Return how the tree of a project stands; `began` is its content when the session began.

    `how` says how to verify. Raises `ProjectNotFoundError` where the folder is no project.
    """
    found = standing(root)
    by = found.judging if found.verified else found.last
    older = found.verified and found.judging != found.last
    changed = () if older else found.changed or ()
    since = () if began is None else differing(began, found.now)
    partial = store.last_batch(root) if by is None else None
    return StatusView(
        schema="hdb.status/1",
        verified=found.verified,
        batch=_of_targets(partial) if partial else _in_short(by),
        changed=_named(changed),
        more_changed=max(0, len(changed) - MOST_PATHS),
        session=_named(since),
        more_session=max(0, len(since) - MOST_PATHS),
        advice=_advice(found, how, partial),
    )


def shown_path(path: str, most: int = LONGEST_PATH) -> str:
    """Return a path of the project so that anybody can read it."""
    return one_line(neutral(redact(path)), most)


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 file`, `2 files`."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def _named(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(shown_path(one) for one in paths[:MOST_PATHS])


def _in_short(judged: Judged | None) -> BatchRef | None:
    if judged is None:
        return None
    age = max(0, time.time_ns() - judged.ended_ns) // NS
    return BatchRef(id=judged.id, verdict=judged.verdict, summary=judged.summary, age=age)


def _of_targets(batch: Batch) -> BatchRef:
    return BatchRef(
        id=batch.id, verdict=batch.verdict, scope=batch.scope, summary=batch.summary, age=0
    )


def _advice(found: Standing, how: str, partial: Batch | None) -> str:
    """Return the next step in one sentence."""
    if not found.now.whole:
        return (
            f"The folder holds more than {MOST_FILES:,} files, so hdb cannot tell whether it is "
            "verified: name a folder inside it."
        )
    if found.verified:
        return _praise(found)
    if found.last is None:
        return _first_step(how, partial)
    if found.matter is None:
        return f"What batch {found.last.id} judged is not known: {how}."
    return _step_after(found.last, len(found.matter), how)


def _first_step(how: str, partial: Batch | None) -> str:
    if not records.can_keep():
        return (
            "hdb's cache folder cannot be written, so that no verification is remembered: "
            "let HDB_CACHE name one that can."
        )
    if partial is not None:
        return f"Only targets were verified: {how} without targets."
    return f"No full batch was made yet: {how}."


def _step_after(last: Judged, changed: int, how: str) -> str:
    """Return what follows a full batch, after which so many files changed that matter."""
    since = f"{counted(changed, 'file')} changed since batch {last.id}"
    if last.verdict == "passed":
        return f"{since} passed: {how}."
    if last.verdict == "incomplete":
        state = f"{since}, which is incomplete" if changed else f"Batch {last.id} is incomplete"
        return f"{state}: mend what did not run, then {how}."
    failures = counted(last.failures, "failure")
    if changed:
        return f"{since} failed with {failures}: fix what is left of them, then {how}."
    return f"Fix the {failures} of batch {last.id}, then {how}."


def _praise(found: Standing) -> str:
    if found.judging is not None and found.judging != found.last:
        return f"Verified by batch {found.judging.id}: the tree is again as it was then."
    return f"Verified; {'only documents' if found.changed else 'nothing'} changed since."
