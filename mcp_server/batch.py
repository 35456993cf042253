"""Makes one batch of the steps' outcomes: verdicts, groups, counts and what changed; pure."""

from __future__ import annotations

import hashlib
import re
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from mcp_server.checkers import checkers
from mcp_server.contract import Advice, Also, Batch, Delta, Failure, Since, StepResult
from mcp_server.delta import Previous, compare, remember
from mcp_server.ending import signal_name
from mcp_server.finished import RAN, Finished
from mcp_server.grouping import Group, group, normalised
from mcp_server.models import Diagnostic, Outcome, Report, Step, Verdict
from mcp_server.stable import stable
from mcp_server.untrusted import neutral

__all__ = ["Finished", "Previous", "assemble", "judge", "remember"]

MESSAGE_LIMIT = 1500
"""Characters of a message that the batch shows; the failure in full shows all of it."""
WORTH_SECONDS = 0.5
"""A step that took less does not say how long."""
INHERITED = ("tool", "file", "line", "column", "code", "message", "symbol", "test", "severity")
BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
NO_MODULE = re.compile(r"No module named ['\"]?([\w.]+)")


def judge(step: Step, report: Report, outcome: Outcome) -> Finished:
    """Return the verdict of a step. Nothing is green without proof that something was checked."""
    # `python -m TOOL` ends with 1, as with findings, where the tool is not installed.
    module = NO_MODULE.search(report.stderr) if "-m" in step.argv[: step.started] else None
    if module and not outcome.diagnostics and module[1] == step.argv[step.started - 1]:
        why = f"{module[1]} is not installed in the environment of {step.argv[0]}"
        remedy = f"; to install what the project declares: {step.remedy}" if step.remedy else ""
        return Finished(step, Verdict.MISSING, Outcome(), why + remedy, report.seconds)
    verdict, reason = _verdict(report, outcome)
    return Finished(step, verdict, outcome, reason or outcome.remark, report.seconds)


def _verdict(  # noqa: PLR0911 - one line an entry of the verdict table
    report: Report, outcome: Outcome
) -> tuple[Verdict, str | None]:
    if report.missing:
        return Verdict.MISSING, report.missing
    if report.timed_out:
        why = f"ended by hdb after {report.limit}"
        return Verdict.TIMED_OUT, "\n".join(filter(None, [why, outcome.problem]))
    if report.fault:
        return Verdict.CRASHED, "\n".join(filter(None, [report.fault, outcome.problem]))
    if report.signal is not None:
        return Verdict.CRASHED, outcome.problem or f"ended by {signal_name(report.signal)}"
    if outcome.problem is not None:
        return Verdict.CRASHED, outcome.problem or f"ended with status {report.status}"
    if outcome.nothing:
        return Verdict.PASSED if outcome.unreached else Verdict.NOT_RUN, outcome.nothing
    if outcome.diagnostics:
        return Verdict.FAILED, None
    if report.status != 0:
        return Verdict.CRASHED, f"ended with status {report.status} and reported nothing"
    if not outcome.checked:
        return Verdict.CRASHED, "ended well without saying that it checked anything"
    return Verdict.PASSED, None


def assemble(
    finished: Sequence[Finished],
    *,
    scope: Literal["full", "affected", "targets"],
    problems: Sequence[str] = (),
    aside: str = "",
    previous: Previous | None = None,
) -> tuple[Batch, tuple[Group, ...]]:
    """Return the batch of all finished steps, and its groups with everything they know.

    `aside` is added to the summary.
    """
    groups = grouped(finished)
    delta, new = None, frozenset[str]()
    if previous:
        delta, new = compare(previous, remember(finished, groups))
        # Of nothing before and nothing now there is nothing to say.
        delta = None if delta == Delta() else delta
    steps = tuple(_step_result(each) for each in finished)
    failures = tuple(_failure(each, new) for each in groups)
    batch = Batch(
        schema="hdb.batch/1",
        id=_batch_id(steps, failures),
        verdict=_batch_verdict(finished, problems),
        scope=scope,
        summary="; ".join(filter(None, [_summary(finished, groups, problems), aside])),
        problems=tuple(problems),
        steps=steps,
        delta=delta,
        failures=failures,
        advice=as_advice(one for each in finished for one in each.outcome.advice),
    )
    return batch, groups


def without_fix(finished: Sequence[Finished], files: Collection[str]) -> list[Finished]:
    """Return finished steps that promise no mechanical fix in files that none will touch."""

    def told(one: Diagnostic) -> Diagnostic:
        return replace(one, fix=None) if one.fix and one.file in files else one

    return [
        replace(
            each,
            outcome=replace(each.outcome, diagnostics=tuple(map(told, each.outcome.diagnostics))),
        )
        for each in finished
    ]


def grouped(finished: Sequence[Finished]) -> tuple[Group, ...]:
    """Return the findings of all finished steps, those with one root cause together."""
    found = [one for each in finished for one in each.outcome.diagnostics]
    # No tool mends a file that does not parse.
    broken = {one.file for one in found if one.topic == "syntax"}
    return group(replace(one, fix=None) if one.file in broken else one for one in found)


def as_advice(found: Iterable[Diagnostic]) -> tuple[Advice, ...]:
    """Return findings that fail nothing as a batch tells them, each once."""
    told = (
        Advice(
            tool=one.tool,
            code=one.code,
            file=one.file,
            line=one.line,
            message=neutral(_brief(stable(one.message))),
        )
        for one in found
    )
    return tuple(dict.fromkeys(told))


