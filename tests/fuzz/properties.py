"""What has to hold of every report that a parser is given, and where such reports come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import get_args

from mcp_server import opaque
from mcp_server.batch import assemble
from mcp_server.checkers import checkers
from mcp_server.checkers.base import diff_places, json_document
from mcp_server.contract import Batch, Delta
from mcp_server.delta import remember
from mcp_server.execution import conclude
from mcp_server.finished import Finished
from mcp_server.models import Invocation, Outcome, Report, Severity, Step, Verdict
from mcp_server.outgoing import outgoing
from mcp_server.pytest_record import sessions
from mcp_server.untrusted import neutral
from tests.fuzz import mutations, streams
from tests.fuzz.values import dumped, garbage, says_something, value
from tests.recordings import ROOT

LARGEST = 2**31
"""Lines and columns below it are numbers to every reader of JSON."""
TASK = "make"
"""What runs unknown tools, so that only what they print can prove anything."""
TEXTS = ("file", "code", "symbol", "test", "topic", "brief", "detail")


@dataclass(frozen=True)
class Case:
    """One report for one parser, and whether it is one that can never have been good."""

    tool: str
    report: Report
    hopeless: bool = False
    """Whether it holds no proof: garbage, or records without an end."""


def step(tool: str) -> Step:
    """Return a step of a tool, as planned."""
    return Step(tool=tool, argv=(tool,), cwd=ROOT, root=ROOT, command=tool, source="fuzz")


def parse(case: Case) -> Outcome:
    """Return what the parser of a case makes of its report."""
    checker = checkers().get(case.tool)
    return checker.parse(case.report) if checker else opaque.parse(case.report, case.tool)


def verdict(case: Case) -> Finished:
    """Return the step of a case, as verify judges it."""
    return conclude(step(case.tool), case.report)


def hold(case: Case) -> Verdict:
    """Assert all that has to hold of a case, and return its verdict."""
    report = case.report
    well_typed(parse(case))
    finished = verdict(case)
    assert finished.reason is None or isinstance(finished.reason, str)
    lost = report.cut and not report.record
    bad = (
        lost or report.fault or report.status != 0 or report.signal is not None or report.timed_out
    )
    green = finished.verdict is Verdict.PASSED
    assert not (green and bad), f"green although it ended badly: {finished.outcome}"
    assert not (green and case.hopeless), f"green without proof: {finished.outcome}"
    checker = checkers().get(case.tool)
    if checker:
        again = checker.retry(report, ("-x", "src"), ("a.py",) if report.stdout else ())
        assert again is None or isinstance(again, Invocation)
    return finished.verdict


def well_typed(outcome: Outcome) -> None:
    """Assert that every field holds what it declares."""
    for one in outcome.diagnostics:
        assert isinstance(one.tool, str)
        assert isinstance(one.message, str)
        wrong = [name for name in TEXTS if not isinstance(getattr(one, name), str | None)]
        assert not wrong, f"{wrong} of {one}"
        assert is_position(one.line), f"line of {one}"
        assert is_position(one.column), f"column of {one}"
        assert one.severity in get_args(Severity)
        assert one.fix in {None, "auto"}
    for name in ("problem", "nothing", "remark"):
        assert isinstance(getattr(outcome, name), str | None), name
    assert outcome.problem is None or outcome.nothing is None
    assert type(outcome.checked) is bool
    assert type(outcome.partial) is bool
    for name in ("passed", "skipped", "deselected"):
        count = getattr(outcome, name)
        assert type(count) is int, name
        assert 0 <= count < LARGEST, name
    assert all(isinstance(test, str) for test in outcome.finished)


def is_position(number: object) -> bool:
    """Tell whether a line or column is 1-based or unknown."""
    return number is None or (type(number) is int and 1 <= number < LARGEST)


def texts_of(finished: Finished) -> Iterator[str]:
    """Yield every text of the project that a step takes along."""
    for one in finished.outcome.diagnostics:
        yield from (text for name in ("message", *TEXTS) if (text := getattr(one, name)))
    yield from filter(None, [finished.reason, *finished.outcome.finished])


def hold_batch(cases: list[Case]) -> Batch:
    """Assert that a batch of all the cases can be made, sent, kept and compared."""
    finished = [outgoing(verdict(case), ()) for case in cases]
    for each in finished:
        acting = [text for text in texts_of(each) if neutral(text) != text]
        assert not acting, f"not neutral: {acting}"
    batch, groups = assemble(finished, scope="full")
    text = batch.json_text()
    text.encode()
    # Compared as text: what is not a number would not equal itself.
    assert Batch.model_validate_json(text).json_text() == text
    previous = remember(finished, groups)
    again, _ = assemble(finished, scope="full", previous=previous)
    delta = again.delta or Delta()
    assert (delta.fixed, delta.new) == (0, 0)
    listed = sum(1 + len(one.also) for one in batch.failures)
    assert listed == len({one for each in finished for one in each.outcome.diagnostics})
    green = all(each.verdict is Verdict.PASSED for each in finished)
    assert (batch.verdict == "passed") == green
    return batch


# Where reports come from


def from_garbage(tool: str, rnd: Random) -> Case:
    """Return a report that no tool could have left, whatever it ended with."""
    said, stderr = garbage(rnd), garbage(rnd) if rnd.random() < 0.5 else ""
    record = garbage(rnd) if rnd.random() < 0.3 else ""
    status = rnd.choice([0, 0, *mutations.STATUSES])
    report = Report(root=ROOT, cwd=ROOT, status=status, stdout=said, stderr=stderr, record=record)
    return Case(tool, report, hopeless=tool in checkers() or tool == TASK)


def from_fragments(tool: str, rnd: Random) -> Case:
    """Return a report of lines that tools do print, in any order."""
    own = mutations.fragments(tool) if tool in checkers() else ()

    def some() -> str:
        pools = [own or mutations.all_fragments(), mutations.all_fragments()]
        lines = [rnd.choice(rnd.choice(pools)) for _ in range(rnd.randint(0, 6))]
        if lines and rnd.random() < 0.3:
            lines.insert(0, dumped(value(rnd), rnd))
        return "\n".join(rnd.choice(mutations.CHANGES)(line, rnd) for line in lines)

    report = Report(
        root=ROOT,
        cwd=rnd.choice([ROOT, ROOT / "sub"]),
        status=rnd.choice([0, *mutations.STATUSES]),
        stdout=some(),
        stderr=some(),
        record=some() if rnd.random() < 0.5 else "",
    )
    return Case(tool, report)


def from_recording(tool: str, rnd: Random) -> Case:
    """Return a changed recording of the tool, of any tool for what reads them all."""
    source = tool if tool in checkers() else rnd.choice(list(checkers()))
    report = mutations.mutated(rnd.choice(mutations.recorded(source)), rnd)
    return Case(tool, report)


def from_damage(tool: str, rnd: Random) -> Case:
    """Return a recording that lost lines, and nothing else."""
    source = tool if tool in checkers() else rnd.choice(list(checkers()))
    return Case(tool, mutations.damaged(rnd.choice(mutations.recorded(source)), rnd))


def from_stream(tool: str, rnd: Random) -> Case:
    """Return records of hdb's pytest reporter, as they should or should not be."""
    kind = rnd.randrange(6)
    if kind == 0:
        return Case(tool, streams.truthful(rnd))
    if kind == 1:
        return Case(tool, streams.without_finish(rnd), hopeless=True)
    report = streams.thrown_together(rnd)
    return Case(tool, report, hopeless=bool(report.record) and not streams.says_finish(report))


