"""The conventions as a whole: what is planned, what is not and why, and that nothing is run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.errors import ProjectNotFoundError
from mcp_server.repository import Project

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def summary(project: Project) -> list[str]:
    return [f"{one.cwd}$ {one.text}  ({one.source})" for one in project.commands]


@pytest.mark.parametrize(
    ("path", "why"),
    [("gone", "There is no folder"), ("file", "is a file, not a folder"), ("empty", "no Python")],
)
def test_a_folder_without_a_project_is_a_mistake_with_its_reason(
    path: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(ProjectNotFoundError, match=why):
        read_conventions(tmp_path / path, {})


def test_a_service_beside_a_frontend_is_found_with_its_own_commands(tmp_path: Path) -> None:
    write(tmp_path, {
        "Makefile": "BACKEND ?= backend\n"
        "lint: backend-lint frontend-lint\n"
        "backend-lint:\n\tcd $(BACKEND) && uv run mypy\n\tcd $(BACKEND) && uv run flake8\n"
        "backend-format:\n\tcd $(BACKEND) && uv run black .\n"
        "backend-format-check:\n\tcd $(BACKEND) && uv run black --check .\n"
        "frontend-lint:\n\tcd frontend && npm run lint\n"
        "test:\n\tcd $(BACKEND) && uv run pytest\n\tcd frontend && npm test\n"
        "backend-coverage:\n\tcd $(BACKEND) && uv run pytest --cov\n",
        "AGENTS.md": "", "frontend/package.json": "{}",
        "backend/pyproject.toml": "[tool.mypy]\nstrict=true\n[tool.ruff]\n",
    })  # fmt: skip
    found = read_conventions(tmp_path, {})
    assert [one.path for one in found.projects] == ["backend"]
    assert summary(found.projects[0]) == [
        "backend$ uv run pytest  (Makefile:test:13)",
        "backend$ uv run mypy  (Makefile:backend-lint:4)",
        "backend$ uv run flake8  (Makefile:backend-lint:5)",
        "backend$ uv run black --check .  (Makefile:backend-format-check:9)",
    ]
    assert {one.text: one.reason for one in found.projects[0].others} == {
        "uv run black .": "`backend-format-check` is planned for black",
        "uv run pytest --cov": "`test` is planned for pytest",
        "ruff check": "Makefile:backend-lint:5 serves lint",
    }
    asked = "backend/pyproject.toml:3 [tool.ruff] asks for ruff"
    assert found.disagreements == (f"{asked}, but Makefile:backend-lint:5 serves lint",)
    assert found.instructions == ("AGENTS.md",)


def test_stronger_sources_come_first(tmp_path: Path) -> None:
    write(tmp_path, {
        "pyproject.toml": "[tool.hdb]\ntest = 'pytest -q'\nlint = ['./check.py a', 'ruff check']\n"
        "pass-env = ['TOKEN', 1]\n[tool.black]\n[tool.mypy]\n",
        "Makefile": "test:\n\tpytest -m fast\ntypecheck:\n\tmypy src\n",
        "tox.ini": "[testenv:typing]\ncommands = pyright\n[testenv:fmt]\ncommands = black -q .\n",
        "scripts/format.sh": "black src\n",
    })  # fmt: skip
    found = read_conventions(tmp_path, {})
    assert summary(found.projects[0]) == [
        ".$ pytest -q  (pyproject.toml:2 [tool.hdb] test)",
        ".$ mypy src  (Makefile:typecheck:4)",
        ".$ ./check.py a  (pyproject.toml:3 [tool.hdb] lint)",
        ".$ ruff check  (pyproject.toml:3 [tool.hdb] lint)",
        ".$ black -q .  (tox.ini:4 [testenv:fmt])",
    ]
    assert [(one.text, one.reason) for one in found.projects[0].others] == [
        ("pytest -m fast", "pyproject.toml:2 [tool.hdb] test serves test"),
        ("pyright", "Makefile:typecheck:4 serves types"),
        ("black src", "tox.ini:4 [testenv:fmt] is planned"),
    ]
    assert found.pass_env == ("TOKEN",)


def test_scripts_are_followed_into_each_other(tmp_path: Path) -> None:
    write(tmp_path, {
        "setup.py": "",
        "scripts/check": "#!/bin/sh -e\n\nexport PREFIX=\"\"\nif [ -d 'venv' ] ; then\n"
        '    export PREFIX="venv/bin/"\nfi\nexport SOURCE_FILES="shop tests"\nset -x\n\n'
        "./scripts/sync\n${PREFIX}ruff format $SOURCE_FILES --diff\n${PREFIX}mypy $SOURCE_FILES\n",
        "scripts/lint": "#!/bin/sh\nruff format shop\n",
        "scripts/sync": "#!/bin/sh\nif grep a b; then exit 1; fi\n",
        "scripts/test": '#!/usr/bin/env bash\ncd "$(dirname "$0")/.."\n'
        'if [ -z $CI ]; then\n  scripts/check\nfi\ncoverage run -m pytest "$@"\ncoverage html\n',
        "scripts/test-data": "#!/usr/bin/env python3\nimport os\n",
        "scripts/deploy.sh": "mypy .\n",
    })  # fmt: skip
    project = read_conventions(tmp_path, {}).projects[0]
    assert summary(project) == [
        ".$ coverage run -m pytest  (scripts/test:6)",
        ".$ mypy shop tests  (scripts/check:12)",
        ".$ ruff format shop tests --diff  (scripts/check:11)",
    ]
    assert [(one.text, one.reason) for one in project.others] == [
        ("ruff format shop", "`scripts/check` is planned for ruff-format"),
        ("./scripts/sync", "hdb does not know what it checks"),
    ]
    (tmp_path / "venv").mkdir()
    assert read_conventions(tmp_path, {}).projects[0].commands[1].venv == "venv"


def test_a_target_that_starts_a_script_is_taken_apart(tmp_path: Path) -> None:
    write(tmp_path, {
        "setup.py": "", "Makefile": "test:\n\tA=1 bash ci/run.sh x\nlint:\n\t./ci/run.sh\n",
        "ci/run.sh": "#!/bin/bash\npytest $A\nbash ci/run.sh\n",
    })  # fmt: skip
    project = read_conventions(tmp_path, {}).projects[0]
    assert summary(project)[0] == ".$ pytest 1  (ci/run.sh:2)"


def test_a_script_outside_of_the_project_is_not_read(tmp_path: Path) -> None:
    write(
        tmp_path, {"run.sh": "pytest\n", "p/setup.py": "", "p/Makefile": "test:\n\tsh ../run.sh\n"}
    )
    (tmp_path / "p/link.sh").symlink_to(tmp_path / "run.sh")
    write(tmp_path, {"p/Makefile": "test:\n\tsh ../run.sh\n\tsh link.sh\n"})
    commands = read_conventions(tmp_path / "p", {}).projects[0].commands
    assert [one.text for one in commands] == ["make test"]


def test_a_command_at_the_root_belongs_to_the_project_that_it_names(tmp_path: Path) -> None:
    write(tmp_path, {
        "Makefile": "types:\n\tmypy b/src\n", "a/setup.py": "", "b/setup.py": "",
        "a/ruff.toml": "",
    })  # fmt: skip
    found = read_conventions(tmp_path, {})
    assert {one.path: [c.tool for c in one.commands] for one in found.projects} == {
        "a": ["ruff"],
        "b": ["mypy"],
    }


CANARY_NAMES = ("uv", "poetry", "make", "python3", "python", "git", "tox", "nox", "bash", "sh")


def plant(folder: Path, fired: Path) -> Path:
    """Write a project in which whatever is run or imported leaves a file in `fired`."""
    shell = f"touch {fired}/{{}}"
    code = f"import pathlib\npathlib.Path({str(fired)!r}, {{!r}}).touch()\n"
    modules = (
        "setup.py conftest.py noxfile.py tasks.py sitecustomize.py usercustomize.py models.py "
        "rich.py anyio.py mcp_server/__init__.py mcp_server/cli.py tests/conftest.py "
        "packaging/__init__.py json.py shop/__init__.py docs/conf.py".split()
    )
    write(folder, {name: code.format(name.replace("/", "-")) for name in modules})
    write(folder, {
        "Makefile": f"A := $(shell {shell.format('shell')})\nB != {shell.format('bang')}\n"
        f"include made.mk\nmade.mk:\n\t{shell.format('include')}\n"
        f"test:\n\t+{shell.format('plus')}\n\t$(A) pytest\nlint:\n\truff check\n",
        "pyproject.toml": "[tool.mypy]\n[tool.poetry]\n[tool.uv]\n", "uv.lock": "",
        "scripts/test.sh": f"#!/bin/sh\n{shell.format('script')}\npytest\n",
        "tox.ini": f"[testenv]\ncommands = {shell.format('tox')}\n",
        ".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.1\n",
        ".venv/lib/python3.11/site-packages/x.pth": code.format("pth").replace("\n", ";"),
    })  # fmt: skip
    tools = [folder / "tools" / name for name in CANARY_NAMES]
    tools += [folder / ".venv/bin" / name for name in (*CANARY_NAMES, "pytest", "mypy")]
    for tool in tools:
        write(folder, {str(tool.relative_to(folder)): f"#!/bin/sh\n{shell.format(tool.name)}\n"})
        tool.chmod(0o755)
    return folder


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "start",
    # -P, since `-m` would otherwise look for our own package in the project's folder first.
    [["-P", "-m", "mcp_server"], ["-I", str(ROOT / "mcp_server/__main__.py")]],
    ids=["module", "isolated"],
)
def test_nothing_of_the_project_runs(start: list[str], form: str, tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    folder = plant(tmp_path / "project", fired)
    path = os.pathsep.join((str(folder / "tools"), str(folder / ".venv/bin"), os.environ["PATH"]))
    done = subprocess.run(
        [sys.executable, *start, "conventions", ".", "--format", form],
        cwd=folder,
        env={"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "ruff check" in done.stdout
    if form == "json":
        assert json.loads(done.stdout)["schema"] == "hdb.conventions/1"
    assert sorted(one.name for one in fired.iterdir()) == []


def test_a_canary_would_fire(tmp_path: Path) -> None:
    fired = tmp_path / "fired"
    fired.mkdir()
    folder = plant(tmp_path / "project", fired)
    for argv in (
        ["./.venv/bin/pytest"],
        ["/bin/sh", "scripts/test.sh"],
        [sys.executable, "rich.py"],
    ):
        subprocess.run(argv, cwd=folder, check=False, capture_output=True)
    names = {one.name for one in fired.iterdir()}
    assert {"pytest", "script", "rich.py"} <= names
