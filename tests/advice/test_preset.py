"""Ruff's rules that hdb offers: on changed lines, without what the project decided, never red."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from mcp_server.advice.preset_step import folded, preset_steps
from mcp_server.conventions import read_conventions
from mcp_server.execution import Allowance, execute
from mcp_server.finished import Finished
from mcp_server.limits import Limits
from mcp_server.models import Diagnostic, Outcome, Verdict

HEAD = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.10"\n'
SOURCE = """\
import datetime
import logging


def stamp():
    logging.error("now")
    return datetime.datetime.utcnow()


def again(held: list = []) -> list:
    return [*held, datetime.datetime.utcnow()]
"""


@pytest.fixture
def write(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "pyproject.toml").write_text(HEAD)
    (tmp_path / "app" / "times.py").write_text(SOURCE)
    return tmp_path


def offer(
    root: Path, lines: frozenset[int] | None = None, path: str = "app/times.py"
) -> tuple[list[Finished], dict[str, Diagnostic]]:
    """Run the preset for one changed file; return the steps and the advice by its code."""

    async def run() -> list[Finished]:
        allowance = Allowance(Limits(), anyio.current_time() + 60)
        steps = preset_steps(read_conventions(root), {path: lines})
        return [await execute(step, allowance) for step in steps]

    finished = anyio.run(run)
    return finished, {
        one.code or "": one for each in folded(finished) for one in each.outcome.advice
    }


def test_what_the_preset_finds_is_advice_and_fails_nothing(write: Path) -> None:
    (step,), advice = offer(write)
    assert {"DTZ003", "B006", "ANN201", "LOG015"} <= advice.keys()
    assert step.verdict is Verdict.PASSED
    assert not step.outcome.diagnostics
    assert advice["DTZ003"].file == "app/times.py"


def test_findings_of_one_rule_in_a_file_are_said_once(write: Path) -> None:
    _, advice = offer(write)
    assert advice["DTZ003"].line == 7
    assert advice["DTZ003"].message.endswith("(also line 11)")


def test_only_changed_lines_are_advised_on(write: Path) -> None:
    _, advice = offer(write, frozenset({11}))
    assert advice.keys() == {"DTZ003"}
    assert advice["DTZ003"].line == 11


def test_a_noqa_of_the_project_holds(write: Path) -> None:
    (write / "app" / "times.py").write_text(SOURCE.replace("utcnow()\n", "utcnow()  # noqa\n", 1))
    _, advice = offer(write)
    assert advice["DTZ003"].line == 11


DECISIONS = {
    "selected": '[tool.ruff.lint]\nselect = ["DTZ", "B"]\n',
    "selected beside the defaults": '[tool.ruff.lint]\nextend-select = ["DTZ", "B"]\n',
    "ignored": '[tool.ruff]\nignore = ["DTZ003", "B006"]\n',
    "ignored for files": '[tool.ruff.lint.per-file-ignores]\n"app/*" = ["DTZ003", "B"]\n',
}


@pytest.mark.parametrize("table", DECISIONS.values(), ids=DECISIONS)
def test_what_the_project_decided_is_not_offered(write: Path, table: str) -> None:
    (write / "pyproject.toml").write_text(HEAD + table)
    _, advice = offer(write)
    assert not advice.keys() & {"DTZ003", "B006"}
    assert "LOG015" in advice


@pytest.mark.parametrize("letters", ["F", "B", "A", "D", "E"])
def test_a_linter_of_other_letters_decides_nothing(letters: str, write: Path) -> None:
    text = "import fastapi\n\n\ntry:\n    fastapi.run()\nexcept Exception:\n    fastapi = None\n"
    (write / "app" / "times.py").write_text(text)
    (write / "pyproject.toml").write_text(HEAD + f'[tool.ruff.lint]\nselect = ["{letters}"]\n')
    assert "BLE001" in offer(write)[1]


ELSEWHERE = {
    "a configuration that is extended": {
        "pyproject.toml": HEAD + '[tool.ruff]\nextend = "base.toml"\n',
        "base.toml": '[lint]\nselect = ["DTZ"]\nignore = ["B006"]\n',
    },
    "one of a folder below": {"app/ruff.toml": '[lint]\nignore = ["DTZ", "B006"]\n'},
    "files that only the linter leaves out": {
        "pyproject.toml": HEAD + '[tool.ruff.lint]\nexclude = ["app/times.py"]\n'
    },
    "files that flake8 leaves out": {".flake8": "[flake8]\nexclude = app/times.py\n"},
    "codes that flake8 leaves out of files": {
        ".flake8": "[flake8]\nper-file-ignores =\n    app/times.py: B006, DTZ003\n"
    },
    "the call in the Makefile": {
        "Makefile": "lint:\n\truff check --select DTZ,B --ignore=ANN app\n"
    },
}


@pytest.mark.parametrize("files", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_decision_counts_wherever_it_stands(files: dict[str, str], write: Path) -> None:
    assert offer(write)[1].keys() >= {"DTZ003", "B006"}
    for name, text in files.items():
        (write / name).write_text(text)
    assert not offer(write)[1].keys() & {"DTZ003", "B006"}


def test_names_that_the_project_has_everywhere_are_known(write: Path) -> None:
    (write / "app" / "times.py").write_text('NAME = _("name")\n')
    assert "F821" in offer(write)[1]
    (write / "pyproject.toml").write_text(HEAD + '[tool.ruff]\nbuiltins = ["_"]\n')
    assert "F821" not in offer(write)[1]


@pytest.mark.parametrize(
    "table",
    [
        '[tool.ruff]\nexclude = ["part/app/times.py"]\n',
        '[tool.ruff.lint.per-file-ignores]\n"part/app/times.py" = ["DTZ", "B"]\n',
    ],
)
def test_patterns_begin_at_the_folder_of_their_configuration(table: str, write: Path) -> None:
    (write / "pyproject.toml").write_text(HEAD + table)
    inner = write / "part"
    (inner / "app").mkdir(parents=True)
    (inner / "pyproject.toml").write_text(HEAD.replace('"app"', '"part"') + "[tool.mypy]\n")
    (inner / "app" / "times.py").write_text(SOURCE)
    assert not offer(write, path="part/app/times.py")[1].keys() & {"DTZ003", "B006"}


def test_what_a_step_of_the_project_reported_is_not_advised_again(write: Path) -> None:
    (step,), advice = offer(write)
    told = replace(advice["DTZ003"], severity="error")
    failed = replace(
        step,
        step=replace(step.step, turned=None),
        outcome=Outcome(diagnostics=(told,), checked=True),
    )
    _, own = folded([failed, step])
    (left,) = (one for one in own.outcome.advice if one.code == "DTZ003")
    assert (left.line, "also" in left.message) == (11, False)


def test_what_flake8_ignores_is_not_offered(write: Path) -> None:
    (write / ".flake8").write_text("[flake8]\nextend-ignore = B006, DTZ003\n")
    _, advice = offer(write)
    assert not advice.keys() & {"DTZ003", "B006"}
    assert "LOG015" in advice


def test_what_flake8_looks_for_is_not_offered(write: Path) -> None:
    (write / "app" / "times.py").write_text("import os\n" + SOURCE)
    assert "F401" in offer(write)[1]
    (write / "setup.cfg").write_text("[flake8]\nmax-line-length = 100\n")
    assert "F401" not in offer(write)[1]


def test_a_project_can_be_offered_nothing(write: Path) -> None:
    (write / "pyproject.toml").write_text(HEAD + "[tool.hdb.rules]\npreset = false\n")
    assert offer(write) == ([], {})


def test_a_project_that_selects_everything_is_offered_nothing(write: Path) -> None:
    (write / "pyproject.toml").write_text(HEAD + '[tool.ruff.lint]\nselect = ["ALL"]\n')
    assert offer(write) == ([], {})


def test_a_table_above_the_project_holds_for_it(tmp_path: Path, write: Path) -> None:
    (write / "pyproject.toml").write_text(HEAD + '[tool.ruff.lint]\nignore = ["DTZ"]\n')
    inner = write / "part"
    (inner / "app").mkdir(parents=True)
    (inner / "pyproject.toml").write_text(HEAD.replace('"app"', '"part"'))
    (inner / "app" / "times.py").write_text(SOURCE)
    _, advice = offer(tmp_path, path="part/app/times.py")
    assert "DTZ003" not in advice
    assert "B006" in advice


def test_a_strict_type_checker_asks_for_annotations_itself(write: Path) -> None:
    (write / "pyproject.toml").write_text(HEAD + "[tool.mypy]\nstrict = true\n")
    assert "ANN201" not in offer(write)[1]


def test_the_oldest_python_of_the_project_decides(write: Path) -> None:
    text = "from typing import Optional\n\n\ndef read(value: Optional[int]) -> None: ...\n"
    (write / "app" / "times.py").write_text(text)
    assert "UP045" in offer(write)[1]
    (write / "pyproject.toml").write_text(HEAD.replace(">=3.10", ">=3.8"))
    assert "UP045" not in offer(write)[1]


def test_a_setting_that_ruff_refuses_is_remarked_and_fails_nothing(write: Path) -> None:
    table = "[tool.ruff.lint.flake8-bugbear]\nunheard-of = 1\n"
    (write / "pyproject.toml").write_text(HEAD + table)
    (step,), advice = offer(write)
    assert step.verdict is Verdict.PASSED
    assert not advice
    (only,) = folded([step])
    assert only.step.tool == "rules"
    assert "could not be offered" in (only.reason or "")


def test_generated_revisions_are_left_alone(write: Path) -> None:
    folder = write / "alembic" / "versions"
    folder.mkdir(parents=True)
    (folder / "one.py").write_text(SOURCE)
    assert offer(write, path="alembic/versions/one.py") == ([], {})


def test_what_is_offered_becomes_part_of_hdbs_own_step(write: Path) -> None:
    (step,), advice = offer(write)
    (own,) = folded([step])
    assert own.step.tool == "rules"
    assert own.verdict is Verdict.PASSED
    assert len(own.outcome.advice) == len(advice)
