"""The one orchestration: read, plan, run the steps side by side, make one batch of them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
from anyio.to_thread import run_sync

from mcp_server import store
from mcp_server.batch import assemble, remember
from mcp_server.contract import Batch
from mcp_server.conventions import read_conventions
from mcp_server.conventions.layout.worktrees import has_worktrees
from mcp_server.errors import UsageError
from mcp_server.execution import Allowance, execute
from mcp_server.finished import Finished
from mcp_server.models import Step
from mcp_server.outgoing import outgoing
from mcp_server.plan import plan
from mcp_server.redact import redact, secrets
from mcp_server.repository import Conventions, Role
from mcp_server.snapshot import take
from mcp_server.standing import keep_judged
from mcp_server.targets import Target, read_targets
from mcp_server.turns import turn
from mcp_server.untrusted import neutral


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a verification stands: a step that began (no verdict yet) or ended.

    Without a step, another verification of the same folder has its turn first.
    """

    done: int = 0
    total: int = 0
    step: Step | None = None
    finished: Finished | None = None

    @property
    def text(self) -> str:
        """What is going on, in a few words."""
        if self.step is None:
            return "waiting: this folder is being verified already"
        return f"{self.step.tool} {self.finished.verdict.value if self.finished else 'running'}"


TELL_SECONDS = 1.0
"""How long a listener may take to hear of one event."""

Listener = Callable[[Progress], Awaitable[None]]


async def verify(
    root: Path,
    targets: Sequence[str] = (),
    *,
    timeout: float | None = None,  # noqa: ASYNC109 - of each check, which process.run keeps
    deadline: float | None = None,
    listener: Listener | None = None,
) -> Batch:
    """Verify the projects in and below a folder, or only the `targets` in it.

    `timeout` limits each step and `deadline` the whole, in seconds; by default as the project
    states, else `Limits`. Verifications of one folder run one after the other, so that none of
    them sees the other's half-written files; a shared result could be older than the question.
    Raises `HdbError` for a caller's mistake; whatever the project's tools do is in the batch. The
    batch is kept as the project's last.
    """
    first = read_conventions(root)
    root, stated = first.root, first.limits
    limits = replace(
        stated, timeout=timeout or stated.timeout, deadline=deadline or stated.deadline
    )
    end = anyio.current_time() + limits.deadline

    async def waiting() -> None:
        if listener is not None:
            with anyio.move_on_after(TELL_SECONDS):
                await listener(Progress())

    async with turn(root, limits.deadline, waiting) as held:
        chosen = read_targets(root, targets)
        if any(one.path == "." for one in chosen):
            # The folder itself is everything in it.
            chosen = ()
        # Before anything else is read: an edit from here on was perhaps not judged.
        before = None if chosen else await run_sync(take, root, abandon_on_cancel=True)
        # Read anew: the files may have changed while others had their turn.
        conventions = read_conventions(root)
        allowance = Allowance(limits, end, conventions.pass_env, held)
        batch = await _verify(conventions, chosen, targets, allowance, listener)
        if before is not None:
            await run_sync(keep_judged, conventions, batch, before)
        return batch


async def _verify(
    conventions: Conventions,
    chosen: tuple[Target, ...],
    targets: Sequence[str],
    allowance: Allowance,
    listener: Listener | None,
) -> Batch:
    root = conventions.root
    steps = plan(conventions, chosen)
    if chosen and not steps:
        msg = f"No check of the project applies to {', '.join(targets)}."
        raise UsageError(msg)
    tests = {
        one.tool for each in conventions.projects for one in each.commands if one.role is Role.TEST
    }
    left_out = bool(chosen) and tests.isdisjoint(step.tool for step in steps)
    aside = "no test is among the targets" if tests and left_out else ""
    if not chosen:
        aside = "; ".join(neutral(redact(one)) for one in conventions.untouched)
    finished = await _run_all(steps, allowance, listener)
    scope: Literal["full", "targets"] = "targets" if chosen else "full"
    batch, groups = assemble(
        finished,
        scope=scope,
        problems=conventions.problems,
        aside=aside,
        previous=store.previous(root),
    )
    if has_worktrees(root):
        batch = batch.model_copy(update={"root": neutral(redact(str(root)))})
    store.save(root, batch, groups, remember(finished, groups))
    return batch


async def _run_all(
    steps: Sequence[Step], allowance: Allowance, listener: Listener | None
) -> list[Finished]:
    """Run the steps within the machine's cores, then those that must run alone, one by one."""
    results: dict[int, Finished] = {}
    lanes = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))
    hidden = secrets(os.environ)

    async def tell(step: Step, finished: Finished | None = None) -> None:
        if listener is not None:
            # A client that does not read must not hold up the checks.
            with anyio.move_on_after(TELL_SECONDS):
                await listener(Progress(len(results), len(steps), step, finished))

    async def one(index: int, step: Step) -> None:
        async with lanes:
            await tell(step)
            results[index] = outgoing(await execute(step, allowance), hidden)
            await tell(step, results[index])

    async with anyio.create_task_group() as group:
        for index, step in enumerate(steps):
            if not step.alone:
                group.start_soon(one, index, step)
    for index, step in enumerate(steps):
        if step.alone:
            await one(index, step)
    return [results[index] for index in range(len(steps))]
