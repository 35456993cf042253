"""Says what changed since another batch, comparing only what both ran to its end; pure.

What cannot be known: of several equal findings in one file the last by place count as the new ones
and as the fixed ones; a renamed file takes its findings along as fixed and new; a finding that the
project's configuration or a comment now silences is fixed, since its check no longer makes it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_server.checkers import checkers
from mcp_server.contract import Delta
from mcp_server.finished import RAN, Finished
from mcp_server.grouping import Group
from mcp_server.models import Diagnostic, Step, Verdict
from mcp_server.stable import stable

KEY_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a finding came from: the runs that made it, by their keys, its test and its file."""

    runs: tuple[str, ...]
    test: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Previous:
    """What is kept of a batch: its findings by their ids, and what was run to its end.

    `runs` maps a run that ended to the files that it could not parse and so hardly checked, or to
    None where it stopped at what it found. `tests` maps a run of tests to the node ids that ran to
    their end, whatever came of them.
    """

    findings: dict[str, Trace]
    runs: dict[str, frozenset[str] | None]
    tests: dict[str, frozenset[str]]


def remember(finished: Sequence[Finished], groups: Iterable[Group]) -> Previous:
    """Return what the next batch needs to know of this one to tell what changed."""
    found: dict[Diagnostic, dict[str, None]] = defaultdict(dict)
    runs: dict[str, frozenset[str] | None] = {}
    tests: dict[str, frozenset[str]] = {}
    for each in finished:
        run, suite = _run(each.step), _suite(each.step)
        for one in each.outcome.diagnostics:
            found[one][run if one.test is None else suite] = None
        if each.verdict not in RAN:
            continue
        ended = frozenset(stable(test) for test in each.outcome.finished)
        tests[suite] = tests.get(suite, frozenset()) | ended
        runs[run] = None if _stopped(each) else frozenset(_unparsed(each.outcome.diagnostics))
    findings = {
        key: Trace(tuple(found[one]), one.test and stable(one.test), one.file)
        for each in groups
        for key, one in each.members
    }
    return Previous(findings, runs, tests)


def compare(before: Previous, now: Previous) -> tuple[Delta, frozenset[str]]:
    """Return what changed, counted in findings, and the ids of the new ones."""
    same = before.findings.keys() & now.findings.keys()
    gone = [trace for key, trace in before.findings.items() if key not in same]
    come = {key: trace for key, trace in now.findings.items() if key not in same}
    reached_before, reached_now = _reached(before), _reached(now)
    # Every run that made a finding must have come to where it no longer does. That one of them
    # came there and did not make it is enough for a finding to be new.
    fixed = sum(
        all(_ended(before, run) and _came(now, reached_now, run, trace) for run in trace.runs)
        for trace in gone
    )
    new = frozenset(
        key
        for key, trace in come.items()
        if any(_ended(now, run) and _came(before, reached_before, run, trace) for run in trace.runs)
    )
    unknown = len(gone) + len(come) - fixed - len(new)
    return Delta(fixed=fixed, new=len(new), same=len(same), unknown=unknown), new


def _ended(batch: Previous, run: str) -> bool:
    return run in batch.runs or run in batch.tests


def _came(batch: Previous, reached: dict[str, frozenset[str]], run: str, trace: Trace) -> bool:
    """Tell whether a run of a batch came to the place where a finding was or is."""
    if trace.test is None:
        unparsed = batch.runs.get(run)
        return unparsed is not None and trace.file not in unparsed
    if trace.test in reached.get(run, ()):
        return True
    # A subtest is its test and, after a space, what describes it.
    ended = batch.tests.get(run, frozenset())
    return any(beginning in ended for beginning in _beginnings(trace.test))


def _beginnings(test: str) -> Iterator[str]:
    at = test.find(" ")
    while at >= 0:
        yield test[:at]
        at = test.find(" ", at + 1)


def _reached(batch: Previous) -> dict[str, frozenset[str]]:
    """Return for each run of tests those that ended, and what they were collected from.

    A file whose collection failed was collected where a test in it ended.
    """
    return {
        run: frozenset(node for test in tests for node in (test, *_collectors(test)))
        for run, tests in batch.tests.items()
    }


def _collectors(test: str) -> Iterator[str]:
    path, *names = test.split("::")
    for end in range(len(names)):
        yield "::".join((path, *names[:end]))
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _stopped(each: Finished) -> bool:
    """Tell whether a step may have stopped at what it found, as make does between its lines."""
    # hdb itself reads to the end.
    known = each.step.read is not None or each.step.tool in checkers()
    return each.outcome.partial or (not known and each.verdict is Verdict.FAILED)


def _unparsed(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    return (one.file for one in diagnostics if one.topic == "syntax" and one.file)


def _run(step: Step) -> str:
    """Return what identifies a run, so that only like is compared with like."""
    return _key("run", step, *step.argv, "only", *sorted(step.only))


def _suite(step: Step) -> str:
    """Return what identifies a run of tests, whichever of them are asked for."""
    return _key("tests", step, step.command, *step.argv[: step.started], "options", *step.args)


def _key(kind: str, step: Step, *words: str) -> str:
    # A digest: an option or a variable of the environment may be a credential.
    env = [f"{name}={value}" for name, value in sorted(step.env.items())]
    place = step.cwd.relative_to(step.root).as_posix()
    text = "\0".join((kind, step.tool, place, *words, "environment", *env))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:KEY_LENGTH]
