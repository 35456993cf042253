"""Runs the cycle of every history that asks for one, and drops what it made, however it ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import anyio

from mcp_server import process
from mcp_server.checkers import alembic
from mcp_server.finished import Finished
from mcp_server.migrations.located import Located
from mcp_server.migrations.settings import read_settings
from mcp_server.migrations.throwaway import Throwaway, plan_cycle
from mcp_server.models import Step, Verdict
from mcp_server.repository import Conventions

Run: TypeAlias = Callable[[Step], Awaitable[Finished]]
"""How a step is run and judged: `execution.execute` with its allowance."""
DROP_SECONDS = 60.0
NEVER_MADE = frozenset({Verdict.NOT_RUN, Verdict.MISSING})
"""How a step ends that asked no server, or whose server refused."""


async def run_cycle(
    conventions: Conventions, histories: Sequence[Located], run: Run
) -> tuple[Finished, ...]:
    """Run each history that asks for it up, down and up again, one after the other.

    Every database is one that this call made, and is dropped before it returns, also when it is
    cancelled. Each history comes to one finished step of the tool `alembic`.
    """
    finished: list[Finished] = []
    for one in histories:
        database = read_settings(one.project).database
        if database:
            throwaway = plan_cycle(conventions.root, one.project, one.facts, database)
            finished.append(await _one(throwaway, run))
    return tuple(finished)


async def _one(throwaway: Throwaway, run: Run) -> Finished:
    if throwaway.create is None or throwaway.drop is None:
        return await run(throwaway.cycle)
    left = ""
    made: Finished | None = None
    try:
        made = await run(throwaway.create)
        finished = replace(made, step=throwaway.cycle)
        if made.verdict is Verdict.PASSED:
            finished = await run(throwaway.cycle)
    finally:
        # Also where the answer came too late: what was asked for may be there all the same.
        if made is None or made.verdict not in NEVER_MADE:
            with anyio.CancelScope(shield=True):
                left = await _drop(throwaway.drop)
    if not left:
        return finished
    why = (
        f"the throwaway database {throwaway.name} could not be dropped: {left}; "
        f"drop it by hand: DROP DATABASE IF EXISTS {throwaway.name}"
    )
    reason = "\n".join(filter(None, [why, finished.reason]))
    outcome = replace(finished.outcome, problem=why)
    return replace(finished, verdict=Verdict.CRASHED, outcome=outcome, reason=reason)


async def _drop(step: Step) -> str:
    """Drop a database and return why that failed, "" where it is gone."""
    report = await process.run(step, limit=DROP_SECONDS)
    outcome = alembic.parse(report)
    if outcome.checked:
        return ""
    return outcome.nothing or outcome.problem or "the server did not answer"
