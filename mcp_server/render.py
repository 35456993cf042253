"""Shows a batch and a failure to people, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from mcp_server.contract import (
    Advice,
    Also,
    Batch,
    Failure,
    FailureDetail,
    StatusView,
    StepResult,
)

STYLES = {
    "passed": "green",
    "failed": "red",
    "incomplete": "yellow",
    "crashed": "yellow",
    "timed_out": "yellow",
    "missing": "yellow",
    "not_run": "yellow",
}


def render_batch(batch: Batch) -> RenderableType:
    """Return a batch as text: the failures by file, then the steps, then the sum."""
    parts: list[RenderableType] = []
    for file, failures in groupby(batch.failures, key=lambda one: one.file or "(no file)"):
        parts.append(Text(file, style="bold"))
        parts += [line for failure in failures for line in _failure(failure)]
        parts.append(Text())
    parts += [Text(f"! {problem}", style="yellow") for problem in batch.problems]
    if batch.steps:
        parts += _steps(batch.steps)
    parts += [_advice(one) for one in batch.advice]
    parts.append(_closing(batch))
    return Lines(*parts)


def _advice(one: Advice) -> Text:
    place = ":".join(str(part) for part in (one.file, one.line) if part)
    said = "  ".join(part for part in (place, one.tool, one.code) if part)
    return Text(f"advice  {said}: {one.message}", style="dim")


def _failure(failure: Failure) -> Iterator[Text]:
    place = f"{failure.line or ''}{f':{failure.column}' if failure.column else ''}"
    head = Text(f"  {place:>7}  ")
    head.append(failure.tool, style="cyan")
    if failure.code:
        head.append(f" {failure.code}", style="magenta")
    if failure.test:
        head.append(f"  {failure.test}")
    if failure.fix:
        head.append("  (mechanical fix)", style="dim")
    if failure.new:
        head.append("  new", style="bold")
    if failure.introduced is not None:
        word = "introduced" if failure.introduced else "known"
        head.append(f"  {word}", style="bold" if failure.introduced else "dim")
    head.append(f"  [{failure.id}]", style="dim")
    yield head
    for line in failure.message.splitlines():
        yield Text(f"           {line}")
    for one in failure.also:
        yield Text(f"           also {_also(one)}", style="dim")


def _also(one: Also) -> str:
    place = ":".join(str(part) for part in (one.file, one.line, one.column) if part is not None)
    if place and one.file is None:
        place = f"{'column' if one.line is None else 'line'} {place}"
    message = one.message.replace("\n", " ") if one.message else None
    return "  ".join(part for part in (one.tool, one.code, place, one.test, message) if part)


def _steps(steps: tuple[StepResult, ...]) -> Iterator[Text]:
    rows = [
        (
            step.verdict,
            step.tool,
            ", ".join(
                f"{count} {word}"
                for count, word in (
                    (step.failures, "found"),
                    (step.passed, "passed"),
                    (step.skipped, "skipped"),
                    (step.deselected, "deselected"),
                )
                if count
            ),
            f"{step.seconds:.1f} s" if step.seconds else "",
        )
        for step in steps
    ]
    told: set[str] = set()
    for line, step in zip(aligned(rows), steps, strict=True):
        line.stylize(STYLES[step.verdict], 0, len(step.verdict))
        where = "" if step.cwd == "." else f"{step.cwd}: "
        line.append(f"{where}{step.ran or step.command}  ({step.source})", style="dim")
        yield line
        if step.reason and step.reason not in told:
            told.add(step.reason)
            yield from (Text(f"    {part}") for part in step.reason.splitlines())


def aligned(rows: Sequence[tuple[str, ...]], widest: int = 1000) -> Iterator[Text]:
    """Return rows with their columns aligned; unlike a table they never wrap in a pipe.

    A cell longer than `widest` characters moves its own row only.
    """
    widths = [
        max((len(cell) for cell in column if len(cell) <= widest), default=0)
        for column in zip(*rows, strict=True)
    ]
    for row in rows:
        yield Text("".join(f"{cell:<{width}}  " for cell, width in zip(row, widths, strict=True)))


def _closing(batch: Batch) -> Text:
    text = Text("\n").append(batch.verdict, style=f"bold {STYLES[batch.verdict]}")
    text.append(f": {batch.summary}")
    text.append(_partial(batch.scope))
    if (left := batch.left_out) is not None:
        listed = ", ".join((*left.where, *([f"and {left.more:,} more"] if left.more else [])))
        text.append(f"\nleft out: {left.files} of {left.of} test files, {left.why}: {listed}")
        if left.checks:
            text.append(f"\nleft out as well: {', '.join(left.checks)}")
    if batch.delta:
        listed = ", ".join(f"{count} {name}" for name, count in batch.delta.lean().items())
        text.append(f"\nsince the last full run: {listed}")
    if (since := batch.since) is not None:
        text.append(
            f"\nsince {since.ref}: {since.introduced} introduced, {since.known} known"
            f"{f', {since.unknown} unknown' if since.unknown else ''}"
            f"{f' ({since.seconds:.1f} s)' if since.seconds >= 1 else ''}"
        )
        text.append("".join(f"\n  {note}" for note in since.notes))
    if explained := next((one.code for one in batch.advice if one.tool == "rules"), None):
        text.append(f"\n`hdb rules {explained}` explains {explained}", style="dim")
    if batch.failures:
        shown = batch.failures[0].id
        text.append(f"\n`hdb failure {shown}` shows the one marked [{shown}] in full", style="dim")
    return text


def _partial(scope: str) -> str:
    """Return what is to be said of a batch that does not verify everything."""
    return {"full": "", "affected": " (only what the change reaches)"}.get(
        scope, " (only the targets named)"
    )


def render_failure(detail: FailureDetail) -> RenderableType:
    """Return one failure in full, finding by finding."""
    parts: list[RenderableType] = []
    for one in detail.findings:
        place = ":".join(str(part) for part in (one.file, one.line, one.column) if part)
        title = "  ".join(part for part in (one.tool, one.code, place, one.test) if part)
        parts += [Text(title, style="bold"), Text(one.message or "")]
        parts += [Text(text) for text in (one.source, one.detail) if text]
        parts.append(Text())
    return Lines(*parts)


def render_status(status: StatusView) -> RenderableType:
    """Return whether a tree is verified in a few lines, what to do next in the first of them."""
    text = Text(status.advice, style="bold green")
    if not status.verified:
        text = Text("not verified", style="bold yellow").append(f": {status.advice}", style="")
    if (batch := status.batch) is not None:
        aside = _partial(batch.scope)
        text.append(
            f"\nbatch {batch.id}, {_ago(batch.age)}: {batch.verdict}: {batch.summary}{aside}"
        )
    for what, paths, more in (
        ("changed since", status.changed, status.more_changed),
        ("changed in this session", status.session, status.more_session),
    ):
        if paths:
            listed = ", ".join((*paths, *([f"and {more:,} more"] if more else [])))
            text.append(f"\n{what}: {listed}")
    return text


def _ago(seconds: int) -> str:
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'s' * (number != 1)} ago"
    return "just now"
