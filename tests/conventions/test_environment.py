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


MANAGED = {
    "hatch": "[tool.hatch.envs.default]\n[tool.hatch.envs.test]\n",
    "pixi": "[tool.pixi.workspace]\n",
}


@pytest.mark.parametrize(
    ("config", "place", "variables"),
    [
        ("", "data/hatch/env/virtual/my-shop/{digest}/my-shop", {"XDG_DATA_HOME": "data"}),
        ("", "data/hatch/env/virtual/my-shop/{digest}/test", {"XDG_DATA_HOME": "data"}),
        ("", "h/env/virtual/my-shop/{digest}/hatch-test.py3.12", {"HATCH_DATA_DIR": "h"}),
        ("[dirs.env]\nvirtual = '.hatch'\n", "p/.hatch/my-shop", {}),
        ("[dirs.env]\nvirtual = 3\n", "home/.local/share/hatch/env/virtual/my-shop/{digest}/test",
         {}),
    ],
)  # fmt: skip
def test_hatch_keeps_environments_below_its_data_folder(
    config: str,
    place: str,
    variables: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    write(tmp_path, {
        "p/pyproject.toml": PROJECT + MANAGED["hatch"], "home/.config/hatch/config.toml": config,
    })  # fmt: skip
    digest = hashlib.sha256(str(tmp_path / "p").encode()).digest()
    folder = make(tmp_path / place.format(digest=base64.urlsafe_b64encode(digest).decode()[:8]))
    paths = {name: str(tmp_path / one) for name, one in variables.items()}
    found = environment(tmp_path / "p", {"HOME": str(tmp_path / "home"), **paths})
    assert (found.kind, found.folder, found.why) == ("hatch", folder, "hatch keeps it")


def test_hatch_may_be_told_a_folder(tmp_path: Path) -> None:
    table = "[tool.hatch.envs.default]\npath = 'own-env'\n"
    write(tmp_path, {"pyproject.toml": PROJECT + table})
    folder = make(tmp_path / "own-env")
    assert environment(tmp_path).folder == folder
    write(tmp_path, {"pyproject.toml": PROJECT + "[tool.hatch.envs]\ndefault = 3\n"})
    assert environment(tmp_path).folder is None


def conda(folder: Path, version: str = "3.12.1", *packages: str) -> Path:
    """Write what an environment of conda and pixi looks like."""
    make(folder, version, *packages)
    (folder / "pyvenv.cfg").unlink()
    write(folder, {f"conda-meta/python-{version}-h1_0.json": "{}"})
    return folder


def test_pixi_keeps_environments_in_the_project(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT + MANAGED["pixi"]})
    assert environment(tmp_path).creation == "pixi install"
    folder = conda(tmp_path / ".pixi/envs/default")
    found = environment(tmp_path)
    assert (found.kind, found.folder, found.python) == ("pixi", folder, "3.12.1")


NAMED = "name: shop\ndependencies:\n- python=3.12\n- pytest\n- pip:\n  - -e .\n"


@pytest.mark.parametrize(
    ("listed", "variables"),
    [("{}/far/shop\n", {}), ("", {"CONDA_PREFIX": "far/shop"}), ("", {"CONDA_ROOT": "conda"})],
)
def test_conda_finds_an_environment_by_its_name(
    listed: str, variables: dict[str, str], tmp_path: Path
) -> None:
    write(tmp_path, {
        "p/environment.yml": NAMED, "p/pyproject.toml": PROJECT,
        "home/.conda/environments.txt": listed.format(tmp_path),
    })  # fmt: skip
    missing = environment(tmp_path / "p", {"HOME": str(tmp_path / "home")})
    assert missing.creation == "conda env create -f environment.yml"
    folder = conda(tmp_path / ("conda/envs/shop" if "CONDA_ROOT" in variables else "far/shop"))
    paths = {name: str(tmp_path / one) for name, one in variables.items()}
    found = environment(tmp_path / "p", {"HOME": str(tmp_path / "home"), **paths})
    assert (found.kind, found.folder, found.ready) == ("conda", folder, True)
    assert found.creation == "conda env update -f environment.yml"


@pytest.mark.parametrize(
    "text",
    ["name: docs\ndependencies: [python]\n", "[", "3", "- a", "name: [a]\ndependencies: 3\n"],
)
def test_an_environment_file_for_something_else_is_not_the_developers(
    text: str, tmp_path: Path
) -> None:
    write(tmp_path, {"environment.yml": text, "setup.py": ""})
    assert environment(tmp_path).kind == "venv"


