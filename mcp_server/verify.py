"""The one orchestration: read, plan, run the steps side by side, make one batch of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from mcp_server import store
from mcp_server.advice.changed import advised
from mcp_server.advice.preset_step import folded, preset_steps
from mcp_server.advice.step import apart, rules_step
from mcp_server.batch import as_advice, assemble, marked, remember, without_fix
from mcp_server.change import read_base
from mcp_server.contract import Batch, Since
from mcp_server.conventions import read_conventions
from mcp_server.conventions.layout.worktrees import has_worktrees
from mcp_server.errors import HdbError, UsageError
from mcp_server.execution import Allowance
from mcp_server.finished import Finished
from mcp_server.fixing import untouchable
from mcp_server.git import Base
from mcp_server.grouping import Group
from mcp_server.migrations import (
    Located,
    find_histories,
    inspect_migrations,
    inspection_step,
    run_cycle,
)
from mcp_server.models import Outcome, Step
from mcp_server.plan import plan
from mcp_server.redact import redact
from mcp_server.repository import Conventions, Role
from mcp_server.schedule import TELL_SECONDS, Listener, Progress, fit, run_all, run_one
from mcp_server.scope import Covered, affected, told
from mcp_server.since import Marked, mark
from mcp_server.snapshot import take
from mcp_server.standing import keep_judged
from mcp_server.targets import Target, read_targets
from mcp_server.turns import turn
from mcp_server.untrusted import neutral

__all__ = ["Progress", "Request", "verify"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a verification.

    With `targets` only these are verified. `affected` leaves out the tests that no change since
    the last green full batch reaches. `since` names a commit, whose failures are told from the
    new ones: `BASE` is where the work parted from the main branch. `timeout` limits each step and
    `deadline` the whole, in seconds; by default as the project states, else `Limits`.
    """

    targets: Sequence[str] = ()
    affected: bool = False
    since: str | None = None
    timeout: float | None = None
    deadline: float | None = None


async def verify(
    root: Path, request: Request | None = None, listener: Listener | None = None
) -> Batch:
    """Verify the projects in and below a folder as requested, by default all of it.

    Verifications of one folder run one after the other, so that none of them sees the other's
    half-written files; a shared result could be older than the question. Raises `HdbError` for a
    caller's mistake; whatever the project's tools do is in the batch. The batch is kept as the
    project's last.
    """
    request = request or Request()
    first = read_conventions(root)
    root, stated = first.root, first.limits
    limits = replace(
        stated,
        timeout=request.timeout or stated.timeout,
        deadline=request.deadline or stated.deadline,
    )
    end = anyio.current_time() + limits.deadline
    # Before anything runs: a mistake is told at once.
    against = None if request.since is None else read_base(root, request.since)

    async def waiting() -> None:
        if listener is not None:
            with anyio.move_on_after(TELL_SECONDS):
                await listener(Progress())

    async with turn(root, limits.deadline, waiting) as held:
        chosen = read_targets(root, request.targets)
        if any(one.path == "." for one in chosen):
            # The folder itself is everything in it.
            chosen = ()
        # Before anything else is read: an edit from here on was perhaps not judged.
        before = None if chosen else await run_sync(take, root, abandon_on_cancel=True)
        # Read anew: the files may have changed while others had their turn.
        conventions = read_conventions(root)
        covered = Covered("targets" if chosen else "full")
        if request.affected and before is not None:
            covered = await run_sync(affected, conventions, before, abandon_on_cancel=True)
        work = _Work(
            conventions, Allowance(limits, end, conventions.pass_env, held), covered, against
        )
        histories = await run_sync(find_histories, conventions, abandon_on_cancel=True)
        steps = _steps(work, chosen, request.targets)
        ref = against.commit if against else None
        files = await run_sync(advised, root, chosen, ref, abandon_on_cancel=True)
        advising = (rules_step(conventions, files), *preset_steps(conventions, files.lines))
        finished = await run_all(
            (*steps, *_reading(work, histories, chosen), *filter(None, advising)),
            work.allowance,
            listener,
        )
        if not chosen:
            run = partial(run_one, allowance=work.allowance)
            finished += [fit(one) for one in await run_cycle(conventions, histories, run)]
        batch = await _batch(work, finished)
        if before is not None and covered.scope == "full":
            await run_sync(keep_judged, conventions, batch, before)
        return batch


