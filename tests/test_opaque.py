"""Output of unknown tools: numbers that cannot be and rare line ends do not mislead."""

from __future__ import annotations

import pytest

from mcp_server import opaque
from mcp_server.models import Report
from tests.recordings import ROOT


def report(stdout: str, status: int | None = 1) -> Report:
    return Report(root=ROOT, cwd=ROOT, stdout=stdout, status=status)


@pytest.mark.parametrize("number", ["0", "9" * 5000, "99999999999"])
def test_a_place_that_cannot_be_is_unknown(number: str) -> None:
    (one,) = opaque.parse(report(f"a.py:{number}:{number}: wrong"), "make").diagnostics
    assert (one.file, one.line, one.column, one.message) == ("a.py", None, None, "wrong")


def test_a_count_of_tests_that_cannot_be_proves_nothing() -> None:
    outcome = opaque.parse(report(f"Ran {'9' * 5000} tests in 1s\n\nOK\n", 0), "make")
    assert outcome.problem


@pytest.mark.parametrize("mark", ["\x0c", "\x1c", "\u2028"])
def test_a_message_is_not_taken_apart_into_findings(mark: str) -> None:
    text = f"a.py:1:2: one{mark}b.py:3:4: two\r\nc.py:5:6: three"
    found = opaque.parse(report(text), "make").diagnostics
    assert [(one.file, one.message) for one in found] == [
        ("a.py", f"one{mark}b.py:3:4: two"),
        ("c.py", "three"),
    ]
