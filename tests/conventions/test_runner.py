"""The tool behind a runner is found, with the folder, environment and module it starts in."""

from __future__ import annotations

import shlex

import pytest

from mcp_server.conventions.tasks.runner import unwrap


@pytest.mark.parametrize(
    ("line", "program", "args", "start"),
    [
        ("pytest -q", "pytest", "-q", "pytest"),
        ("python -m pytest -q", "pytest", "-q", "python -m pytest"),
        ("python3.12 -W error -m pytest", "pytest", "", "python -W error -m pytest"),
        ("uv run pytest", "pytest", "", "pytest"),
        ("uv run --extra dev --frozen pytest -q", "pytest", "-q", "pytest"),
        ("uv run python -m pytest", "pytest", "", "python -m pytest"),
        ("uv run -m pytest x", "pytest", "x", "python -m pytest"),
        ("uv run -- pytest", "pytest", "", "pytest"),
        ("poetry run pytest", "pytest", "", "pytest"),
        ("pdm run pytest", "pytest", "", "pytest"),
        ("hatch run pytest", "pytest", "", "pytest"),
        ("pipenv run pytest", "pytest", "", "pytest"),
        ("coverage run -m pytest x", "pytest", "x", "coverage run -m pytest"),
        (
            "coverage run --source src -m pytest",
            "pytest",
            "",
            "coverage run --source src -m pytest",
        ),
        ("python -m coverage run -m pytest", "pytest", "", "python -m coverage run -m pytest"),
        ("coverage report", "coverage", "report", "coverage"),
        (".venv/bin/pytest -q", "pytest", "-q", "pytest"),
        (".venv/bin/python -m mypy", "mypy", "", "python -m mypy"),
        ("./bin/test -q", "test", "-q", "./bin/test"),
        ("uvx ruff check", "ruff", "check", "uvx ruff"),
        ("uvx ruff@0.5 check", "ruff", "check", "uvx ruff@0.5"),
        ("uv run --with ruff ruff check", "ruff", "check", "uv run --with ruff ruff"),
        ("python manage.py test", "python", "manage.py test", "python"),
        ("docker compose run app pytest", "docker", "compose run app pytest", "docker"),
        ("tox -e py", "tox", "-e py", "tox"),
        ("uv sync", "uv", "sync", "uv"),
        ("uv run", "", "", ""),
    ],
)
def test_the_tool_is_found_behind_its_runner(
    line: str, program: str, args: str, start: str
) -> None:
    found = unwrap(shlex.split(line))
    assert (found.program, shlex.join(found.args), shlex.join(found.start)) == (
        program,
        args,
        start,
    )


@pytest.mark.parametrize(
    ("line", "venv"),
    [
        (".venv/bin/pytest", ".venv"),
        ("./.venv/bin/python -m pytest", ".venv"),
        ("venv/bin/mypy", "venv"),
        ("backend/.venv/bin/mypy", "backend/.venv"),
        ("../.venv/bin/mypy", "../.venv"),
        ("bin/lint", None),
        ("./bin/lint", None),
        ("tools/bin/lint", None),
        ("/usr/bin/python3 -m pytest", None),
        ("/usr/bin/env python3", None),
        ("pytest", None),
    ],
)
def test_an_environment_is_named_only_by_a_path_into_one(line: str, venv: str | None) -> None:
    assert unwrap(shlex.split(line)).venv == venv


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        ("uv run --directory backend pytest", "backend"),
        ("poetry -C backend run pytest", "backend"),
        ("uv -q --directory=backend run pytest", "backend"),
        ("poetry run -C backend pytest", "backend"),
        ("uv run pytest --directory x", None),
    ],
)
def test_the_folder_is_the_one_the_runner_is_told(line: str, folder: str | None) -> None:
    assert unwrap(shlex.split(line)).folder == folder


def test_an_isolated_tool_is_told_apart() -> None:
    assert unwrap(["uvx", "ruff"]).isolated
    assert unwrap(["uv", "run", "--with", "x", "pytest"]).isolated
    assert not unwrap(["uv", "run", "pytest"]).isolated
