"""Runs the tools of a fix within its time and the machine's cores."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias, TypeVar

import anyio

from mcp_server import process
from mcp_server.ending import signal_name
from mcp_server.execution import Allowance
from mcp_server.models import Invocation, Report, Step

Run: TypeAlias = Callable[[Step], Awaitable[Report]]
Answer = TypeVar("Answer")


def runner(allowance: Allowance) -> Run:
    """Return what runs a step; one whose time is over before it begins is a fault."""
    lanes = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))
    limits = allowance.limits

    async def run(step: Step) -> Report:
        async with lanes:
            left = allowance.end - anyio.current_time()
            if left <= 0:
                why = f"not begun within the {limits.deadline:g} s for the whole"
                return Report(root=step.root, cwd=step.cwd, fault=why)
            limit = min(limits.timeout, left)
            report = await process.run(
                step,
                limit=limit,
                file_gib=limits.file_gib,
                pass_env=allowance.pass_env,
                held=allowance.held,
            )
            return replace(report, limit=f"{limit:g} s")

    return run


def formed(step: Step, form: Invocation, stdin: bytes | None = None) -> Step:
    """Return a planned step in another form of its tool."""
    return replace(
        step,
        argv=(*step.argv[: step.started], *form.args),
        env={**step.env, **form.env},
        files=form.files,
        stdin=stdin,
    )


def unfinished(report: Report) -> str | None:
    """Return why a process did not come to its end with all that it said, or None."""
    if report.timed_out:
        return f"ended by hdb after {report.limit}"
    if report.signal is not None:
        return f"ended by {signal_name(report.signal)}"
    return report.missing or report.fault or ("printed too much to keep" if report.cut else None)


async def gathered(calls: Sequence[Callable[[], Awaitable[Answer]]]) -> list[Answer]:
    """Return what the calls return, in their order; they run side by side."""
    answers: dict[int, Answer] = {}

    async def one(index: int, call: Callable[[], Awaitable[Answer]]) -> None:
        answers[index] = await call()

    async with anyio.create_task_group() as group:
        for index, call in enumerate(calls):
            group.start_soon(one, index, call)
    return [answers[index] for index in range(len(calls))]
