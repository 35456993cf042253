"""coverage report: the gate on how much of the code the tests reach, after a measured test run."""

from __future__ import annotations

import re

from mcp_server.checkers.base import no_retry, tail
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "coverage"
ROLE = Role.COVERAGE
retry = no_retry

GATE = re.compile(
    r"^(?:Coverage failure: )?total of \S+ is less than fail-under=\S+$", re.MULTILINE
)
# The last row of a table, or with `--format=total` nothing but the number.
TOTAL = re.compile(r"^\|? *\**TOTAL\b.*[0-9]%|\A[0-9]+(?:\.[0-9]+)?\n*\Z", re.MULTILINE)
GATE_STATUS = 2
"""What `coverage report` ends with where the total is below its gate."""


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `coverage report`; the run itself is pytest's."""
    return args[1:] if program == "coverage" and args[:1] == ("report",) else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell that a report changes nothing."""
    del args
    return False


def detect(settings: Settings) -> Found | None:
    """Find nothing: a table alone does not say that a report is a check."""
    del settings
    return None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for the report as the project does."""
    del targets
    return Invocation(args=("report", *args))


def parse(report: Report) -> Outcome:
    """Read the total, and the sentence that the gate adds below it."""
    text = f"{report.stdout}\n{report.stderr}"
    below = GATE.search(text)
    if report.status == GATE_STATUS and below:
        message = below[0].removeprefix("Coverage failure: ")
        found = Diagnostic(tool=NAME, code="coverage", message=message, detail=report.stdout)
        return Outcome(diagnostics=(found,), checked=True)
    if report.status != 0:
        return Outcome(problem=tail(report.stderr or report.stdout) or None)
    return Outcome(checked=TOTAL.search(report.stdout) is not None)