def test_an_environment_of_that_name_without_the_packages_is_not_used(tmp_path: Path) -> None:
    write(
        tmp_path, {"p/environment.yml": NAMED, "p/requirements.txt": "fastapi\n", "p/uv.lock": ""}
    )
    conda(tmp_path / "home/miniconda3/envs/shop")
    assert not environment(tmp_path / "p", {"HOME": str(tmp_path / "home")}).ready


def test_pyenv_names_an_environment_where_a_version_would_stand(tmp_path: Path) -> None:
    write(tmp_path, {"p/setup.py": "", "p/.python-version": "shop-env\n"})
    folder = make(tmp_path / "home/.pyenv/versions/shop-env")
    found = environment(tmp_path / "p", {"HOME": str(tmp_path / "home")})
    assert (found.kind, found.folder) == ("pyenv", folder)


@pytest.mark.parametrize(("runner", "name"), [("tox", "py312"), ("nox", "tests-3-12")])
def test_what_a_runner_left_behind_serves_as_a_last_resort(
    runner: str, name: str, tmp_path: Path
) -> None:
    write(tmp_path, {"pyproject.toml": f"{PROJECT}dependencies = ['fastapi']\n"})
    make(tmp_path / f".{runner}/bare", "3.13.1")
    make(tmp_path / f".{runner}/old", "3.9.1", "fastapi")
    folder = make(tmp_path / f".{runner}/{name}", "3.12.1", "fastapi")
    make(tmp_path / f".{runner}/py39", "3.11.1", "fastapi")
    found = environment(tmp_path)
    assert (found.kind, found.folder, found.ready) == (runner, folder, True)
    own = make(tmp_path / ".venv")
    assert environment(tmp_path).folder == own


def test_a_runner_s_environment_without_a_test_tool_serves_no_project_without_dependencies(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"setup.py": ""})
    make(tmp_path / ".tox/lint", "3.12.1", "ruff")
    assert not environment(tmp_path).ready
    tests = make(tmp_path / ".tox/py312", "3.12.1", "pytest")
    assert environment(tmp_path).folder == tests


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("windows", "it was made on Windows"),
        ("cfg", "it has no pyvenv.cfg"),
        ("home", "the Python it was made from (/nowhere/bin) is gone"),
        ("moved", "it was moved: its commands start the Python of /old/place"),
        ("python", "its Python is gone"),
        ("bin", "its Python is gone"),
    ],
)
def test_a_damaged_environment_is_named_with_the_command_that_mends_it(
    damage: str, problem: str, tmp_path: Path
) -> None:
    write(tmp_path, {"pyproject.toml": PROJECT, "requirements.txt": "x\n"})
    folder = make(tmp_path / ".venv")
    if damage == "windows":
        (folder / "bin").rename(folder / "Scripts")
    elif damage == "cfg":
        (folder / "pyvenv.cfg").unlink()
    elif damage == "home":
        (folder / "pyvenv.cfg").write_text("home = /nowhere/bin\nversion = 3.12.1\n")
    elif damage == "moved":
        (folder / "bin/pytest").write_text("#!/old/place/bin/python3\nimport pytest\n")
    elif damage == "bin":
        (folder / "bin").rename(folder / "bim")
    else:
        (folder / "bin/python").unlink()
        (folder / "bin/python").symlink_to("/nowhere/python")
    found = environment(tmp_path)
    assert (found.ready, found.folder) == (False, folder)
    assert problem in str(found.problem)
    assert found.creation.startswith("python3 -m venv --clear .venv && ")


def test_commands_that_start_the_environment_s_own_python_are_sound(tmp_path: Path) -> None:
    write(tmp_path, {"p/pyproject.toml": PROJECT})
    folder = make(tmp_path / "kept")
    (folder / "bin/pytest").write_text(f"#!{folder}/bin/python\n")
    (tmp_path / "p/.venv").symlink_to(folder)
    found = environment(tmp_path / "p")
    assert found.ready
    assert found.creation == "python3 -m venv .venv"


@pytest.mark.parametrize("version", ["3.9.1", "3.12.1"])
def test_an_active_environment_that_does_not_serve_is_named(version: str, tmp_path: Path) -> None:
    write(tmp_path, {
        "p/pyproject.toml": f"{PROJECT}dependencies = ['fastapi']\n", "other/setup.py": "",
    })  # fmt: skip
    active = make(tmp_path / "other/.venv", version, "fastapi")
    found = environment(tmp_path / "p", {"VIRTUAL_ENV": str(active)})
    why = "has Python 3.9.1" if version == "3.9.1" else f"belongs to the project in {active.parent}"
    assert not found.ready
    assert found.problem == f"there is no environment; VIRTUAL_ENV names {active}, which {why}"


