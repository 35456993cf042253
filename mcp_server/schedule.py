"""Runs the steps of a verification side by side, within the machine's cores, and tells of it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio

from mcp_server.execution import Allowance, execute
from mcp_server.finished import Finished
from mcp_server.models import Step
from mcp_server.outgoing import outgoing
from mcp_server.redact import secrets


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


async def run_one(step: Step, allowance: Allowance) -> Finished:
    """Run a step and return what became of it, fit to leave hdb."""
    return fit(await execute(step, allowance))


def fit(finished: Finished) -> Finished:
    """Return what became of a step without what must not leave hdb."""
    return outgoing(finished, secrets(os.environ))


async def run_all(
    steps: Sequence[Step], allowance: Allowance, listener: Listener | None
) -> list[Finished]:
    """Run the steps within the machine's cores, then those that must run alone, one by one."""
    results: dict[int, Finished] = {}
    lanes = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))

    async def tell(step: Step, finished: Finished | None = None) -> None:
        if listener is not None:
            # A client that does not read must not hold up the checks.
            with anyio.move_on_after(TELL_SECONDS):
                await listener(Progress(len(results), len(steps), step, finished))

    async def one(index: int, step: Step) -> None:
        async with lanes:
            await tell(step)
            results[index] = await run_one(step, allowance)
            await tell(step, results[index])

    async with anyio.create_task_group() as group:
        for index, step in enumerate(steps):
            if not step.alone:
                group.start_soon(one, index, step)
    for index, step in enumerate(steps):
        if step.alone:
            await one(index, step)
    return [results[index] for index in range(len(steps))]
