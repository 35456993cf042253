"""Reads the output of a command whose tools are not known, with the forms that tools share."""

from __future__ import annotations

import re

from mcp_server.checkers import checkers
from mcp_server.checkers.base import tail
from mcp_server.models import Diagnostic, Outcome, Report

LINE = re.compile(
    r"^(?P<file>[^\s:][^:\n]*\.pyi?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<message>.+)$"
)
# How known tools say that they checked something and found nothing.
GOOD = re.compile(
    r"^(?:=* ?(?:[1-9]\d* passed\b.*)|OK(?: \(.*\))?|Success: no issues found in [1-9]\d* .*"
    r"|All checks passed!|[1-9]\d* files? (?:already formatted|left unchanged)"
    r"|(?:All done!.*|[1-9]\d* files? would be left unchanged\.)"
    r"|0 errors\b.*|.*\brated at 10(?:\.00)?/10\b.*)\s*$",
    re.MULTILINE,
)
LEADING_CODE = re.compile(r"^(?P<code>[A-Z]+\d+)(?: \[\*\])?:? (?P<message>.+)$")
TRAILING_CODE = re.compile(r"^error: (?P<message>.+?)(?:  \[(?P<code>[a-z-]+)\])?$")


def parse(report: Report, tool: str) -> Outcome:
    """Return what can be told of a command's output; what nobody understands is its tail.

    pytest's own records are used where the reporter reached a pytest that the command started.
    A good status alone proves nothing: the command may have swallowed its tools' findings.
    """
    if report.record:
        outcome = checkers()["pytest"].parse(report)
        if outcome.checked or outcome.diagnostics:
            return outcome
    text = f"{report.stdout}\n{report.stderr}"
    found = tuple(
        _diagnostic(report, tool, match)
        for line in text.splitlines()
        if (match := LINE.match(line))
    )
    if report.status == 0 and found:
        why = "ended well although it printed findings: name its tools under [tool.hdb]"
        return Outcome(diagnostics=found, problem=why)
    if report.status == 0 and not GOOD.search(text):
        why = "ended well, but nothing it printed says that anything was checked"
        return Outcome(problem=f"{why}: name its tools under [tool.hdb]")
    if report.status != 0 and not found:
        message = tail(report.stdout + report.stderr) or f"ended with status {report.status}"
        found = (Diagnostic(tool=tool, code=f"status-{report.status}", message=message),)
    return Outcome(diagnostics=found, checked=True)


def _diagnostic(report: Report, tool: str, match: re.Match[str]) -> Diagnostic:
    message, code = match["message"], None
    coded = LEADING_CODE.match(message) or TRAILING_CODE.match(message)
    if coded:
        message, code = coded["message"], coded["code"]
    return Diagnostic(
        tool=tool,
        file=report.relative(match["file"]),
        line=int(match["line"]),
        column=int(match["column"]) if match["column"] else None,
        code=code,
        message=message,
    )
