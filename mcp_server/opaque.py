"""Reads the output of a command whose tools are not known, with the forms that tools share."""

from __future__ import annotations

import re
from dataclasses import replace

from mcp_server.checkers import checkers
from mcp_server.checkers.base import tail
from mcp_server.fields import count, position
from mcp_server.models import Diagnostic, Outcome, Report

LINE = re.compile(
    r"^(?P<file>[^\s:][^:\n]*\.pyi?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<message>.+)$"
)
# How known tools say that they checked something and found nothing.
GOOD = re.compile(
    r"^(?:=+ (?:[1-9]\d* passed\b.*)|Success: no issues found in [1-9]\d* .*"
    r"|All checks passed!|[1-9]\d* files? (?:already formatted|left unchanged)"
    r"|(?:All done!.*|[1-9]\d* files? would be left unchanged\.)"
    r"|0 errors\b.*|.*\brated at 10(?:\.00)?/10\b.*)\s*$",
    re.MULTILINE,
)
# How they say that something is wrong, on a line of its own.
BAD = re.compile(
    r"^(?:FAILED \(.*\)|=+ (?:.*\b)?[1-9]\d* (?:failed|errors?)\b.*"
    r"|Found [1-9]\d* (?:errors?|diagnos).*|(?:FAILED|ERROR) \S+::.*"
    r"|\S+\.pyi?:\d+(?::\d+)?: error: .*)\s*$",
    re.MULTILINE,
)
RUNNER = "make"
"""Runs whole tasks, whose shell lines may hide a status."""
RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
SKIPPED = re.compile(r"^OK \(.*\bskipped=(\d+)", re.MULTILINE)
LEADING_CODE = re.compile(r"^(?P<code>[A-Z]+\d+)(?: \[\*\])?:? (?P<message>.+)$")
TRAILING_CODE = re.compile(r"^error: (?P<message>.+?)(?:  \[(?P<code>[a-z-]+)\])?$")


def parse(report: Report, tool: str) -> Outcome:
    """Return what can be told of a command's output; what nobody understands is its tail.

    pytest's own records are used where the reporter reached a pytest that the command started.
    A task that runs whole may have swallowed its tools' findings, so its good status alone proves
    nothing. A single command that the project states for hdb is believed: no shell stands between.
    """
    text = f"{report.stdout}\n{report.stderr}"
    tests = checkers()["pytest"].parse(report) if report.record else Outcome()
    findings = tuple(
        _diagnostic(report, tool, match)
        for line in text.replace("\r\n", "\n").split("\n")
        if not report.record and (match := LINE.match(line))
    )
    found = (*tests.diagnostics, *findings)
    if tests.problem or tests.nothing:
        return tests
    if report.status == 0 and (found or BAD.search(text)):
        why = "ended well although it printed findings: name its tools under [tool.hdb]"
        return replace(tests, diagnostics=found, problem=why)
    if report.status == 0 and report.cut:
        return replace(tests, problem=f"{report.cut} bytes of its output were too much to keep")
    proven = tool != RUNNER or tests.checked or GOOD.search(text) or _unittests(text)
    if report.status == 0 and not proven:
        why = "ended well, but nothing it printed says that anything was checked"
        return Outcome(problem=f"{why}: name its tools under [tool.hdb]")
    if report.status != 0 and not found:
        message = tail(report.stdout + report.stderr) or f"ended with status {report.status}"
        found = (Diagnostic(tool=tool, code=f"status-{report.status}", message=message),)
    return replace(tests, diagnostics=found, checked=True)


def _unittests(text: str) -> bool:
    """Tell whether unittest says that it ran a test, not only skipped ones."""
    skipped = sum(count(number) for number in SKIPPED.findall(text))
    return sum(count(number) for number in RAN.findall(text)) > skipped


def _diagnostic(report: Report, tool: str, match: re.Match[str]) -> Diagnostic:
    message, code = match["message"], None
    coded = LEADING_CODE.match(message) or TRAILING_CODE.match(message)
    if coded:
        message, code = coded["message"], coded["code"]
    return Diagnostic(
        tool=tool,
        file=report.relative(match["file"]),
        line=position(match["line"]),
        column=position(match["column"]),
        code=code,
        message=message,
    )
