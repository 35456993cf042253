"""Runs one step and reads its report: from what is planned to what became of it."""

from __future__ import annotations

import errno
import json
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import anyio
from anyio.to_thread import run_sync

from mcp_server import opaque, process
from mcp_server.batch import judge
from mcp_server.checkers import checkers
from mcp_server.child_environment import PART
from mcp_server.finished import Finished
from mcp_server.limits import Limits
from mcp_server.models import Outcome, Report, Step, Verdict
from mcp_server.status_report import remarks, settle

FORGIVING = "--exit-zero"
"""The option of ruff, flake8 and pylint for a run whose findings are only advice."""
TOO_LARGE = f"[Errno {errno.EFBIG}]"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the steps of a verification may use; `end` is when its time is over (anyio's clock)."""

    limits: Limits
    end: float
    pass_env: tuple[str, ...] = ()
    held: Sequence[int] = ()


async def execute(step: Step, allowance: Allowance) -> Finished:
    """Run a step and judge it; whatever the tool does is in the result."""
    if step.refused is not None:
        verdict, reason = step.refused
        return Finished(step, verdict, Outcome(), reason)
    if step.read is not None:
        return await _read(step, step.read, allowance)
    report = await _run(step, allowance)
    if report is None and step.turned is not None:
        report = Report(root=step.root, cwd=step.cwd, limit="")
    if report is None:
        limits = allowance.limits
        why = f"not begun within the {limits.deadline:g} s for the whole"
        more = "a longer deadline allows more"
        return Finished(step, Verdict.NOT_RUN, Outcome(), f"{why}; {more}")
    checker = checkers().get(step.tool)
    second = checker.retry(report, step.args, step.targets) if checker else None
    if second is not None:
        argv = (*step.argv[: step.started], *second.args)
        form = replace(step, argv=argv, env={**step.env, **second.env}, files=second.files)
        report = await _run(form, allowance) or report
    return conclude(step, report)


async def _read(step: Step, read: Callable[[], Outcome], allowance: Allowance) -> Finished:
    """Judge what hdb reads itself, by the table that holds for every tool."""
    began = anyio.current_time()
    limit, allowed = _limit(allowance)
    outcome = None
    with anyio.move_on_after(limit):
        try:
            outcome = await run_sync(read, abandon_on_cancel=True)
        except Exception as error:  # noqa: BLE001 - it must not cost what the project's tools found
            outcome = Outcome(problem=f"a fault of hdb's own: {error!r}")
    if outcome is None:
        seconds = anyio.current_time() - began
        return Finished(step, Verdict.NOT_RUN, Outcome(), f"not done within {allowed}", seconds)
    report = Report(
        root=step.root,
        cwd=step.cwd,
        status=1 if outcome.diagnostics else 0,
        seconds=anyio.current_time() - began,
    )
    return _picked(judge(step, report, outcome))


def conclude(step: Step, report: Report) -> Finished:
    """Return what became of a step whose process left this report; pure."""
    checker = checkers().get(step.tool)
    read = checker.parse(report) if checker else opaque.parse(report, step.tool)
    if step.turned is not None:
        ran = Report(root=report.root, cwd=report.cwd, status=0, seconds=report.seconds)
        return judge(step, ran, step.turned(_cut_named(report, read)))
    finished = judge(step, report, _cut_named(report, read))
    return _guarded(_forgiven(_within(_picked(finished))) if checker else finished)


async def _run(step: Step, allowance: Allowance) -> Report | None:
    """Run a step for as long as it may; return None where its time is over before it began."""
    limits = allowance.limits
    limit, allowed = _limit(allowance)
    if limit <= 0:
        return None
    report = await process.run(
        _parted(step),
        limit=limit,
        file_gib=limits.file_gib,
        pass_env=allowance.pass_env,
        held=allowance.held,
    )
    return replace(report, limit=allowed)


def _limit(allowance: Allowance) -> tuple[float, str]:
    """Return how many seconds a step may still take, and in words what allows more."""
    limits = allowance.limits
    left = allowance.end - anyio.current_time()
    if left < limits.timeout:
        return left, f"the {limits.deadline:g} s for the whole; a longer deadline allows more"
    return limits.timeout, f"{limits.timeout:g} s; a longer timeout allows more"


def _parted(step: Step) -> Step:
    """Return a step of tests with the file that tells our reporter which part of them to run."""
    if not step.recorded or not (step.left_out or step.ordered or step.targets):
        return step
    part = {
        "root": str(step.root),
        "left_out": step.left_out,
        "ordered": step.ordered,
        "targets": bool(step.targets),
    }
    return replace(step, files={**step.files, PART: json.dumps(part)})


def _forgiven(finished: Finished) -> Finished:
    """Make findings that the project's own command forgives a remark: they fail nothing there."""
    if finished.verdict is not Verdict.FAILED or FORGIVING not in finished.step.args:
        return finished
    failing, remark = settle(finished.outcome.diagnostics, 0)
    outcome = replace(finished.outcome, diagnostics=failing)
    reason = remarks(finished.reason, remark)
    return replace(finished, verdict=Verdict.PASSED, outcome=outcome, reason=reason)


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


def _within(finished: Finished) -> Finished:
    """Leave out the findings in files that the project does not give the tool, and say so."""
    within = finished.step.within
    found = finished.outcome.diagnostics
    if within is None or not found:
        return finished
    files = {one.file for one in found if one.file is not None}
    outside = {file for file in files if not within.lets_through(file)}
    kept = tuple(one for one in found if one.file not in outside)
    if len(kept) == len(found):
        return finished
    count = len(found) - len(kept)
    source = finished.step.source
    said = f"{count} finding{'s' * (count != 1)} left out: {source} does not check those files"
    verdict, partial = finished.verdict, finished.outcome.partial
    if verdict is Verdict.FAILED and not kept:
        # What stopped at other files may not have come to those that are checked.
        done = finished.outcome.checked and not partial
        verdict = Verdict.PASSED if done else Verdict.NOT_RUN
    return replace(
        finished,
        verdict=verdict,
        outcome=replace(finished.outcome, diagnostics=kept),
        reason=remarks(finished.reason, said),
    )


def _cut_named(report: Report, outcome: Outcome) -> Outcome:
    """Make a report that lost output say so: what it no longer holds may have been a finding."""
    if not report.cut or outcome.problem or report.record:
        return outcome
    return replace(outcome, problem=f"{report.cut} bytes of its output were too much to keep")


def _guarded(finished: Finished) -> Finished:
    """Say that the limit on a file's size is hdb's, where something ran into it."""
    found = any(TOO_LARGE in one.message for one in finished.outcome.diagnostics)
    if not found and signal.Signals.SIGXFSZ.name not in (finished.reason or ""):
        return finished
    said = "hdb keeps every file small while checks run; [tool.hdb] file-gib = N allows N GiB"
    return replace(finished, reason=remarks(finished.reason, said))
