"""Conventions as agents and people receive them: lean by default, whole on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.cli import main
from mcp_server.contract import ConventionsView
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view

CI = (
    "on: push\njobs:\n  check:\n    steps:\n    - run: make test lint migration-check\n"
    "    - run: {}\n"
)
FILES = {
    "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.11'\n"
    "dependencies = ['fastapi']\n[tool.ruff]\nline-length = 99\n[tool.pylint]\n",
    "Makefile": "test:\n\tpytest\ncoverage:\n\tpytest --cov\nlint:\n\truff check\n"
    "migration-check:\n\tTOKEN=hunter2hunter2 A={} alembic upgrade head\n".format("a" * 200),
    ".github/workflows/ci.yml": CI.format("pytest --cov-fail-under=90"),
    "AGENTS.md": "",
    "x/api.py": "from fastapi import APIRouter\n\nrouter = APIRouter()\n\n\n"
    "@router.get('/a')\nasync def get_a() -> int:\n    return 1\n",
    "tests/test_x.py": "def test_a() -> None:\n    assert 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def view(folder: Path, *, lean: bool = False) -> ConventionsView:
    return conventions_view(read_conventions(folder, {}, facts=True), lean=lean)


def test_each_role_has_its_command_with_task_source_and_ci(project: Path) -> None:
    (one,) = view(project).projects
    assert one.roles["test"][0].lean() == {
        "tool": "pytest",
        "command": "pytest",
        "via": "make test",
        "source": "Makefile:test:2",
        "in_ci": ".github/workflows/ci.yml:check:5",
        "sure": True,
    }
    assert {role: [each.tool for each in many] for role, many in one.roles.items()} == {
        "test": ["pytest"],
        "lint": ["ruff"],
        "migrations": ["alembic"],
    }
    assert [(each.tool, each.reason) for each in one.runners_up["lint"]] == [
        ("pylint", "Makefile:lint:6 serves lint")
    ]


def test_facts_stand_beside_the_commands(project: Path) -> None:
    facts = view(project).projects[0].facts
    assert facts is not None
    assert facts.style["line length"].startswith("99 columns")
    assert "get_a (x/api.py:7)" in facts.examples["endpoint"]


def test_the_lean_form_leaves_out_runners_up_and_says_so(project: Path) -> None:
    lean, whole = view(project, lean=True), view(project)
    left = sum(map(len, whole.projects[0].runners_up.values()))
    assert left > 0
    assert lean.more == f"{left} runners-up left out: `detail` shows them"
    assert not lean.projects[0].runners_up
    assert lean.projects[0].roles.keys() == whole.projects[0].roles.keys()
    assert len(lean.projects[0].roles["migrations"][0].command) <= 80
    assert len(lean.json_text()) < len(whole.json_text())


def test_credentials_in_commands_are_masked(project: Path) -> None:
    assert "hunter2" not in view(project).json_text()


def test_what_would_act_on_a_terminal_is_shown(project: Path) -> None:
    (project / "Makefile").write_text("test:\n\tpytest -k '\x1b[31mred'\n")
    assert "\x1b" not in view(project).json_text().encode().decode("unicode_escape")


def test_people_get_one_screen_and_the_rest_on_request(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conventions", str(project)]) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) <= 24
    assert "by `make test`  in CI  (Makefile:test:2)" in shown
    assert "not run" not in shown
    assert main(["conventions", str(project), "--detail"]) == 0
    assert "not run (test): pytest --cov" in capsys.readouterr().out
