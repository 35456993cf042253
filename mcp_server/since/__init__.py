"""Tells the findings that a change introduced from those that were known at a commit before it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from anyio.to_thread import run_sync

from mcp_server.change import Change, read_change
from mcp_server.execution import Allowance
from mcp_server.finished import Finished
from mcp_server.git import Base, entries_at, open_repository
from mcp_server.grouping import Group
from mcp_server.models import Diagnostic
from mcp_server.repository import Conventions
from mcp_server.since.compare import Mark, merged
from mcp_server.since.dependencies import reconfigured, redeclared
from mcp_server.since.export import exported
from mcp_server.since.history import History, read_history
from mcp_server.since.reroot import Move, move_into
from mcp_server.since.trial import Trial, is_open

__all__ = ["Marked", "mark"]

FREE = frozenset({"ruff", "ruff-format", "black", "isort"})
"""Tools that judge the code alone, whatever is installed beside them."""
MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What is known of each finding, by its identity, against the commit that `words` name.

    `notes` say why some are unknown, and what else matters in judging.
    """

    commit: str
    words: str
    introduced: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def new(self) -> dict[str, bool]:
        """Whether a finding is new, by its identity; of one that is not here it is unknown."""
        return dict.fromkeys(self.introduced, True) | dict.fromkeys(self.known, False)


async def mark(
    conventions: Conventions,
    finished: Sequence[Finished],
    groups: Sequence[Group],
    base: Base,
    allowance: Allowance,
) -> Marked:
    """Return which findings of a verification the change since a commit introduced.

    Today's commands run on the commit's own files, its configuration included, with the packages
    that are installed now: what a stricter setting finds is introduced by the change that made it
    stricter. Only checks that found something run again, and of the tests only those that failed,
    in a copy that is removed at the end. Neither the folder nor its repository is touched.
    Whatever cannot be told is unknown. Raises `UsageError` where git no longer has the commit.
    """
    failing = [one for one in finished if one.outcome.diagnostics]
    if not failing:
        return Marked(commit=base.commit, words=base.words)
    root = conventions.root
    change = await run_sync(read_change, root, base.commit)
    found = [one for each in failing for one in each.outcome.diagnostics]
    history = await run_sync(_history, root, change, found)
    if not history.there:
        every = frozenset(key for each in groups for key, _ in each.members)
        note = "git lists no file of that commit"
        return Marked(commit=base.commit, words=base.words, unknown=every, notes=(note,))
    with ExitStack() as stack:
        move, notes = None, list[str]()
        if any(is_open(one, history) for one in found):
            entered = partial(_enter, stack, conventions, base)
            # The thread is waited for when this is cancelled, and the stack has what it made.
            move, notes = await run_sync(entered)
        trial = Trial(
            conventions=conventions,
            allowance=allowance,
            commit=base.commit,
            history=history,
            move=move,
            notes=notes,
        )
        marks = merged(await trial.marks(failing))
    redone = await run_sync(redeclared, root, change)
    doubtful = {one for one, mark in marks.items() if redone and mark == "known" and _hangs(one)}
    if doubtful:
        marks |= dict.fromkeys(doubtful, "unknown")
        trial.note(f"{_few(redone)} changed: what fails there with today's packages is unknown")
    settings = reconfigured(change)
    if settings and any(
        mark == "introduced" and is_open(one, history) for one, mark in marks.items()
    ):
        trial.note(f"{_few(settings)} changed: what other settings find counts as introduced")
    of: dict[Mark, set[str]] = {"introduced": set(), "known": set(), "unknown": set()}
    for each in groups:
        for key, one in each.members:
            of[marks.get(one, "unknown")].add(key)
    return Marked(
        commit=base.commit,
        words=base.words,
        introduced=frozenset(of["introduced"]),
        known=frozenset(of["known"]),
        unknown=frozenset(of["unknown"]),
        notes=tuple(trial.notes),
    )


def _history(root: Path, change: Change, found: Sequence[Diagnostic]) -> History:
    repository = open_repository(root)
    there = entries_at(repository, change.base) if repository and change.base else {}
    return read_history(root, change, there, found)


def _enter(stack: ExitStack, conventions: Conventions, base: Base) -> tuple[Move | None, list[str]]:
    """Make the copy, as far as that is possible, and what there is to say of it."""
    repository = open_repository(conventions.root)
    if repository is None or not conventions.root.is_relative_to(repository.top):
        return None, ["nothing was run at the commit: the repository cannot be read"]
    try:
        export = stack.enter_context(exported(repository, base.commit))
    except OSError as error:
        return None, [f"nothing was run at the commit: no copy of it: {error.strerror or error}"]
    if export.refused:
        return None, [f"nothing was run at the commit: {export.refused}"]
    return move_into(export, conventions, repository.top), list(export.notes)


def _hangs(one: Diagnostic) -> bool:
    """Tell whether a finding depends on the packages that are installed."""
    return one.tool not in FREE


def _few(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return ", ".join(paths[:MOST_NAMED]) + more
