"""The Python versions of a project and the tools that are told another."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.facts import Fact
from tests.conventions.facts.projects import facts_of


@pytest.mark.parametrize(
    ("name", "text", "requires", "line"),
    [
        ("pyproject.toml", "[project]\nrequires-python = '>=3.12'\n", ">=3.12", 2),
        ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.11'\n", "^3.11", 2),
        ("setup.cfg", "[options]\npython_requires = >=3.8\n", ">=3.8", 2),
        ("setup.py", "setup(\n    python_requires='>=3.9',\n)\n", ">=3.9", 2),
    ],
)
def test_the_stated_version_is_found_in_each_form(
    name: str, text: str, requires: str, line: int, tmp_path: Path
) -> None:
    found = facts_of(tmp_path, {name: text}).python
    assert found.requires == Fact(requires, f"{name}:{line}")


def test_a_tool_that_is_told_another_version_is_said(tmp_path: Path) -> None:
    text = (
        "[project]\nrequires-python = '>=3.12'\n[tool.ruff]\ntarget-version = 'py311'\n"
        "[tool.black]\ntarget-version = ['py313', 'py312']\n[tool.mypy]\npython_version = '3.10'\n"
    )
    found = facts_of(tmp_path, {"pyproject.toml": text}).python
    assert [str(one) for one in found.targets] == [
        "ruff is told Python 3.11 (pyproject.toml:4)",
        "mypy is told Python 3.10 (pyproject.toml:8)",
    ]


def test_the_pinned_interpreter_of_a_folder_above_counts(tmp_path: Path) -> None:
    files = {
        ".python-version": "3.13\n",
        "pyproject.toml": "[project]\nname = 'all'\n",
        "api/pyproject.toml": "[project]\nname = 'api'\n",
    }
    assert facts_of(tmp_path, files, "api").python.pinned == Fact("3.13", ".python-version:1")


def test_what_nobody_states_is_absent(tmp_path: Path) -> None:
    found = facts_of(tmp_path, {"shop.py": "x = 1\n"})
    assert found.python.requires is None
    assert found.python.targets == ()
    assert found.style.line_length is None
    assert found.style.quotes is None
    assert found.typing.checkers == ()
    assert found.tests.framework is None
    assert (found.frameworks, found.places, found.alembic) == ((), (), ())
    assert (found.endpoint, found.test, found.sampled) == (None, None, "")
