"""A missing environment is created with the project's own commands, or it is said why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import tomli_w

from mcp_server.conventions import read_conventions
from mcp_server.prepare import prepare
from tests.conftest import ProjectFactory

PROJECT = {"pyproject.toml": "[tool.ruff]\n", "a.py": ""}


def needing(python: str) -> dict[str, str]:
    """Return the files of a project that needs a Python."""
    stated = {"name": "x", "version": "1", "requires-python": python}
    return {**PROJECT, "pyproject.toml": tomli_w.dumps({"project": stated, "tool": {"ruff": {}}})}


async def run(folder: Path) -> tuple[str | None, list[str]]:
    said: list[str] = []

    async def say(command: str) -> None:
        said.append(command)

    return await prepare(read_conventions(folder, {}), say), said


async def test_an_environment_that_is_ready_is_left_alone(project: ProjectFactory) -> None:
    assert await run(project(PROJECT)) == (None, [])


async def test_a_set_up_that_was_interrupted_is_taken_up_again(project: ProjectFactory) -> None:
    makefile = "install:\n\tpython3 -m venv --without-pip .venv\n"
    folder = project({**PROJECT, "Makefile": makefile}, ready=False)
    (_, first), (_, second) = await run(folder), await run(folder)
    # The environment is there, but ruff is not in it.
    assert first == second == ["python3 -m venv --without-pip .venv"]


async def test_each_command_is_told_and_run_in_its_folder(project: ProjectFactory) -> None:
    makefile = "install:\n\tcd backend && python3 -m venv --without-pip .venv\n"
    folder = project(
        {"Makefile": makefile, **{f"backend/{name}": text for name, text in PROJECT.items()}},
        ready=False,
    )
    assert await run(folder) == (None, ["backend: python3 -m venv --without-pip .venv"])
    assert (folder / "backend" / ".venv" / "bin" / "python").exists()


async def test_a_manager_that_is_not_installed_is_named_with_its_remedy(
    project: ProjectFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    why, said = await run(project({**PROJECT, "poetry.lock": ""}, ready=False))
    assert why is not None
    assert why.startswith("poetry is not installed, and `poetry install` needs it: ")
    assert not said


async def test_a_python_that_satisfies_the_project_is_chosen(
    project: ProjectFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first python3 on PATH is too old here; the one that runs the tests will do."""
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "python3"
    old.write_text("#!/bin/sh\necho 3.4.0\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    makefile = "install:\n\tpython3 -m venv --without-pip .venv\n"
    version = "{}.{}".format(*sys.version_info)
    folder = project({**needing(f"=={version}.*"), "Makefile": makefile}, ready=False)
    why, _ = await run(folder)
    assert why is None
    assert f"version = {version}" in (folder / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8")


async def test_no_python_that_satisfies_the_project_is_said(project: ProjectFactory) -> None:
    makefile = "install:\n\tpython3 -m venv .venv\n"
    why, _ = await run(project({**needing(">=3.99"), "Makefile": makefile}, ready=False))
    assert why == "No Python that satisfies >=3.99 was found on PATH: install one."