def marked(batch: Batch, groups: Sequence[Group], since: Since, new: Mapping[str, bool]) -> Batch:
    """Return a batch whose failures say whether the change since a commit introduced them.

    `new` says of findings by their identities whether they are new; of the others it is unknown.
    """

    def introduced(each: Group) -> bool | None:
        told = [new.get(key) for key, _ in each.members]
        # One that is new makes a failure new; one that is unknown leaves it unknown.
        return True if True in told else None if None in told else False

    failures = tuple(
        failure.model_copy(update={"introduced": introduced(each)})
        for failure, each in zip(batch.failures, groups, strict=True)
    )
    return batch.model_copy(update={"since": since, "failures": failures})


def _batch_verdict(
    finished: Sequence[Finished], problems: Sequence[str]
) -> Literal["passed", "failed", "incomplete"]:
    if problems or not finished or any(each.verdict not in RAN for each in finished):
        return "incomplete"
    return "failed" if any(each.verdict is Verdict.FAILED for each in finished) else "passed"


def _step_result(each: Finished) -> StepResult:
    step, outcome = each.step, each.outcome
    return StepResult(
        tool=step.tool,
        verdict=each.verdict.value,
        command=step.command,
        cwd=_cwd(step),
        source=step.source,
        ran=step.ran,
        seconds=round(each.seconds, 1) if each.seconds >= WORTH_SECONDS else 0.0,
        failures=len(dict.fromkeys(outcome.diagnostics)),
        passed=outcome.passed,
        skipped=outcome.skipped,
        deselected=outcome.deselected,
        reason=each.reason and stable(each.reason),
    )


def _cwd(step: Step) -> str:
    return step.cwd.relative_to(step.root).as_posix() if step.cwd != step.root else "."


def _failure(each: Group, new: frozenset[str]) -> Failure:
    head, *others = (_shown(one) for _, one in each.members)
    return Failure(
        id=each.id,
        tool=head.tool,
        file=head.file,
        line=head.line,
        column=head.column,
        code=head.code,
        message=head.message,
        symbol=None if head.test else head.symbol,
        test=_test(head),
        severity=head.severity,
        fix=_fix(each),
        new=any(key in new for key, _ in each.members),
        also=tuple(_also(head, one) for one in others),
    )


def _fix(each: Group) -> Literal["auto"] | None:
    """Return "auto" where all that the tools that can mend find in a failure is marked so."""
    mending = [one.fix for _, one in each.members if hasattr(checkers().get(one.tool), "mend")]
    return "auto" if mending and all(mending) else None


def _also(head: Diagnostic, one: Diagnostic) -> Also:
    differing: dict[str, Any] = {
        name: value
        for name in INHERITED
        if (value := getattr(one, name)) != getattr(head, name) and value is not None
    }
    if _test(one) is None:
        differing.pop("test", None)
    if one.test:
        # The place says it, and the failure in full names it.
        differing.pop("symbol", None)
    if "message" in differing and normalised(one.message) == normalised(head.message):
        # The same sentence with other numbers: its first line holds them.
        differing["message"] = one.message.partition("\n")[0]
    return Also(**differing)


def _test(one: Diagnostic) -> str | None:
    """Return the test, but not the module that could not be collected: `file` names it."""
    return None if one.test == one.file else one.test


def _shown(one: Diagnostic) -> Diagnostic:
    """Return a finding as the batch shows it: briefly, and as every run over the same files."""
    return replace(
        one,
        # Made fit again: what was harmless where it stood may not be at the margin.
        message=neutral(_brief(stable(one.brief or one.message))),
        file=one.file and stable(one.file),
        test=one.test and stable(one.test),
    )


def _brief(message: str) -> str:
    first, _, rest = BLANK_LINES.sub("\n", message).partition("\n")
    message = f"{first}\n{textwrap.dedent(rest)}" if rest else first
    left_out = len(message) - MESSAGE_LIMIT
    if left_out <= 0:
        return message
    return (
        f"{message[:MESSAGE_LIMIT]}\n[{left_out} more characters: ask for this failure by its id]"
    )


def _summary(finished: Sequence[Finished], groups: Sequence[Group], problems: Sequence[str]) -> str:
    counts = Counter(one.tool for each in groups for _, one in each.members)
    files = {one.file for each in groups for _, one in each.members if one.file}
    total = sum(counts.values())
    parts = []
    if total:
        tools = ", ".join(f"{tool} {count}" for tool, count in sorted(counts.items()))
        where = f" in {len(files)} file{'s' * (len(files) != 1)}" if files else ""
        parts.append(f"{total} failure{'s' * (total != 1)}{where}: {tools}")
    unfinished = [each for each in finished if each.verdict not in RAN]
    if unfinished:
        named = ", ".join(f"{each.step.tool} {each.verdict.value}" for each in unfinished)
        parts.append(f"not verified: {named}")
    if problems:
        parts.append(f"{len(problems)} configuration file{'s' * (len(problems) != 1)} unreadable")
    if not finished:
        parts.append(
            "nothing to run: no checker is configured and no tests were found; "
            "name commands in pyproject.toml under [tool.hdb]"
        )
    if not parts:
        tests = sum(each.outcome.passed for each in finished)
        tools = ", ".join(each.step.tool for each in finished)
        checks = "the only check" if len(finished) == 1 else f"all {len(finished)} checks"
        counted = f"; {tests} test{'s' * (tests != 1)}" if tests else ""
        parts.append(f"{checks} passed: {tools}{counted}")
    return "; ".join(parts)


def _batch_id(steps: Sequence[StepResult], failures: Sequence[Failure]) -> str:
    text = "\n".join(one.json_text() for one in (*steps, *failures))
    return hashlib.sha256(text.encode()).hexdigest()[:6]
