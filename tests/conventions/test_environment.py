"""The environment is found by its files, judged, and the commands that would make it are stated."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.repository import Environment

PIP = "python3 -m venv .venv && .venv/bin/python -m pip install"
PROJECT = "[project]\nname = 'My_Shop'\nrequires-python = '>=3.11'\n"


def environment(
    root: Path, variables: Mapping[str, str] | None = None, path: str = "."
) -> Environment:
    projects = read_conventions(root, variables or {}).projects
    return next(one.environment for one in projects if one.path == path)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def make(folder: Path, version: str = "3.12.1", *packages: str, python: bool = True) -> Path:
    """Write what an environment folder looks like."""
    write(folder, {"pyvenv.cfg": f"home = /usr/bin\nversion = {version}\n", "bin/pip": ""})
    site = folder / f"lib/python{version.rpartition('.')[0]}/site-packages"
    site.mkdir(parents=True)
    for package in packages:
        (site / f"{package}-1.0.dist-info").mkdir()
    if python:
        (folder / "bin/python").touch()
        (folder / "bin/python3").touch()
    return folder


@pytest.mark.parametrize(
    ("files", "create", "source"),
    [
        ({"uv.lock": ""}, "uv sync", "uv.lock"),
        (
            {"uv.lock": "", "pyproject.toml": "[project.optional-dependencies]\ndev=[]\nx=[]\n"},
            "uv sync --extra dev",
            "uv.lock",
        ),
        (
            {"uv.lock": "", "pyproject.toml": "[dependency-groups]\ndev=[]\ntest=[]\nx=[]\n"},
            "uv sync --group test",
            "uv.lock",
        ),
        (
            {
                "uv.lock": "",
                "pyproject.toml": "[dependency-groups]\ntest=[]\n[tool.uv]\ndefault-groups='all'\n",
            },
            "uv sync",
            "uv.lock",
        ),
        ({"pyproject.toml": "[tool.uv]\n"}, "uv sync", ""),
        ({"poetry.lock": ""}, "poetry install", "poetry.lock"),
        (
            {"poetry.lock": "", "pyproject.toml": "[tool.poetry.group.test]\noptional=true\n"},
            "poetry install --with test",
            "poetry.lock",
        ),
        ({"pdm.lock": ""}, "pdm install", "pdm.lock"),
        ({"Pipfile.lock": ""}, "pipenv install --dev", "Pipfile.lock"),
        ({"Pipfile": ""}, "pipenv install --dev", ""),
        (
            {"requirements.txt": "", "requirements-dev.txt": "", "requirements-docs.txt": ""},
            PIP + " -r requirements.txt -r requirements-dev.txt",
            "",
        ),
        (
            {"requirements/test.txt": "", "setup.py": ""},
            PIP + " -r requirements/test.txt -e .",
            "",
        ),
        (
            {"requirements.txt": "-e .[http2]\n", "setup.py": ""},
            "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt",
            "",
        ),
        (
            {"pyproject.toml": "[build-system]\n[project.optional-dependencies]\ntest=[]\n"},
            "python3 -m venv .venv && .venv/bin/python -m pip install -e '.[test]'",
            "",
        ),
        (
            {"pyproject.toml": "[dependency-groups]\ndev=[]\n"},
            PIP + " --upgrade pip && .venv/bin/python -m pip install --group dev",
            "",
        ),
        (
            {"Makefile": "test:\n\tenv/bin/pytest\n", "requirements.txt": ""},
            "python3 -m venv env && env/bin/python -m pip install -r requirements.txt",
            "",
        ),
        ({}, "python3 -m venv .venv", ""),
    ],
)
def test_a_missing_environment_says_how_it_is_made(
    files: dict[str, str], create: str, source: str, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.py": "", **files})
    found = environment(tmp_path)
    assert (found.ready, found.problem) == (False, "there is no environment")
    assert (found.creation, found.source) == (create, source)


@pytest.mark.parametrize(
    ("makefile", "create"),
    [
        ("install:\n\tuv sync --extra dev\n", "uv sync --extra dev"),
        ("sync:\n\tcd . && uv sync\n\tuv run pre-commit install\n", "uv sync"),
        ("dev: venv\n\t.venv/bin/pip install -e .\nvenv:\n\tpython3 -m venv .venv\n",
         "python3 -m venv .venv && .venv/bin/pip install -e ."),
        ("install:\n\tpython -m venv v && . v/bin/activate && pip install x\n",
         "python -m venv v && v/bin/pip install x"),
        ("install:\n\tUV_X=1 uv sync\n", "env UV_X=1 uv sync"),
        ("install:\n\tuv sync\ninstall-dev:\n\tuv sync --dev\n", "uv sync --dev"),
    ],
)  # fmt: skip
def test_the_set_up_target_of_the_project_makes_it(
    makefile: str, create: str, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.py": "", "uv.lock": "", "Makefile": makefile})
    found = environment(tmp_path)
    assert found.creation == create
    assert found.source.startswith("Makefile:")


@pytest.mark.parametrize(
    "makefile",
    [
        "install:\n\tpip install -e .\n",
        "install:\n\tpip install --user x\n",
        "install:\n\tuv pip install --system -e .\n",
        "install:\n\tuv sync\n\tdocker compose up -d\n",
        "install:\n\tuv sync $(shell x)\n",
        "install-docs:\n\tuv sync --group docs\n",
        "install:\n\tnpm install\n",
        "setup-frontend:\n\tuv sync\n",
    ],
)
def test_a_target_that_does_more_than_make_an_environment_is_not_used(
    makefile: str, tmp_path: Path
) -> None:
    write(tmp_path, {"shop.py": "", "uv.lock": "", "Makefile": makefile})
    found = environment(tmp_path)
    if "--group docs" not in makefile:
        assert (found.creation, found.source) == ("uv sync", "uv.lock")
    else:
        assert found.source == "uv.lock"


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_an_environment_in_the_project_is_ready(name: str, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT})
    folder = make(tmp_path / name)
    found = environment(tmp_path)
    assert (found.ready, found.folder, found.python) == (True, folder, "3.12.1")


@pytest.mark.parametrize(
    ("version", "python", "problem"),
    [
        ("3.12.1", False, "its Python is gone"),
        ("3.9.1", True, "it has Python 3.9.1, but the project requires >=3.11"),
    ],
)
def test_an_environment_that_cannot_be_used_says_why(
    version: str, *, python: bool, problem: str, tmp_path: Path
) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT})
    folder = make(tmp_path / ".venv", version, python=python)
    found = environment(tmp_path)
    assert (found.ready, found.folder) == (False, folder)
    assert problem in str(found.problem)


def test_a_dangling_python_is_gone_and_another_environment_serves(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT})
    broken = make(tmp_path / ".venv", python=False)
    (broken / "bin/python").symlink_to(tmp_path / "nowhere")
    assert not environment(tmp_path).ready
    make(tmp_path / "venv")
    assert environment(tmp_path).folder == tmp_path / "venv"


def test_the_environment_that_the_commands_name_comes_first(tmp_path: Path) -> None:
    make(tmp_path / ".venv")
    make(tmp_path / "backend/own")
    write(
        tmp_path,
        {"backend/setup.py": "", "Makefile": "test:\n\tcd backend && own/bin/python -m pytest\n"},
    )
    assert environment(tmp_path, path="backend").folder == tmp_path / "backend/own"


def test_a_link_may_leave_the_project(tmp_path: Path) -> None:
    write(tmp_path, {"project/shop.py": ""})
    (tmp_path / "project/.venv").symlink_to(make(tmp_path / "elsewhere"))
    assert environment(tmp_path / "project").ready


WORKSPACE = "[tool.uv.workspace]\nmembers = ['packages/*']\nexclude = ['packages/no']\n"


def test_a_workspace_serves_its_members_from_its_root(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": WORKSPACE, "uv.lock": "",
        "packages/a/pyproject.toml": "[project]\nname='a'\n[tool.ruff]\n",
        "packages/no/pyproject.toml": "[project]\nname='no'\n[tool.ruff]\n",
    })  # fmt: skip
    make(tmp_path / ".venv")
    from_root = environment(tmp_path, path="packages/a")
    alone = environment(tmp_path / "packages/a")
    assert from_root.creation == "uv sync --all-packages"
    assert alone.creation == "cd ../.. && uv sync --all-packages"
    assert from_root.folder == alone.folder == tmp_path / ".venv"
    assert not environment(tmp_path / "packages/no").ready


def test_uv_may_be_told_another_folder(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT, "uv.lock": ""})
    folder = make(tmp_path / "other")
    assert environment(tmp_path, {"UV_PROJECT_ENVIRONMENT": "other"}).folder == folder


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("HOME", ".cache/pypoetry/virtualenvs"),
        ("XDG_CACHE_HOME", "pypoetry/virtualenvs"),
        ("POETRY_CACHE_DIR", "virtualenvs"),
        ("POETRY_VIRTUALENVS_PATH", "."),
    ],
)
def test_poetry_keeps_environments_in_its_cache(
    variable: str, below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    write(tmp_path, {"project/pyproject.toml": PROJECT, "project/poetry.lock": ""})
    digest = hashlib.sha256(str(tmp_path / "project").encode()).digest()
    name = f"my-shop-{base64.urlsafe_b64encode(digest).decode()[:8]}"
    cache = tmp_path / "cache"
    for version in ("3.9", "3.11", "3.12"):
        make(cache / below / f"{name}-py{version}", f"{version}.1")
    make(cache / below / "my-shop-00000000-py3.12")
    found = environment(tmp_path / "project", {variable: str(cache)})
    assert (found.ready, found.folder) == (True, cache / below / f"{name}-py3.12")


def test_pdm_and_pipenv_keep_environments_elsewhere(tmp_path: Path) -> None:
    made = make(tmp_path / "made")
    write(tmp_path, {
        "a/pyproject.toml": "", "a/pdm.lock": "", "a/.pdm-python": f"{made}/bin/python\n",
        "b/Pipfile": "", "b/Pipfile.lock": "",
    })  # fmt: skip
    assert environment(tmp_path / "a").folder == made
    digest = hashlib.sha256(str(tmp_path / "b/Pipfile").encode()).digest()[:6]
    name = f"b-{base64.urlsafe_b64encode(digest).decode()}"
    kept = make(tmp_path / "work" / name)
    assert environment(tmp_path / "b", {"WORKON_HOME": str(tmp_path / "work")}).folder == kept


@pytest.mark.parametrize(
    ("packages", "version", "ready"),
    [(("fastapi",), "3.12.1", True), ((), "3.12.1", False), (("fastapi",), "3.9.1", False)],
)
@pytest.mark.parametrize(
    ("variable", "kind"), [("VIRTUAL_ENV", "active"), ("CONDA_PREFIX", "conda")]
)
def test_an_active_environment_serves_where_it_holds_the_project(
    packages: tuple[str, ...],
    version: str,
    variable: str,
    kind: str,
    *,
    ready: bool,
    tmp_path: Path,
) -> None:
    write(tmp_path, {"p/pyproject.toml": f"{PROJECT}dependencies = ['FastAPI>1', 'x; y']\n"})
    active = make(tmp_path / "active", version, *packages)
    found = environment(tmp_path / "p", {variable: str(active)})
    assert found.ready is ready
    assert (found.kind, found.folder) == ((kind, active) if ready else ("venv", None))


def test_the_python_of_path_serves_where_it_holds_the_project(tmp_path: Path) -> None:
    write(tmp_path, {"p/pyproject.toml": f"{PROJECT}dependencies = ['fastapi']\n"})
    prefix = make(tmp_path / "usr", "3.12.1", "fastapi")
    (prefix / "pyvenv.cfg").unlink()
    found = environment(tmp_path / "p", {"PATH": f":{tmp_path}/none:{prefix}/bin"})
    assert (found.kind, found.folder, found.ready) == ("path", None, True)
    write(tmp_path, {"p/requirements.txt": "absent\n"})
    assert not environment(tmp_path / "p", {"PATH": f"{prefix}/bin"}).ready


def test_path_serves_neither_a_locked_project_nor_one_that_names_its_environment(
    tmp_path: Path,
) -> None:
    variables = {"PATH": f"{sys.base_prefix}/bin"}
    makefile = "test:\n\t.venv/bin/pytest\n"
    write(
        tmp_path,
        {"plain/a.py": "", "locked/a.py": "", "locked/uv.lock": "", "named/a.py": ""}
        | {"named/Makefile": makefile},
    )
    ready = {
        name: read_conventions(tmp_path / name, variables).projects[0].environment.ready
        for name in ("plain", "locked", "named")
    }
    assert ready == {"plain": True, "locked": False, "named": False}
