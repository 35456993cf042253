"""alembic's checker: reads the driver's events, and makes no project's command a planned one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.batch import judge
from mcp_server.checkers import alembic
from mcp_server.models import Report, Step, Verdict
from mcp_server.repository import Settings

ROOT = Path("/work/project")
STEP = Step(tool="alembic", argv=("python",), cwd=ROOT, root=ROOT, command="", source="")
FINDING = {
    "event": "finding", "code": "downgrade-failed", "file": "/work/project/versions/a.py",
    "line": 7, "message": "downgrade of a fails", "symbol": "a", "detail": "Traceback",
}  # fmt: skip
END = {"event": "end"}


def judged(*events: Mapping[str, object], status: int = 0, rest: str = "") -> tuple[Verdict, str]:
    text = "".join(f"{json.dumps(one)}\n" for one in events)
    report = Report(root=ROOT, cwd=ROOT, stdout=text, stderr=rest, status=status)
    finished = judge(STEP, report, alembic.parse(report))
    return finished.verdict, finished.reason or ""


def test_a_finding_has_its_place_and_its_revision() -> None:
    text = f"{json.dumps(FINDING)}\n{json.dumps(END)}\n"
    report = Report(root=ROOT, cwd=ROOT, stdout=text, status=1)
    (one,) = alembic.parse(report).diagnostics
    assert (one.file, one.line, one.code, one.symbol) == (
        "versions/a.py", 7, "downgrade-failed", "a",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("events", "verdict", "words"),
    [
        ([END], Verdict.PASSED, ""),
        ([{"event": "remark", "text": "no drift"}, END], Verdict.PASSED, "no drift"),
        ([FINDING, END], Verdict.FAILED, ""),
        ([{"event": "refused", "why": "elsewhere"}], Verdict.NOT_RUN, "elsewhere"),
        ([FINDING, {"event": "refused", "why": "elsewhere"}], Verdict.CRASHED, "elsewhere"),
        ([{"event": "problem", "why": "env.py"}], Verdict.CRASHED, "env.py"),
        ([{"event": "stage", "name": "upgrade"}], Verdict.CRASHED, "after upgrade"),
        ([], Verdict.CRASHED, "did not come to its end"),
    ],
)
def test_nothing_but_the_last_event_makes_a_run_green(
    events: list[Mapping[str, object]], verdict: Verdict, words: str
) -> None:
    bad = any(one["event"] in {"finding", "refused", "problem"} for one in events)
    found, reason = judged(*events, status=int(bad))
    assert found is verdict
    assert words in reason


def test_a_finding_that_was_lost_leaves_no_green() -> None:
    assert judged(END, status=1)[0] is Verdict.CRASHED
    assert judged(FINDING, END, status=0)[0] is Verdict.CRASHED


def test_an_end_with_another_status_is_no_end() -> None:
    verdict, reason = judged(END, status=1, rest="Fatal Python error")
    assert verdict is Verdict.CRASHED
    assert "Fatal Python error" in reason


def test_a_projects_own_alembic_is_never_planned() -> None:
    assert alembic.recognise("alembic", ("upgrade", "head")) is None
    assert alembic.detect(Settings(tables={"alembic": {}})) is None
