"""coverage report, on recorded output and on a project that misses its gate."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest

from mcp_server.checkers import coverage
from mcp_server.models import Report
from mcp_server.verify import verify
from tests.conftest import ProjectFactory
from tests.recordings import replay

TABLE = (
    "Name    Stmts   Miss  Cover\n---\ncalc.py   4      1    75%\n---\nTOTAL     4      1    75%\n"
)
MISSED = "total of 75 is less than fail-under=100"
ENDS = {
    "above the gate": (0, TABLE, "", (True, None, 0)),
    "below the gate": (2, f"{TABLE}Coverage failure: {MISSED}\n", "", (True, None, 1)),
    "nothing measured": (1, "No data to report.\n", "", (False, "No data to report.", 0)),
    "a total alone": (0, "75\n", "", (True, None, 0)),
    "a good end without a total": (0, "", "", (False, None, 0)),
    "wrong usage": (1, "", "Unknown option", (False, "Unknown option", 0)),
}  # fmt: skip


@pytest.mark.parametrize(("status", "out", "err", "read"), ENDS.values(), ids=ENDS)
def test_the_gate_is_read(
    status: int, out: str, err: str, read: tuple[bool, str | None, int]
) -> None:
    report = Report(root=Path("/p"), cwd=Path("/p"), status=status, stdout=out, stderr=err)
    outcome = coverage.parse(report)
    assert (outcome.checked, outcome.problem, len(outcome.diagnostics)) == read


COMMANDS = [
    ("coverage", ("report", "--fail-under=9"), ("--fail-under=9",)),
    ("coverage", ("run", "-m", "pytest"), None),
    ("coverage", ("html",), None),
    ("pytest", ("report",), None),
]


@pytest.mark.parametrize(("program", "args", "own"), COMMANDS)
def test_only_the_report_is_a_check(
    program: str, args: tuple[str, ...], own: tuple[str, ...] | None
) -> None:
    assert coverage.recognise(program, args) == own


FILES = {
    "pyproject.toml": "[tool.coverage.report]\nfail_under = 100\n",
    "calc.py": "def one():\n    return 1\n\n\ndef two():\n    return 2\n",
    "test_calc.py": "from calc import one\n\n\ndef test_one():\n    assert one() == 1\n",
}
MAKEFILE = "test:\n\t.venv/bin/{run}\n\t.venv/bin/coverage report\n"


async def test_a_missed_gate_of_a_measured_run_is_a_failure(project: ProjectFactory) -> None:
    makefile = MAKEFILE.format(run="coverage run --include=calc.py -m pytest")
    batch = await verify(project({**FILES, "Makefile": makefile}))
    assert [(step.tool, step.verdict) for step in batch.steps] == [
        ("pytest", "passed"),
        ("coverage", "failed"),
    ]
    assert batch.failures[0].message == MISSED


async def test_hdbs_own_plugin_is_not_measured_as_the_projects_code(
    project: ProjectFactory,
) -> None:
    # Without `source` everything is measured that a run executes.
    makefile = MAKEFILE.format(run="coverage run -m pytest")
    folder = project({**FILES, "Makefile": makefile})
    await verify(folder)
    report = [str(folder / ".venv/bin/coverage"), "json", "--fail-under=0", "-qo-"]
    done = await anyio.run_process(report, cwd=folder)
    measured = json.loads(done.stdout)["files"]
    assert "calc.py" in measured
    ours = [one["summary"] for path, one in measured.items() if "/hdb_" in path]
    assert sum(one["num_statements"] for one in ours) == 0


async def test_a_report_without_a_measured_run_is_not_run_on_old_data(
    project: ProjectFactory,
) -> None:
    folder = project({**FILES, "Makefile": MAKEFILE.format(run="pytest")})
    (folder / ".coverage").write_bytes(b"old")
    batch = await verify(folder)
    assert [(step.tool, step.verdict) for step in batch.steps] == [
        ("pytest", "passed"),
        ("coverage", "not_run"),
    ]
    assert batch.verdict == "incomplete"


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("table", (True, None, 0)),
        ("markdown", (True, None, 0)),
        ("missing", (True, None, 0)),
        ("total", (True, None, 0)),
        ("below", (True, None, 1)),
        ("nothing", (False, "No data to report.", 0)),
    ],
)
def test_every_form_of_the_report_is_read(name: str, read: tuple[bool, str | None, int]) -> None:
    outcome = coverage.parse(replay("coverage", f"7.17.3-{name}"))
    assert (outcome.checked, outcome.problem, len(outcome.diagnostics)) == read


@pytest.mark.parametrize(
    "text", ["\x00\n7\n", "7\nx\n", "TOTAL nothing\n", "TOTALLY 9%\n", "\u0663\x1c"]
)
def test_a_number_among_other_words_is_no_total(text: str) -> None:
    report = Report(root=Path("/p"), cwd=Path("/p"), status=0, stdout=text)
    assert not coverage.parse(report).checked
