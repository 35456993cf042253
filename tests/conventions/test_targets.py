"""The task whose name fits best serves a tool; everything else is listed with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.repository import Command


def commands(tmp_path: Path, makefile: str) -> tuple[list[str], dict[str, str]]:
    """Return the planned commands as `role: text` and the others' texts with their reasons."""
    (tmp_path / "Makefile").write_text(makefile)
    (tmp_path / "setup.py").touch()
    project = read_conventions(tmp_path, {}).projects[0]
    return [f"{one.role}: {one.text}" for one in project.commands], {
        one.text: str(one.reason) for one in project.others
    }


@pytest.mark.parametrize(
    ("makefile", "planned"),
    [
        ("test:\n\tpytest\n", ["test: pytest"]),
        ("test:\n\t@-pytest | tee log\n", ["test: pytest"]),
        ("PYTHON ?= python3\ntest:\n\t$(PYTHON) -m pytest\n", ["test: python3 -m pytest"]),
        ("test:\n\tuv run pytest; uv run mypy\n", ["test: uv run pytest", "types: uv run mypy"]),
        ("lint:\n\truff check .\n\tmypy .\n", ["types: mypy .", "lint: ruff check ."]),
        ("check: test\n\tmypy\ntest:\n\tpytest\n", ["test: pytest", "types: mypy"]),
        ("ci:\n\tpytest -q\ntest:\n\tpytest\n", ["test: pytest"]),
        (
            "test-unit:\n\tpytest a\ntest: test-unit\n\tpytest b\n",
            ["test: pytest a", "test: pytest b"],
        ),
        ("fmt:\n\tblack .\ncheck:\n\tblack --check .\n", ["format: black --check ."]),
        ("format:\n\tblack .\n", ["format: black ."]),
        ("test:\n\tbash -c 'pytest -q'\n", ["test: pytest -q"]),
        ("test:\n\t./manage.py test\n", ["test: ./manage.py test"]),
        ("test:\n\tpython -m unittest\n", ["test: python -m unittest"]),
        ("test:\n\tfor i in a b; do pytest $$i; done\n", ["test: make test"]),
        ("test:\n\tpytest $(shell ls)\n", ["test: make test"]),
        ("format:\n\tblack --check $(shell ls)\n", ["format: make format"]),
        ("lint:\n\truff check format/a.py src/black.py $(shell ls)\n", ["lint: make lint"]),
        ("test:\n\tnpm test\n", []),
        ("frontend-lint:\n\tcustom-lint\n", []),
        ("release:\n\tpytest\n\ttwine upload\n", []),
        ("deploy-test:\n\t./x\n", []),
    ],
)
def test_the_best_named_task_is_planned(makefile: str, planned: list[str], tmp_path: Path) -> None:
    assert commands(tmp_path, makefile)[0] == planned


@pytest.mark.parametrize(
    ("makefile", "text", "reason"),
    [
        ("test:\n\tdocker compose run app pytest\n", "make test", "it would run `docker`"),
        ("lint:\n\tpre-commit run -a\n", "make lint", "it would run `pre-commit`"),
        ("lint:\n\tuv run pre-commit run -a\n", "make lint", "it would run `pre-commit`"),
        ("test:\n\ttox -e py\n", "make test", "it would run `tox`"),
        ("test:\n\tnox -s tests\n", "make test", "it would run `nox`"),
        ("format:\n\truff format $(shell ls)\n", "make format", "rewrite files by `ruff format`"),
        ("format:\n\tuv run black -q $(shell ls)\n", "make format", "rewrite files by `black`"),
        ("format:\n\t.venv/bin/black $(shell ls)\n", "make format", "rewrite files by `black`"),
        ("format:\n\tsed -i.bak s/a/b/ $(shell ls)\n", "make format", "files by `sed -i`"),
        ("lint:\n\truff check --fix $(shell ls)\n", "make lint", "rewrite files by `--fix`"),
        (
            "format:\n\tblack --check $(shell ls) && isort $(shell ls)\n",
            "make format",
            "rewrite files by `isort`",
        ),
        ("check:\n\t./check.py\n", "make check", "its name does not say what it checks"),
        ("test-e2e:\n\t./e2e.py\n", "make test-e2e", "its name says that it is a part of the"),
        ("test:\n\tpytest\n\t./more.py\n", "./more.py", "hdb does not know what it checks"),
        (
            "test: up\n\tpytest\nup:\n\tdocker compose up\n",
            "docker compose up",
            "not run `docker`",
        ),
        ("test:\n\tpytest $(shell ls)\n\tpytest a\n", "pytest ...", "computed when it runs"),
        ("test:\n\tpytest\ncov:\n\tpytest --cov\n", "pytest --cov", "`test` is planned for pytest"),
        ("release:\n\tpytest\n", "pytest", "`release` is not a check by its name"),
        ("test:\n\tpytest\ntest-x:\n\t./x.py\n", "make test-x", "Makefile:test:2 serves test"),
        (
            "test:\n\tpytest\n\tcoverage report --fail-under=9\n",
            "coverage report --fail-under=9",
            "measures no coverage",
        ),
    ],
)
def test_what_is_not_planned_says_why(
    makefile: str, text: str, reason: str, tmp_path: Path
) -> None:
    others = commands(tmp_path, makefile)[1]
    assert text in others
    assert reason in others[text]


@pytest.mark.parametrize(
    "makefile",
    [
        "test tests:\n\tpytest\n",
        "test:\n\tpytest\ncheck: test\n",
        "test:\n\t@echo testing\n\tmkdir -p out\n\tcoverage run -m pytest\n\tcoverage report\n",
        "test: install\n\tpytest\ninstall:\n\tpip install -e .\n",
        "test: front\n\tpytest\nfront:\n\tnpm test\n",
        "help:\n\t@grep -E x Makefile | awk y\ntest:\n\tpytest\n",
    ],
)
def test_what_checks_nothing_is_no_noise(makefile: str, tmp_path: Path) -> None:
    assert commands(tmp_path, makefile)[1] == {}


def test_a_refused_task_leaves_its_role_to_the_next_source(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n[tool.ruff]\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").touch()
    planned, others = commands(tmp_path, "test:\n\tdocker run x pytest\nlint:\n\ttox -e lint\n")
    assert planned == ["test: pytest", "lint: ruff check"]
    assert others == {
        "make test": "it would run `docker`",
        "make lint": "it would run `tox`",
    }


def read(tmp_path: Path, makefile: str) -> Command:
    commands(tmp_path, makefile)
    return read_conventions(tmp_path, {}).projects[0].commands[0]


def test_a_command_carries_its_place_folder_variables_and_environment(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    one = read(
        tmp_path,
        "export A = 1\ntest:\n\tcd backend && . ../.venv/bin/activate && B=2 pytest -q tests\n",
    )
    assert (one.source, one.cwd, one.venv) == ("Makefile:test:3", "backend", "../.venv")
    assert (one.env, one.start, one.args) == (
        (("A", "1"), ("B", "2")),
        ("pytest",),
        ("-q", "tests"),
    )
    assert one.text == "B=2 pytest -q tests"


def test_a_mutating_command_is_told_apart(tmp_path: Path) -> None:
    assert read(tmp_path, "fmt:\n\tblack .\n").mutates
    assert not read(tmp_path, "fmt:\n\tblack --check .\n").mutates
