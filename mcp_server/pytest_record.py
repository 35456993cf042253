"""The JSON lines of our pytest reporter, read into sessions that tell what became of each test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from mcp_server.fields import as_text, count, position, whole
from mcp_server.models import Diagnostic, Report
from mcp_server.stable import stable

Record: TypeAlias = Mapping[str, Any]
FAILURES = {"failure", "collect", "conftest", "internal"}
TOPICS = {
    "SyntaxError": "syntax",
    "IndentationError": "syntax",
    "TabError": "syntax",
    "NameError": "undefined-name",
}
FULL_DIFF = re.compile(r"(?<!\s)[^\S\n]*\n\s*Full diff[^\n]*:.*", re.DOTALL)
SHOWN_FRAMES = 12
NEEDED = ("status", "collected", "finished")
"""What the last record of a session says, or else it is not its end."""
PASSED = {"passed", "xfailed", "xpassed"}


@dataclass(slots=True)
class Session:
    """One run of pytest: what it said, in the order in which it said it."""

    rootdir: str = ""
    failures: list[Record] = field(default_factory=list)
    running: dict[str, None] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    uncollected: int = 0
    collecting: str = ""
    collected: int | None = None
    deselected: int = 0
    interrupted: Record | None = None
    workers: list[str] = field(default_factory=list)
    finish: Record | None = None
    records: int = 0

    def add(self, record: Record) -> None:
        """Take in one record; a kind that is not known changes nothing."""
        kind, test = as_text(record.get("kind")), as_text(record.get("id"))
        self.records += "seq" in record
        self.uncollected += kind == "uncollected"
        if kind in FAILURES:
            self.failures.append(record)
        elif kind == "begin":
            self.running[test] = None
        elif kind == "end":
            self.running.pop(test, None)
            self.ended[test] = as_text(record.get("outcome"))
        elif kind == "collecting":
            self.collecting = test
        elif kind == "collected":
            self.collecting = ""
            self.collected = number(record, "n")
            self.deselected = max(self.deselected, number(record, "deselected"))
        elif kind == "deselected":
            # Every xdist worker says so, of the same tests.
            self.deselected = max(self.deselected, number(record, "n"))
        elif kind == "interrupted":
            self.interrupted = self.interrupted or record
        elif kind == "worker":
            self.workers.append(as_text(record.get("message")))
        elif kind == "finish" and all(whole(record.get(key)) is not None for key in NEEDED):
            self.finish = record

    def count(self, outcomes: Iterable[str]) -> int:
        """Count the tests that ended in one of `outcomes`."""
        wanted = set(outcomes)
        return sum(outcome in wanted for outcome in self.ended.values())

    def failure(self, kind: str) -> Record | None:
        """Return the first failure of a kind, if there is one."""
        return next((one for one in self.failures if one.get("kind") == kind), None)

    def node(self, report: Report, test: str) -> str:
        """Return a node id, which is relative to pytest's rootdir, relative to the root."""
        path, separator, rest = test.partition("::")
        return report.relative(f"{self.rootdir}/{path}") + separator + rest

    def finished(self, report: Report) -> frozenset[str]:
        """Return the node ids of the tests that ran to their end, relative to the root.

        A skipped one did not: to skip a failing test does not mend it.
        """
        over = (test for test, end in self.ended.items() if end not in {"not run", "skipped"})
        return frozenset(self.node(report, test) for test in over)

    def diagnostics(self, report: Report) -> list[Diagnostic]:
        """Return one diagnostic a failure; under xdist, two workers may report the same one.

        Each of them collects every file, with addresses of its own in what it says.
        """
        found = {
            (
                *(one.file, one.line, one.code, one.test, as_text(record.get("phase"))),
                stable(one.message) if record.get("kind") == "collect" else one.message,
            ): one
            for record in self.failures
            for one in [self._diagnostic(report, record)]
            # An internal error in a plugin has no place in the project; it is a problem alone.
            if one.file or record.get("kind") != "internal"
        }
        return list(found.values())

    def _diagnostic(self, report: Report, record: Record) -> Diagnostic:
        file, line, function = place(record)
        identifier, described = as_text(record.get("id")), as_text(record.get("subtest"))
        test = self.node(report, identifier) if identifier else None
        code = as_text(record.get("code")) or "failed"
        message = as_text(record.get("message")) or code
        # The first line of a short comparison holds both sides whole, and the diff repeats them.
        complete = "..." not in message.partition("\n")[0]
        brief = FULL_DIFF.sub("", message) if complete else message
        if brief.startswith(f"[{code}]"):
            reason = brief[len(code) + 2 :].strip()
            said = "passed, but is marked as an expected failure"
            brief = f"{said}: {reason}" if reason else said
        return Diagnostic(
            tool="pytest",
            file=report.relative(file) if file else None,
            line=line,
            column=position(record.get("column")),
            code=code,
            message=message,
            brief=brief if brief != message else None,
            symbol=function,
            test=f"{test} {described}" if test and described else test,
            topic=TOPICS.get(code),
            detail=as_text(record.get("text")) or None,
        )


def sessions(records: Iterable[Record]) -> list[Session]:
    """Return the sessions that the records tell of, in the order in which they began."""
    found: list[Session] = []
    current: dict[str, Session] = {}
    for record in records:
        process = as_text(record.get("p"))
        if record.get("kind") == "start":
            current[process] = Session(rootdir=as_text(record.get("rootdir")), records=1)
            found.append(current[process])
        elif process in current:
            current[process].add(record)
    return found


def place(record: Record) -> tuple[str | None, int | None, str | None]:
    """Return the file, line and function of a record, as far as it has them."""
    value = record.get("place")
    if not isinstance(value, list) or len(value) != len(("file", "line", "function")):
        return None, None, None
    file, line, function = value
    return (
        file if isinstance(file, str) and file else None,
        position(line),
        function if isinstance(function, str) and function not in {"", "<module>"} else None,
    )


def stack(report: Report, record: Record) -> str:
    """Return the frames of a record that are the project's own, the innermost last."""
    frames = record.get("frames")
    lines = []
    for one in frames if isinstance(frames, list) else []:
        file, line, function = place({"place": one})
        if file:
            lines.append(f"  {report.relative(file)}:{line or '?'} in {function or 'the module'}")
    return "\n".join(lines[-SHOWN_FRAMES:])


def number(record: Record, key: str) -> int:
    """Return a count in a record, 0 where it has none."""
    return count(record.get(key))
