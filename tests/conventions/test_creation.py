"""The command that makes an environment is the one that people of the project use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.conventions.environment.creation import Target, creation
from mcp_server.conventions.environment.dependencies import is_development
from mcp_server.conventions.environment.managers import find_manager
from mcp_server.conventions.files.settings import read_settings
from mcp_server.repository import Environment

VENV = "python3 -m venv .venv && .venv/bin/python -m pip install"


def created(root: Path, files: Mapping[str, str], folder: str = ".") -> str:
    """Return how the environment of the project in `folder` is made."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    read = read_settings(root / folder)
    kind, home = find_manager(root / folder, root, read.settings.tables)
    return Environment(kind=kind, create=creation(kind, home, root, read)).creation


GROUPS = "[dependency-groups]\n"
EXTRAS = "[project.optional-dependencies]\n"
CI = ".github/workflows/test.yml"


@pytest.mark.parametrize(
    ("pyproject", "more", "expected"),
    [
        (f"{EXTRAS}fast=[]\nall=[]\n", {}, "uv sync --extra all"),
        (f"{EXTRAS}dev=[]\nall=[]\n", {}, "uv sync --extra dev"),
        (f"{EXTRAS}zmq=[]\n", {CI: "- run: uv sync --all-extras\n"}, "uv sync --all-extras"),
        (f"{EXTRAS}zmq=[]\n", {CI: "- run: uv sync --all-extras && rm x\n"}, "uv sync"),
        (f"{EXTRAS}zmq=[]\n", {CI: "- run: uv sync\n"}, "uv sync"),
        (f"{GROUPS}test=[]\n", {"AGENTS.md": "`uv sync --all-groups`\n"}, "uv sync --all-groups"),
        (f"{GROUPS}dev=[{{include-group='test'}}]\ntest=[]\ntypechecking=[]\n", {},
         "uv sync --group typechecking"),
        (f"{GROUPS}dev=[{{include-group='dev'}}]\ntests-postgresql=[]\ndocs-tests=[]\n", {},
         "uv sync"),
        (f"{GROUPS}dev=[]\ntest=[]\n[tool.uv]\ndefault-groups=['dev', 'test']\n", {}, "uv sync"),
        (f"{GROUPS}lint=[]\ntest=[]\n[tool.uv]\nconflicts=[[{{group='lint'}}, {{group='test'}}]]\n",
         {CI: "- run: uv sync --all-groups\n"}, "uv sync --group lint"),
        ("[tool.uv.workspace]\nmembers = ['a']\n", {}, "uv sync --all-packages"),
        (f"{GROUPS}dev = 3\n[tool.uv]\nconflicts = 3\ndefault-groups = [3]\n", {},
         "uv sync --group dev"),
    ],
)  # fmt: skip
def test_uv_takes_what_verifying_needs(
    pyproject: str, more: dict[str, str], expected: str, tmp_path: Path
) -> None:
    files = {"uv.lock": "", "pyproject.toml": pyproject, **more}
    assert created(tmp_path, files) == expected


def test_uv_pip_is_used_where_the_project_has_no_lock_and_installs_so(tmp_path: Path) -> None:
    pyproject = f"[tool.uv]\n[build-system]\n{EXTRAS}dev=[]\n"
    run = '- run: |\n    uv venv\n    uv pip install -e ".[dev]"\n'
    expected = "uv venv && uv pip install -e '.[dev]'"
    assert created(tmp_path, {"pyproject.toml": pyproject, CI: run}) == expected
    assert created(tmp_path, {"AGENTS.md": "    uv sync --dev\n"}) == "uv sync --extra dev"
    (tmp_path / "AGENTS.md").unlink()
    assert created(tmp_path, {"uv.lock": ""}) == "uv sync --extra dev"


def test_a_part_of_the_repository_is_made_as_its_instructions_say(tmp_path: Path) -> None:
    files = {
        "AGENTS.md": "uv sync --all-groups\n", "libs/a/uv.lock": "",
        "libs/a/pyproject.toml": f"[project]\nname='a'\n{GROUPS}lint=[]\n",
    }  # fmt: skip
    assert created(tmp_path, files, "libs/a") == "cd libs/a && uv sync --all-groups"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"poetry.lock": "", "pyproject.toml": "[tool.poetry.group.docs]\noptional=true\n"},
         "poetry install"),
        ({"poetry.lock": "", "pyproject.toml": "[tool.poetry.extras]\ntest=[]\nx=[]\n"},
         "poetry install --extras test"),
        ({"poetry.lock": "", CI: "  run: poetry install --all-extras --no-interaction\n"},
         "poetry install --all-extras"),
        ({"pdm.lock": "", "pyproject.toml": f"{EXTRAS}test=[]\n"}, "pdm install -G test"),
        ({"pdm.lock": "", "pyproject.toml": f"{EXTRAS}test=[]\n{GROUPS}lint=[]\n"},
         "pdm install -d -G test"),
        ({"pyproject.toml": "[tool.hatch.envs.default]\n"}, "hatch env create"),
        ({"pyproject.toml": "[tool.hatch.envs.docs]\n[tool.hatch.envs.test]\n"},
         "hatch env create test"),
        ({"pixi.toml": ""}, "pixi install"),
        ({"environment.yml": "dependencies: [python]\n"}, "conda env create -f environment.yml"),
        ({"requirements.txt": "", "requirements/main.txt": "", "requirements/lint.txt": "",
          "requirements/deploy.txt": ""},
         f"{VENV} -r requirements.txt -r requirements/lint.txt -r requirements/main.txt"),
        ({"requirements/default.txt": "", "requirements/test.txt": "", "setup.py": ""},
         f"{VENV} -r requirements/test.txt -e ."),
        ({"setup.py": "", "setup.cfg": "[options.extras_require]\ntesting = x\n"},
         f"{VENV} -e '.[testing]'"),
    ],
)  # fmt: skip
def test_each_manager_is_asked_in_its_own_words(
    files: dict[str, str], expected: str, tmp_path: Path
) -> None:
    assert created(tmp_path, files) == expected


def test_another_folder_and_python_are_taken_over(tmp_path: Path) -> None:
    made = creation("venv", tmp_path, tmp_path, read_settings(tmp_path), Target("v", "python3.12"))
    assert made == ((("python3.12", "-m", "venv", "v"), "."),)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dev", True), ("Test", True), ("testing-extra", True), ("type-checking", True),
     ("requirements-dev", True), ("pre-commit", True), ("docs", False), ("docs-tests", False),
     ("tests-postgresql", False), ("extra", False), ("", False)],
)  # fmt: skip
def test_groups_of_developers_are_told_by_their_names(name: str, *, expected: bool) -> None:
    assert is_development(name) is expected