@dataclass(frozen=True, slots=True)
class _Work:
    """One verification: of what, how much of it, for how long, and held against which commit."""

    conventions: Conventions
    allowance: Allowance
    covered: Covered
    against: Base | None


def _reading(
    work: _Work, histories: Sequence[Located], chosen: tuple[Target, ...]
) -> tuple[Step, ...]:
    """Return what hdb reads itself: the revisions of the histories that are asked about."""
    step = inspection_step(work.conventions, histories)
    if step is None:
        return ()

    def read() -> Outcome:
        found = inspect_migrations(work.conventions, histories)
        return replace(found.outcome, advice=found.advice)

    folders = {f"{folder}/" for one in histories for folder in one.facts.folders}
    only = tuple(one.path for one in chosen if any(_meets(one, folder) for folder in folders))
    return (replace(step, read=read, only=only),) if only or not chosen else ()


def _meets(target: Target, folder: str) -> bool:
    """Tell whether a target lies in a folder, or the folder in it."""
    return f"{target.path}/".startswith(folder) or folder.startswith(f"{target.path}/")


def _steps(work: _Work, chosen: tuple[Target, ...], named: Sequence[str]) -> tuple[Step, ...]:
    covered = work.covered
    steps = plan(work.conventions, chosen, left_out=covered.left_out, ordered=covered.ordered)
    if chosen and not steps:
        msg = f"No check of the project applies to {', '.join(named)}."
        raise UsageError(msg)
    return steps


async def _batch(work: _Work, finished: Sequence[Finished]) -> Batch:
    """Make the batch of everything that was run, and keep it."""
    conventions, covered = work.conventions, work.covered
    root = conventions.root
    finished, advice, remark = apart(folded(finished))
    marked_files = {
        one.file for each in finished for one in each.outcome.diagnostics if one.fix and one.file
    }
    if marked_files:
        finished = without_fix(finished, await run_sync(untouchable, root, marked_files))
    batch, groups = assemble(
        finished,
        scope=covered.scope,
        problems=conventions.problems,
        aside="; ".join(filter(None, [_aside(work, finished), remark])),
        previous=store.previous(root),
    )
    batch = batch.model_copy(
        update={
            "advice": (*batch.advice, *as_advice(advice)),
            "left_out": told(covered, conventions),
            "root": neutral(redact(str(root))) if has_worktrees(root) else None,
        }
    )
    if work.against is not None:
        batch = await _held_against(work.against, work, batch, finished, groups)
    store.save(root, batch, groups, remember(finished, groups))
    return batch


async def _held_against(
    base: Base, work: _Work, batch: Batch, finished: Sequence[Finished], groups: Sequence[Group]
) -> Batch:
    """Return a batch whose failures say whether they are new since a commit."""
    began = anyio.current_time()
    try:
        found = await mark(work.conventions, finished, groups, base, work.allowance)
    except HdbError as error:
        # What was verified is told all the same.
        unknown = frozenset(key for each in groups for key, _ in each.members)
        found = Marked(commit=base.commit, words=base.words, unknown=unknown, notes=(str(error),))
    since = Since(
        ref=found.words,
        seconds=round(anyio.current_time() - began, 1),
        introduced=len(found.introduced),
        known=len(found.known),
        unknown=len(found.unknown),
        notes=tuple(neutral(redact(one)) for one in found.notes),
    )
    return marked(batch, groups, since, found.new)


def _aside(work: _Work, finished: Sequence[Finished]) -> str:
    """Return what the summary says besides: what was left out, and what no verification runs."""
    conventions, covered = work.conventions, work.covered
    if covered.scope == "targets":
        every = [one for each in conventions.projects for one in each.commands]
        tests = {one.tool for one in every if one.role is Role.TEST}
        without = tests and tests.isdisjoint(each.step.tool for each in finished)
        return "no test is among the targets" if without else ""
    if covered.left_out:
        of = len(covered.left_out) + len(covered.ordered)
        return f"{len(covered.left_out)} of {of} test files left out"
    untouched = (neutral(redact(one)) for one in conventions.untouched)
    return "; ".join(filter(None, [covered.why, *untouched]))
