"""Configuration files are read; what cannot be read is a problem and never a crash."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.layout.sources import find_sources, find_tests
from mcp_server.repository import Role


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()


@pytest.mark.parametrize(
    ("paths", "sources"),
    [
        (["shop/__init__.py", "tests/test_a.py", "docs/conf.py", "setup.py"], ("shop",)),
        (["src/shop/__init__.py", "scripts/a.py"], ("src",)),
        (["src/shop/a.py"], ("src",)),
        (["app/main.py", "app/api/routes.py"], ("app",)),
        (["app/main.py", "scripts/seed.py", "migrations/env.py", "main.py"], ("app", "main.py")),
        (["shop/__init__.py", "loose/a.py", "main.py"], ("shop",)),
        (["shop.py", "test_shop.py", "shop_test.py", "conftest.py", "noxfile.py"], ("shop.py",)),
        (["backend/pyproject.toml", "backend/__init__.py", "main.py"], ("main.py",)),
        (["frontend/src/index.ts", "shop.py"], ("shop.py",)),
        ([".hidden/__init__.py", "node_modules/__init__.py"], ()),
        (["src/index.ts"], ()),
    ],
)
def test_sources_are_the_packages_or_what_stands_for_them(
    paths: list[str], sources: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, *paths)
    assert find_sources(tmp_path) == sources


@pytest.mark.parametrize(
    ("paths", "tests"),
    [
        (["tests/test_a.py"], ("tests",)),
        (["tests/unit/deep/test_a.py", "test_b.py"], ("tests", "test_b.py")),
        (["testing/deep/a_test.py", "test/conftest.py"], ("test", "testing")),
        (["tests/data.py"], ()),
        (["shop/tests/test_a.py"], ("shop/tests",)),
        (["shop/test_a.py", "b_test.py"], ("b_test.py", "shop")),
        (["shop/tests.py"], ("shop",)),
        (["tests/a.spec.ts"], ()),
        (["frontend/tests/a.ts", "backend/setup.py", "backend/tests/test_a.py"], ()),
        (["examples/test_a.py", "shop/a.py"], ()),
    ],
)
def test_tests_are_found_where_files_of_tests_are(
    paths: list[str], tests: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, *paths)
    assert find_tests(tmp_path) == tests


@pytest.mark.parametrize(
    ("name", "text", "tools"),
    [
        ("setup.cfg", "[mypy]\n[flake8]\n[isort]\n[tool:pytest]\n[pylint.main]\n", "all"),
        ("tox.ini", "[flake8]\n[isort]\n[pytest]\n", ["pytest", "flake8", "isort"]),
        (".flake8", "[flake8]\n", ["flake8"]),
        ("mypy.ini", "[mypy]\n", ["mypy"]),
        (".mypy.ini", "[mypy]\n", ["mypy"]),
        ("pytest.ini", "[pytest]\n", ["pytest"]),
        (".isort.cfg", "[settings]\n", ["isort"]),
        (".pylintrc", "[MAIN]\n", ["pylint"]),
        ("ruff.toml", "line-length = 9\n", ["ruff"]),
        ("ruff.toml", "[format]\n", ["ruff", "ruff-format"]),
        ("ty.toml", "", ["ty"]),
        ("pyproject.toml", "[tool.ruff]\n[tool.black]\n[tool.mypy]\n", ["mypy", "ruff", "black"]),
        (".editorconfig", "root = true\n[*.py]\nindent_size = 4\n", []),
        (".coveragerc", "[run]\n", []),
    ],
)
def test_each_tool_is_found_in_the_files_that_it_reads(
    name: str, text: str, tools: list[str] | str, tmp_path: Path
) -> None:
    write(tmp_path, "setup.py", "shop/__init__.py", "tests/test_a.py")
    (tmp_path / name).write_text(text)
    project = read_conventions(tmp_path, {}).projects[0]
    found = [one.tool for one in project.commands if "no pytest configuration" not in one.source]
    expected = ["pytest", "mypy", "flake8", "pylint", "isort"] if tools == "all" else list(tools)
    assert found == expected
    assert all(name in one.source for one in project.commands if one.tool in expected)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pyproject.toml", b"[tool\n"),
        ("pyproject.toml", b"a = '\xff'\n"),
        ("pyproject.toml", b"a = " + b"[" * 5000),
        ("setup.cfg", b"broken\n"),
        ("tox.ini", b"[a\nb"),
        (".flake8", b"\xff\xfe"),
        ("ruff.toml", b"= 1"),
        ("tox.toml", b"x"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_problem(name: str, content: bytes, tmp_path: Path) -> None:
    write(tmp_path, "backend/setup.py", "backend/shop.py")
    (tmp_path / "backend" / name).write_bytes(content)
    found = read_conventions(tmp_path, {})
    assert len(found.problems) == 1
    assert found.problems[0].startswith(f"backend/{name} cannot be read: ")


@pytest.mark.parametrize(
    "text",
    [
        "project = 1",
        "tool = 1",
        "[tool]\npytest = 1\nhdb = 1\nuv = 1\npoetry = 1",
        "[project]\ndependencies = 1\noptional-dependencies = 1\nrequires-python = 1\nname = 1",
        "[project]\ndependencies = [1, '', '!']",
        "[project.optional-dependencies]\ndev = 1",
        "dependency-groups = 1",
        "[dependency-groups]\ndev = [{include-group = 'x'}, 1]",
        "[tool.uv]\nworkspace = 1\ndefault-groups = 1\ndev-dependencies = 1",
        "[tool.uv.workspace]\nmembers = 1",
        "[tool.uv.workspace]\nmembers = [1, '', '*']\nexclude = 'x'",
        "[tool.poetry]\ngroup = 1\ndependencies = 1\nextras = 1",
        "[tool.poetry.group]\ndev = 1",
        "[tool.pdm]\ndev-dependencies = 1",
        "[tool.tox]\nenv = 1\nenv_run_base = []",
        "[project]\nrequires-python = 'nonsense'",
    ],
)
def test_tables_of_unexpected_shapes_are_survived(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    write(tmp_path, "poetry.lock", "member/setup.py", "member/a.py")
    assert read_conventions(tmp_path, {"HOME": str(tmp_path)}).problems == ()


def test_what_hdbs_own_table_cannot_mean_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.hdb]\ntest = 1\nlint = ['ruff check', {}]\npass_env = ['A']\nformat = 'black'\n"
    )
    assert [one.partition("[tool.hdb] ")[2] for one in read_conventions(tmp_path, {}).problems] == [
        "test must be a line or a list of lines",
        "lint must be a line or a list of lines",
        "has no setting 'pass_env': it knows "
        + ", ".join(
            sorted(
                {
                    "pass-env",
                    "rules",
                    "environment",
                    "setup",
                    "timeout",
                    "deadline",
                    "file-gib",
                    "stop-check",
                    *Role,
                }
            )
        ),
    ]


def test_a_folder_in_the_place_of_pyproject_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "shop.py", "pyproject.toml/inside")
    problems = read_conventions(tmp_path, {}).problems
    assert problems == ("pyproject.toml cannot be read: it is a folder",)


def test_a_link_in_a_circle_hides_no_configuration(tmp_path: Path) -> None:
    write(tmp_path, "shop.py")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert [one.tool for one in read_conventions(tmp_path, {}).projects[0].commands] == ["ruff"]


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    write(tmp_path, "shop.py")
    for name in ("pyproject.toml", "Makefile", "requirements.txt", "tox.ini"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "setup.cfg").mkdir()
    (tmp_path / "mypy.ini").symlink_to(tmp_path / "nowhere")
    assert set(read_conventions(tmp_path, {}).problems) == {
        *(f"{name} cannot be read: it is a named pipe" for name in ("pyproject.toml", "Makefile")),
        "tox.ini cannot be read: it is a named pipe",
        "setup.cfg cannot be read: it is a folder",
    }


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pyproject.toml", "[project]\ndependencies=['Fast_API>=1']\n", {"fast-api"}),
        ("pyproject.toml", "[project.optional-dependencies]\ndev=['mypy']\n", {"mypy"}),
        ("pyproject.toml", "[dependency-groups]\ndev=['ruff']\n", {"ruff"}),
        ("pyproject.toml", "[tool.poetry.group.dev.dependencies]\nblack='1'\n", {"black"}),
        ("pyproject.toml", "[tool.pdm.dev-dependencies]\na=['pytest']\n", {"pytest"}),
        ("pyproject.toml", "[tool.uv]\ndev-dependencies=['pytest']\n", {"pytest"}),
        ("requirements-dev.txt", "# x\n-r a.txt\npytest==8 # y\n\n", {"pytest"}),
        ("dev-requirements.txt", "pytest\n", {"pytest"}),
        ("requirements/test.txt", "pytest\n", {"pytest"}),
        ("setup.cfg", "[options]\ninstall_requires =\n  a\n  b>1\n", {"a", "b"}),
        ("setup.cfg", "[options.extras_require]\ntest =\n  pytest\n", {"pytest"}),
    ],
)
def test_declared_packages_are_found_in_every_form(
    name: str, text: str, expected: set[str], tmp_path: Path
) -> None:
    write(tmp_path, name)
    (tmp_path / name).write_text(text)
    assert read_settings(tmp_path).settings.dependencies == expected
