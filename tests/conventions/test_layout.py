"""Projects are found by their markers, wherever a service may lie, and samples are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mcp_server.conventions.layout import find_projects


@pytest.mark.parametrize(
    ("paths", "projects"),
    [
        (["pyproject.toml"], ["."]),
        (["setup.cfg", "backend/setup.py"], [".", "backend"]),
        (["Makefile", "backend/pyproject.toml", "frontend/package.json"], ["backend"]),
        (["pyproject.toml", "packages/a/pyproject.toml", "libs/b/c/setup.py"],
         [".", "libs/b/c", "packages/a"]),
        (["a/b/c/d/pyproject.toml", "x.py"], ["."]),
        (["requirements.txt"], ["."]),
        (["backend/requirements.txt", "backend/main.py"], ["backend"]),
        (["backend/requirements.txt", "backend/app/main.py"], ["backend"]),
        (["backend/requirements.txt", "a.py"], ["."]),
        (["pyproject.toml", "scripts/requirements.txt", "scripts/a.py"], ["."]),
        (["pyproject.toml", "examples/a/pyproject.toml", "tests/fixtures/b/setup.py"], ["."]),
        (["pyproject.toml", "docs/requirements.txt", ".hidden/setup.py"], ["."]),
        (["pyproject.toml", "own/pyvenv.cfg", "own/setup.py"], ["."]),
        (["pyproject.toml", "{{cookiecutter.name}}/pyproject.toml"], ["."]),
        (["main.py"], ["."]),
        (["app/main.py"], ["."]),
        (["README.md", "web/index.ts"], []),
        ([], []),
    ],
)  # fmt: skip
def test_projects_are_found_by_their_markers(
    paths: list[str], projects: list[str], tmp_path: Path
) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    found = [folder.relative_to(tmp_path).as_posix() for folder in find_projects(tmp_path)]
    assert found == projects


def test_links_are_not_followed_to_projects(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/setup.py").touch()
    (tmp_path / "root/again").symlink_to(tmp_path / "root")
    assert find_projects(tmp_path / "root") == (tmp_path / "root",)


def test_a_folder_that_may_not_be_listed_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "setup.py").touch()
    scan: Callable[..., object] = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert find_projects(tmp_path) == (tmp_path / "open",)