def test_an_active_environment_that_lacks_packages_says_which(tmp_path: Path) -> None:
    write(tmp_path, {"p/requirements.txt": "a\nb\nc\nd\ne\n", "p/x.py": ""})
    active = make(tmp_path / "active", "3.12.1", "c")
    problem = environment(tmp_path / "p", {"VIRTUAL_ENV": str(active)}).problem
    assert str(problem).endswith(f"VIRTUAL_ENV names {active}, which lacks a, b, d and 1 more")
    gone = environment(tmp_path / "p", {"VIRTUAL_ENV": "/nowhere"}).problem
    assert str(gone).endswith("VIRTUAL_ENV names /nowhere, which is not there")


def test_another_active_environment_and_another_pinned_python_are_told(tmp_path: Path) -> None:
    write(tmp_path, {"p/pyproject.toml": PROJECT, "p/.python-version": "3.13\n"})
    make(tmp_path / "p/.venv")
    found = environment(tmp_path / "p", {"VIRTUAL_ENV": "/x/env"})
    assert found.ready
    assert found.why == (
        "it has Python 3.12.1, .python-version names 3.13; "
        "VIRTUAL_ENV names /x/env, which is not the project's"
    )


def test_a_python_that_is_not_installed_is_told(tmp_path: Path) -> None:
    write(tmp_path, {
        "p/pyproject.toml": "[project]\nname='p'\nrequires-python = '>=3.14,<3.15'\n",
        "bin/python3.11": "", "bin/python3.12": "",
    })  # fmt: skip
    variables = {"PATH": str(tmp_path / "bin")}
    told = "no installed Python satisfies >=3.14,<3.15 (there is 3.12, 3.11)"
    assert environment(tmp_path / "p", variables).problem == f"there is no environment; {told}"
    write(tmp_path, {"p/uv.lock": ""})
    assert environment(tmp_path / "p", variables).problem == "there is no environment"
    (tmp_path / "p/uv.lock").unlink()
    write(tmp_path, {"bin/python3.14": ""})
    found = environment(tmp_path / "p", variables)
    assert found.problem == "there is no environment"
    assert found.creation == "python3.14 -m venv .venv"


def test_a_project_with_a_lock_above_that_is_no_member_has_its_own_environment(
    tmp_path: Path,
) -> None:
    write(tmp_path, {
        "pyproject.toml": PROJECT, "uv.lock": "", "more/a/pyproject.toml": "[project]\nname='a'\n",
        "more/a/tox.ini": "[testenv]\ncommands = pytest\n",
    })  # fmt: skip
    make(tmp_path / ".venv")
    found = environment(tmp_path, path="more/a")
    assert (found.ready, found.kind, found.creation) == (False, "uv", "cd more/a && uv sync")


def test_a_plain_monorepo_s_one_environment_serves_where_it_holds_the_packages(
    tmp_path: Path,
) -> None:
    write(tmp_path, {
        "a/requirements.txt": "fastapi\n", "a/x.py": "",
        "a/tox.ini": "[testenv]\ncommands=pytest\n",
        "b/requirements.txt": "flask\n", "b/x.py": "",
        "b/tox.ini": "[testenv]\ncommands=pytest\n",
    })  # fmt: skip
    folder = make(tmp_path / ".venv", "3.12.1", "fastapi")
    assert environment(tmp_path, path="a").folder == folder
    assert not environment(tmp_path, path="b").ready


def test_nothing_of_an_environment_runs(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    shim = f"#!/bin/sh\ntouch {marker}\n"
    write(tmp_path, {
        "p/pyproject.toml": f"{PROJECT}dependencies = ['fastapi']\n", "p/.python-version": "3.12\n",
        "p/environment.yml": NAMED, "p/sitecustomize.py": f"open({str(marker)!r}, 'w')",
        "p/setup.py": f"open({str(marker)!r}, 'w')", "p/conftest.py": f"open({str(marker)!r}, 'w')",
    })  # fmt: skip
    names = ("python", "python3", "python3.12", "uv", "poetry", "hatch", "conda", "pyenv", "pdm")
    for folder in (tmp_path / "bin", make(tmp_path / "p/.venv") / "bin", tmp_path / "shims"):
        write(folder, dict.fromkeys(names, shim))
        for name in names:
            (folder / name).chmod(0o755)
    site = tmp_path / "p/.venv/lib/python3.12/site-packages"
    write(site, {"x.pth": f"import os; open({str(marker)!r}, 'w')", "sitecustomize.py": "1/0"})
    path = f"{tmp_path}/bin:{tmp_path}/shims"
    found = environment(tmp_path / "p", {"PATH": path, "HOME": str(tmp_path)})
    assert found.ready
    assert not marker.exists()