Source = Callable[[str, Random], Case]
SOURCES: tuple[Source, ...] = (from_garbage, from_fragments, from_recording, from_damage)


def sources(tool: str) -> tuple[Source, ...]:
    """Return where reports of a tool come from; only pytest and unknown tools leave records."""
    if tool == "pytest":
        return (from_stream, from_stream, from_stream, from_garbage, from_fragments)
    return (*SOURCES, from_recording) if tool in checkers() else (*SOURCES, from_stream)


def parsers() -> tuple[str, ...]:
    """Return the names of all parsers: the checkers, and what reads the rest."""
    return (*checkers(), TASK, "script")


def any_case(tool: str, rnd: Random) -> Case:
    """Return a report for a parser, from any source."""
    return rnd.choice(sources(tool))(tool, rnd)


# What else is given text of tools


def hold_reading(rnd: Random) -> None:
    """Assert that the shared readers of differences, documents and records take any text."""
    tool = rnd.choice(list(checkers()))
    case = rnd.choice(sources(tool))(tool, rnd)
    text = "\n".join(getattr(case.report, stream) for stream in mutations.STREAMS)
    for path, line, part in diff_places(text):
        assert isinstance(path, str)
        assert isinstance(part, str)
        assert line is not None
        assert is_position(line), line
    json_document(text)
    objects = [value(rnd) for _ in range(3)]
    records = [one for one in objects if isinstance(one, dict)]
    odd = [streams.record(rnd.choice(streams.KINDS), rnd, 0.5) for _ in range(rnd.randint(0, 6))]
    for session in sessions([{"kind": "start", "p": 1}, *odd, *records]):
        session.diagnostics(case.report)
        session.finished(case.report)


def smaller(case: Case) -> Iterator[Case]:
    """Yield the cases that lack some lines, or one way of ending, of a case."""
    for stream in mutations.STREAMS:
        lines = getattr(case.report, stream).split("\n")
        size = len(lines) if lines != [""] else 0
        while size:
            for at in range(0, len(lines), size):
                shorter = "\n".join(lines[:at] + lines[at + size :])
                if not case.hopeless or stream != "stdout" or says_something(shorter):
                    yield replace(case, report=mutations.with_text(case.report, stream, shorter))
            size //= 2
    yield replace(case, report=replace(case.report, cut=0))
    yield replace(case, report=replace(case.report, timed_out=False, fault=None))


def smallest(case: Case, wrong: Callable[[Case], bool]) -> Case:
    """Return the smallest case, as far as lines can be left out, of which the same is wrong."""
    while True:
        found = next((one for one in smaller(case) if one != case and wrong(one)), None)
        if found is None:
            return case
        case = found
