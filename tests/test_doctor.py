"""What `hdb doctor` says on machines that are well, and on those that lack something."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from mcp_server.doctor.finding import WRONG
from mcp_server.doctor.project import project as project_findings
from tests.conftest import ProjectFactory
from tests.installation import Installation, install, prepare, script
from tests.test_launcher import OLD

PROJECT = {
    "pyproject.toml": "[project]\nname = 'a'\nversion = '1'\n[tool.ruff.lint]\nselect = ['F']\n",
    "a.py": "",
}
# As `claude plugin list --json` of 2.1.329 prints it.
INSTALLED = {
    "id": "hdb@hdb",
    "version": "0.1.0",
    "scope": "user",
    "enabled": True,
    "installPath": "/somewhere/plugins/cache/hdb/hdb/0.1.0",
    "hasUserConfig": True,
}
# The command line is not what is looked at here, and would need hdb's packages.
PREPARING = "hdb: preparing its environment first, which may take a minute..."
NO_PROGRAM = "def main() -> int:\n    import tinydep\n    return 2\n"


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return prepare(tmp_path)


def client(hdb: Installation, listed: object) -> None:
    """Put a Claude Code on PATH that has these plugins."""
    folder = Path(hdb.variables["PATH"].split(os.pathsep)[0])
    (folder / "plugins.json").write_text(json.dumps(listed))
    tells = f'[ "$1" = --version ] && echo "2.1.329 (Claude Code)" || cat "{folder}/plugins.json"'
    script(folder / "claude", tells)


def examine(hdb: Installation, folder: Path) -> tuple[int, str]:
    """Run the doctor in a folder; return its status and its screen."""
    process = hdb.start("doctor", cwd=folder)
    out, err = process.communicate()
    assert set(err.splitlines()) <= {PREPARING}
    return process.returncode, out


def test_a_machine_that_is_well_is_said_to_be(here: Installation, project: ProjectFactory) -> None:
    client(here, [INSTALLED])
    status, screen = examine(here, project(PROJECT))
    assert status == 0, screen
    for line in (
        " ok  python3 ",
        " ok  environment   ready: ",
        " ok  server        verify, conventions, map_change, fix, failure, status; first answer ",
        " ok  project       .: ruff; its environment is there",
        " ok  Claude Code   2.1.329 ",
        " ok  plugin        hdb@hdb 0.1.0 is installed and on",
        "All is well.",
    ):
        assert line in screen
    assert len(screen.splitlines()) < 24


def test_a_missing_environment_of_the_project_is_named_with_its_command(
    here: Installation, project: ProjectFactory
) -> None:
    status, screen = examine(here, project(PROJECT, ready=False))
    assert status == 1
    assert " !!  project " in screen
    assert "-> " in screen
    assert "1 thing is wrong" in screen


def test_configuration_that_cannot_be_read_is_wrong(
    here: Installation, project: ProjectFactory
) -> None:
    status, screen = examine(here, project(PROJECT | {"pyproject.toml": "[tool.hdb"}))
    assert (status, "pyproject.toml cannot be read" in screen) == (1, True)


def test_tools_that_path_should_have_and_has_not_are_named(tmp_path: Path) -> None:
    # What `hdb conventions` says of a project that has nothing but PATH.
    command = {"tool": "pytest", "command": "no-such-pytest -q", "source": "a", "sure": True}
    said = {
        "path": ".",
        "environment": {"kind": "path", "ready": True},
        "roles": {"test": [command]},
    }
    script(tmp_path / "bin" / "hdb", f"echo '{json.dumps({'projects': [said]})}'")
    (found,) = project_findings(str(tmp_path))
    assert (found.mark, found.text) == (WRONG, ".: pytest; its environment has no no-such-pytest")


def test_a_folder_without_a_project_is_no_fault(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, screen = examine(here, tmp_path / "empty")
    assert (status, "there is no Python project" in screen) == (0, True)


@pytest.mark.parametrize(
    ("listed", "said", "mend"),
    [
        ([], "hdb is not installed in it", "claude plugin marketplace add"),
        (
            [INSTALLED | {"enabled": False}],
            "is installed but switched off",
            "claude plugin enable hdb@hdb",
        ),
        ([INSTALLED | {"version": "0.0.9"}], "0.0.9 is installed", "claude plugin update hdb@hdb"),
        ([INSTALLED | {"errors": ["no such file"]}], "no such file", "claude plugin update"),
        ("what is this", "its list of plugins could not be read", ""),
    ],
)
def test_how_the_plugin_stands_in_the_client_is_said(
    here: Installation, project: ProjectFactory, listed: object, said: str, mend: str
) -> None:
    client(here, listed)
    screen = examine(here, project(PROJECT))[1]
    assert said in screen
    assert mend in screen


def test_a_setting_that_names_no_folder_is_wrong(
    here: Installation, project: ProjectFactory, tmp_path: Path
) -> None:
    hdb = here.having(HDB_ROOTS=f"{tmp_path}:{tmp_path}/gone")
    status, screen = examine(hdb, project(PROJECT))
    assert status == 1
    assert f"HDB_ROOTS names {tmp_path}/gone, which is no folder" in screen


def test_a_machine_without_a_new_enough_python_is_told_what_to_install(tmp_path: Path) -> None:
    hdb = install(tmp_path, NO_PROGRAM, uv=None)
    script(tmp_path / "bin" / "python3", OLD)
    status, screen = examine(hdb, tmp_path)
    assert status == 1
    assert " !!  python3       3.9" in screen
    assert "-> python3 -m pip install --user uv" in screen


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    hdb = install(tmp_path, NO_PROGRAM)
    (tmp_path / "file").touch()
    status, screen = examine(hdb.having(HDB_CACHE=tmp_path / "file" / "below"), tmp_path)
    assert status == 1
    assert " !!  state " in screen
    assert "set HDB_CACHE to a folder you can write to" in screen


def test_an_environment_that_cannot_be_built_is_told_as_the_server_tells_it(tmp_path: Path) -> None:
    hdb = install(tmp_path, NO_PROGRAM)
    (tmp_path / "index").rename(tmp_path / "away")
    status, screen = examine(hdb, tmp_path)
    assert status == 1
    assert " --  environment   not there" in screen
    assert " !!  server        hdb could not start" in screen


def test_a_python_that_only_starts_hdb_is_told_with_the_one_that_runs_it(tmp_path: Path) -> None:
    hdb = install(tmp_path, NO_PROGRAM)
    script(tmp_path / "bin" / "python3", OLD)
    script(tmp_path / "bin" / "python3.11", f'exec "{sys.executable}" "$@"')
    (tmp_path / "index").rename(tmp_path / "away")
    screen = examine(hdb, tmp_path)[1]
    assert " ok  python3       3.9" in screen
    assert f"{tmp_path}/bin/python3.11 runs it" in screen.replace("~", str(tmp_path / "home"))
