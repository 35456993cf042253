"""The one orchestration: read, plan, run the steps side by side, make one batch of them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import anyio

from mcp_server import opaque, process, store
from mcp_server.batch import Finished, assemble, judge, remember
from mcp_server.checkers import checkers
from mcp_server.contract import Batch
from mcp_server.conventions import read_conventions
from mcp_server.errors import UsageError
from mcp_server.models import Conventions, Diagnostic, Outcome, Report, Role, Step, Verdict
from mcp_server.plan import plan, read_targets
from mcp_server.redact import redact, secrets
from mcp_server.status_report import settle

STEP_SECONDS = 900.0
"""How long a step may run unless the caller says otherwise."""

FORGIVING = "--exit-zero"
"""The option of ruff, flake8 and pylint for a run whose findings are only advice."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a verification stands: a step that began (no verdict yet) or ended."""

    done: int
    total: int
    step: Step
    finished: Finished | None = None


Listener = Callable[[Progress], Awaitable[None]]


async def verify(
    root: Path,
    targets: Sequence[str] = (),
    *,
    seconds: float = STEP_SECONDS,
    listener: Listener | None = None,
) -> Batch:
    """Verify the projects in and below a folder, or only the `targets` in it.

    `seconds` limits each step. Raises `HdbError` for a caller's mistake; whatever the project's
    tools do is in the batch. The batch is kept as the project's last.
    """
    conventions = read_conventions(root)
    root = conventions.root
    chosen = read_targets(root, targets)
    if any(one.path == "." for one in chosen):
        # The folder itself is everything in it.
        chosen = ()
    steps = plan(conventions, chosen)
    if chosen and not steps:
        msg = f"No check of the project applies to {', '.join(targets)}."
        raise UsageError(msg)
    tests = {
        one.tool for each in conventions.projects for one in each.commands if one.role is Role.TEST
    }
    left_out = bool(chosen) and tests.isdisjoint(step.tool for step in steps)
    aside = "no test is among the targets" if tests and left_out else ""
    finished = await _run_all(steps, conventions, seconds, listener)
    scope: Literal["full", "targets"] = "targets" if chosen else "full"
    batch, groups = assemble(
        finished,
        scope=scope,
        problems=conventions.problems,
        aside=aside,
        previous=store.previous(root),
    )
    store.save(root, batch, groups, remember(finished, groups))
    return batch


async def _run_all(
    steps: Sequence[Step], conventions: Conventions, seconds: float, listener: Listener | None
) -> list[Finished]:
    """Run the steps within the machine's cores, then those that must run alone, one by one."""
    results: dict[int, Finished] = {}
    lanes = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))
    hidden = secrets(os.environ)

    async def tell(step: Step, finished: Finished | None = None) -> None:
        if listener is not None:
            await listener(Progress(len(results), len(steps), step, finished))

    async def one(index: int, step: Step) -> None:
        async with lanes:
            await tell(step)
            finished = await _run_step(step, seconds, conventions.pass_env)
            results[index] = _redacted(finished, hidden)
            await tell(step, results[index])

    async with anyio.create_task_group() as group:
        for index, step in enumerate(steps):
            if not step.alone:
                group.start_soon(one, index, step)
    for index, step in enumerate(steps):
        if step.alone:
            await one(index, step)
    return [results[index] for index in range(len(steps))]


async def _run_step(step: Step, seconds: float, pass_env: Sequence[str]) -> Finished:
    if step.refused is not None:
        verdict, reason = step.refused
        return Finished(step, verdict, Outcome(), reason)
    report = await process.run(step, limit=seconds, pass_env=pass_env)
    checker = checkers().get(step.tool)
    if checker is None:
        return judge(step, report, _cut_named(report, opaque.parse(report, step.tool)))
    second = checker.retry(report, step.args, step.targets)
    if second is not None:
        argv = (*step.argv[: step.started], *second.args)
        form = replace(step, argv=argv, env={**step.env, **second.env}, files=second.files)
        report = await process.run(form, limit=seconds, pass_env=pass_env)
    return _forgiven(_picked(judge(step, report, _cut_named(report, checker.parse(report)))))


def _forgiven(finished: Finished) -> Finished:
    """Make findings that the project's own command forgives a remark: they fail nothing there."""
    if finished.verdict is not Verdict.FAILED or FORGIVING not in finished.step.args:
        return finished
    failing, remark = settle(finished.outcome.diagnostics, 0)
    outcome = replace(finished.outcome, diagnostics=failing)
    return replace(finished, verdict=Verdict.PASSED, outcome=outcome, reason=remark)


def _picked(finished: Finished) -> Finished:
    """Keep the findings in the files and folders that were asked for."""
    only = finished.step.only
    if not only:
        return finished
    kept = tuple(
        one
        for one in finished.outcome.diagnostics
        if any(one.file == path or f"{one.file}/".startswith(f"{path}/") for path in only)
    )
    verdict = finished.verdict
    if verdict is Verdict.FAILED and not kept:
        # What stopped at other files may not have come to these.
        verdict = Verdict.NOT_RUN if finished.outcome.partial else Verdict.PASSED
    return replace(
        finished,
        verdict=verdict,
        outcome=replace(finished.outcome, diagnostics=kept),
    )


def _cut_named(report: Report, outcome: Outcome) -> Outcome:
    """Make a report that lost output say so: what it no longer holds may have been a finding."""
    if not report.cut or outcome.problem or report.record:
        return outcome
    return replace(outcome, problem=f"{report.cut} bytes of its output were too much to keep")


def _redacted(finished: Finished, hidden: tuple[str, ...]) -> Finished:
    """Mask credentials in every text that leaves, and what no encoding can carry."""
    here = f"{finished.step.root}/"

    def clean(text: str | None) -> str | None:
        if text is None:
            return None
        return redact(text.encode("utf-8", "backslashreplace").decode(), hidden)

    def local(text: str | None) -> str | None:
        # Where the project lies on this machine says nothing, and would change the ids.
        return None if text is None else (clean(text) or "").replace(here, "")

    def clean_one(one: Diagnostic) -> Diagnostic:
        return replace(
            one,
            message=local(one.message) or "",
            brief=local(one.brief),
            detail=clean(one.detail),
            file=clean(one.file),
            symbol=clean(one.symbol),
            test=clean(one.test),
        )

    outcome = finished.outcome
    return replace(
        finished,
        step=replace(
            finished.step,
            command=clean(finished.step.command) or "",
            ran=clean(finished.step.ran),
        ),
        outcome=replace(
            outcome,
            diagnostics=tuple(clean_one(one) for one in outcome.diagnostics),
            finished=frozenset(clean(test) or "" for test in outcome.finished),
        ),
        reason=clean(finished.reason),
    )
