"""Which source is believed where several name a check, through the conventions as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.repository import Project

CI = ".github/workflows/ci.yml"
PYPROJECT = "[project]\nname = 'x'\nversion = '1'\n"


def read(folder: Path, files: Mapping[str, str]) -> Project:
    for path, text in {"pyproject.toml": PYPROJECT, "tests/test_x.py": "", **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return read_conventions(folder, {}).projects[0]


def workflow(*commands: str, on: str = "push") -> str:
    steps = "".join(f"      - run: {command}\n" for command in commands)
    return f"on: {on}\njobs:\n  check:\n    steps:\n{steps}"


def planned(project: Project) -> list[str]:
    return [f"{one.role.value}: {one.text}" for one in project.commands]


def left(project: Project) -> dict[str, str | None]:
    return {one.text: one.reason for one in project.others}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"Makefile": "test:\n\tpytest -q\n", CI: workflow("pytest --cov=x")}, "test: pytest -q"),
        ({"Makefile": "coverage:\n\tpytest --cov\n", CI: workflow("pytest -v")}, "test: pytest -v"),
        (
            {"Makefile": "test:\n\tpytest -q\n", "tox.ini": "[testenv]\ncommands = pytest -x\n",
             CI: workflow("tox")},
            "test: pytest -x",
        ),
        (
            {"Makefile": "test:\n\tpython setup.py test\n", CI: workflow("pytest -v")},
            "test: pytest -v",
        ),
        ({"Makefile": "test:\n\t./all.py\n", CI: workflow("make test")}, "test: make test"),
        ({CI: workflow("pytest -v", on="schedule")}, "test: pytest"),
        ({"AGENTS.md": "```sh\nuv run pytest -q\n```\n"}, "test: uv run pytest -q"),
        ({"AGENTS.md": "```sh\npytest tests/test_x.py::test_a\n```\n"}, "test: pytest"),
        (
            {"AGENTS.md": "```sh\npytest -q\n```\n", CI: workflow("pytest -v")},
            "test: pytest -v",
        ),
        (
            {"scripts/test-with-redis.sh": "pytest --redis\n"},
            "test: pytest",
        ),
        ({"Makefile": "test-mypy:\n\tpytest -m types\ntest:\n\tpytest -q\n"}, "test: pytest -q"),
        ({CI: workflow("pytest tests/unit -k x", "pytest tests")}, "test: pytest tests"),
        ({CI: workflow("./tools/test-all --fast")}, "test: ./tools/test-all --fast"),
    ],
)  # fmt: skip
def test_the_strongest_source_of_the_tests_is_planned(
    files: Mapping[str, str], expected: str, tmp_path: Path
) -> None:
    assert planned(read(tmp_path, files)) == [expected]


def test_a_hook_that_ci_runs_is_stronger_than_a_task_that_it_does_not(tmp_path: Path) -> None:
    project = read(tmp_path, {
        "Makefile": "lint:\n\tflake8 x\n",
        ".pre-commit-config.yaml": "repos:\n- repo: https://github.com/astral-sh/ruff-pre-commit\n"
        "  rev: v0.14.0\n  hooks:\n  - id: ruff-check\n    args: [--fix]\n",
        CI: workflow("pre-commit run --all-files"),
    })  # fmt: skip
    assert "lint: flake8 x" not in planned(project)
    lint = [one for one in project.commands if one.role == "lint"]
    assert [(one.tool, one.in_ci, one.mutates) for one in lint] == [("ruff", f"{CI}:check:5", True)]


def test_a_tool_that_only_ci_runs_is_planned_besides(tmp_path: Path) -> None:
    files = {"Makefile": "types:\n\tmypy x\n", CI: workflow("make types", "pyright")}
    assert planned(read(tmp_path, files))[-2:] == ["types: mypy x", "types: pyright"]


def test_a_tool_that_is_only_configured_is_a_decoy_where_others_are_named(tmp_path: Path) -> None:
    tables = PYPROJECT + "[tool.black]\n[tool.ruff]\n[tool.mypy]\n"
    project = read(tmp_path, {"pyproject.toml": tables, "Makefile": "lint:\n\truff check\n"})
    assert planned(project) == ["test: pytest", "lint: ruff check"]
    assert left(project)["black ."] == "nothing that the project requires runs black"
    assert not any(one.gap for one in project.others)


def test_what_is_only_configured_is_planned_where_nothing_is_named(tmp_path: Path) -> None:
    tables = PYPROJECT + "[tool.ruff]\n[tool.mypy]\nfiles = ['x']\n"
    project = read(tmp_path, {"pyproject.toml": tables, CI: workflow("pytest")})
    assert planned(project) == ["test: pytest", "types: mypy", "lint: ruff check"]
    assert project.commands[1].source == "pyproject.toml:5 [tool.mypy]"


def test_a_type_check_for_each_python_is_one_check(tmp_path: Path) -> None:
    text = (
        "on: push\njobs:\n  types:\n    strategy:\n      matrix:\n"
        "        python: ['3.11', '3.12']\n"
        "    steps:\n    - run: mypy x --python-version ${{ matrix.python }}\n"
    )
    project = read(tmp_path, {CI: text})
    assert [one.tool for one in project.commands] == ["pytest", "mypy"]


def test_what_ci_runs_otherwise_is_told(tmp_path: Path) -> None:
    project = read(tmp_path, {
        "Makefile": "test:\n\tpytest tests/unit\n",
        "tests/unit/test_y.py": "",
        CI: workflow("pytest tests", "pylint x"),
    })  # fmt: skip
    assert project.disagreements == (
        f"CI runs `pytest tests` ({CI}:check:5); hdb runs `pytest tests/unit` (Makefile:test:2)",
    )
    assert planned(project) == ["test: pytest tests/unit", "lint: pylint x"]


def test_the_same_check_in_other_words_is_marked_as_run_by_ci(tmp_path: Path) -> None:
    files = {"Makefile": "test:\n\tpytest -q\n", CI: workflow("pytest tests --junitxml=x.xml")}
    project = read(tmp_path, files)
    assert [one.in_ci for one in project.commands] == [f"{CI}:check:5"]
    assert project.disagreements == ()


def test_a_command_with_a_word_that_only_ci_knows_is_not_sure(tmp_path: Path) -> None:
    project = read(tmp_path, {CI: workflow("pylint ${{ vars.PATHS }}")})
    assert [(one.tool, one.sure) for one in project.others] == [("pylint", False)]
    assert [one.gap for one in project.others] == [True]


def test_checks_of_migrations_security_and_documentation_are_told_and_leave_no_gap(
    tmp_path: Path,
) -> None:
    project = read(tmp_path, {
        "Makefile": "migration-check:\n\talembic check\ndocs:\n\tmkdocs build --strict\n",
        CI: workflow("make migration-check", "pip-audit", "python manage.py migrate --check"),
    })  # fmt: skip
    assert {(one.role.value, one.text, bool(one.in_ci)) for one in project.reported} >= {
        ("migrations", "alembic check", True),
        ("migrations", "python manage.py migrate --check", True),
        ("security", "pip-audit", True),
        ("docs", "mkdocs build --strict", False),
    }
    assert not any(one.gap for one in project.others)


def test_what_stands_under_hdb_wins_over_all(tmp_path: Path) -> None:
    project = read(tmp_path, {
        "pyproject.toml": PYPROJECT + "[tool.hdb]\ntest = 'pytest -q'\n",
        "Makefile": "test:\n\tpytest\n",
        CI: workflow("make test"),
    })  # fmt: skip
    assert planned(project) == ["test: pytest -q"]
    assert project.commands[0].source == "pyproject.toml:5 [tool.hdb] test"


@pytest.mark.parametrize(
    ("call", "files"),
    [
        ("tox -e lint", {"tox.ini": "[testenv:lint]\ncommands = flake8 x\n"}),
        ("nox -s lint", {"noxfile.py": "import nox\n@nox.session\ndef lint(session):\n"
                                       "    session.run('flake8', 'x')\n"}),
        ("just lint", {"justfile": "lint:\n    flake8 x\n"}),
        ("task lint", {"Taskfile.yml": "version: '3'\ntasks:\n  lint:\n    - flake8 x\n"}),
        ("uv run poe lint", {"pyproject.toml": f"{PYPROJECT}[tool.poe.tasks]\nlint='flake8 x'\n"}),
        ("pdm run lint", {"pyproject.toml": f"{PYPROJECT}[tool.pdm.scripts]\nlint='flake8 x'\n"}),
        ("uv run task lint",
         {"pyproject.toml": PYPROJECT + "[tool.taskipy.tasks]\nlint='flake8 x'\n"}),
        ("hatch run lint:all",
         {"pyproject.toml": PYPROJECT + "[tool.hatch.envs.lint.scripts]\nall='flake8 x'\n"}),
        ("invoke lint", {"tasks.py": "from invoke import task\n@task\ndef lint(c):\n"
                                     "    c.run('flake8 x')\n"}),
        ("make -C . lint", {"Makefile": "lint:\n\tflake8 x\n"}),
        ("cd . && make lint", {"Makefile": "lint: all\nall:\n\tflake8 x\n"}),
        ("pre-commit run flake8 -a", {
            ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: flake8\n"
            "    name: x\n    language: system\n    entry: flake8 x\n    pass_filenames: false\n"}),
        ("make lint", {"Makefile": "lint:\n\ttox -e lint\n",
                       "tox.ini": "[testenv:lint]\ncommands = flake8 x\n"}),
    ],
)  # fmt: skip
def test_a_call_of_a_task_runner_is_followed_to_the_tool(
    call: str, files: Mapping[str, str], tmp_path: Path
) -> None:
    project = read(tmp_path, {**files, CI: workflow(call)})
    found = [(one.text, one.in_ci) for one in project.commands if one.role == "lint"]
    assert found == [("flake8 x", f"{CI}:check:5")]


def test_a_script_that_ci_starts_is_a_task_of_it(tmp_path: Path) -> None:
    files = {"scripts/lint.sh": "flake8 x\n", CI: workflow("bash scripts/lint.sh")}
    found = [one for one in read(tmp_path, files).commands if one.role == "lint"]
    assert [(one.text, one.via, bool(one.in_ci)) for one in found] == [
        ("flake8 x", "scripts/lint.sh", True)
    ]


def test_an_empty_list_under_hdb_says_that_there_is_none(tmp_path: Path) -> None:
    project = read(tmp_path, {
        "pyproject.toml": f"{PYPROJECT}[tool.hdb]\ntypes = []\n[tool.mypy]\n",
        "Makefile": "types:\n\tmypy x\n",
    })  # fmt: skip
    assert planned(project) == ["test: pytest"]
    assert left(project)["mypy x"] == "pyproject.toml [tool.hdb] types serves types"
    assert not any(one.gap for one in project.others)


def test_the_environment_and_its_making_can_be_stated(tmp_path: Path) -> None:
    table = "[tool.hdb]\nenvironment = 'envs/work'\nsetup = ['make deps', 'cd sub && uv sync']\n"
    project = read(tmp_path, {"pyproject.toml": PYPROJECT + table, ".venv/pyvenv.cfg": ""})
    environment = project.environment
    assert environment.creation == "make deps && (cd sub && uv sync)"
    assert environment.source == "pyproject.toml [tool.hdb] setup"
    assert not environment.ready


@pytest.mark.parametrize("call", ["uv run --directory /srv/app tox -e py", "just -d /srv/x test"])
def test_a_call_from_a_folder_elsewhere_ends(call: str, tmp_path: Path) -> None:
    files = {"tox.ini": "[testenv]\ncommands = pytest -x\n", "justfile": "test:\n    pytest -q\n"}
    assert len(planned(read(tmp_path, {**files, CI: workflow(call)}))) == 1


HOOKS = (
    "repos:\n- repo: local\n  hooks:\n"
    "  - {id: ruff, name: r, language: system, entry: ruff check}\n"
    "  - {id: spell, name: s, language: system, entry: codespell}\n"
)


@pytest.mark.parametrize("call", ["pre-commit run -a", "tox -e style", "make lint"])
def test_hooks_that_hdb_does_not_know_leave_no_gap_whoever_calls_them(
    call: str, tmp_path: Path
) -> None:
    project = read(tmp_path, {
        ".pre-commit-config.yaml": HOOKS,
        "tox.ini": "[testenv:style]\ncommands = pre-commit run -a\n",
        "Makefile": "lint:\n\tpre-commit run -a\n",
        CI: workflow(call),
    })  # fmt: skip
    assert [one.tool for one in project.commands if one.role == "lint"] == ["ruff"]
    assert not any(one.gap for one in project.others)


def test_a_tool_that_prose_only_names_is_no_command(tmp_path: Path) -> None:
    text = "We use `pylint` in the editor, not `black .`; arguments go to `pytest`.\n"
    tables = f"{PYPROJECT}[tool.mypy]\n"
    project = read(tmp_path, {"CONTRIBUTING.md": text, "pyproject.toml": tables})
    assert [one.tool for one in project.commands] == ["pytest", "mypy"]


def test_no_environment_serves_but_the_one_that_is_stated(tmp_path: Path) -> None:
    files = {".venv/bin/python": "", ".venv/pyvenv.cfg": "version = 3.12.1\n"}
    table = f"{PYPROJECT}[tool.hdb]\nenvironment = 'envx'\n"
    environment = read(tmp_path, {**files, "pyproject.toml": table}).environment
    assert environment.problem == "there is no environment envx, which [tool.hdb] states"


def test_a_check_that_ci_narrows_is_not_the_same(tmp_path: Path) -> None:
    files = {"Makefile": "lint:\n\truff check .\n", CI: workflow("ruff check . --select E9")}
    project = read(tmp_path, files)
    assert project.commands[1].in_ci == ""
    other = f"CI runs `ruff check . --select E9` ({CI}:check:5)"
    assert project.disagreements == (f"{other}; hdb runs `ruff check .` (Makefile:lint:2)",)


def test_djangos_tests_are_run_as_the_project_runs_them(tmp_path: Path) -> None:
    project = read(tmp_path, {CI: workflow("coverage run ./manage.py test --parallel")})
    assert [(one.tool, one.start, one.args) for one in project.commands] == [
        ("manage.py", ("coverage", "run"), ("./manage.py", "test", "--parallel"))
    ]
