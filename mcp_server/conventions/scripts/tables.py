"""Finds the tables of scripts that a project's files hold, and reads each into its tasks."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.scripts.hatch import hatch_scripts
from mcp_server.conventions.scripts.package_json import package_scripts
from mcp_server.conventions.scripts.pdm import pdm_scripts, rye_scripts, taskipy_tasks
from mcp_server.conventions.scripts.pixi import pixi_tasks
from mcp_server.conventions.scripts.poe import poe_tasks
from mcp_server.conventions.scripts.toml_file import ScriptFile, script_file, table_of
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.tasks import TaskFile

POE_FILE = "poe_tasks.toml"


def script_tables(place: Place, folder: str, files: Files) -> Iterator[TaskFile]:
    """Yield the tasks of each script table of the project in `folder`, relative to the root.

    They stand in pyproject (poe, pdm, hatch, taskipy, rye, pixi), in the tools' own files and in
    package.json.
    """
    found = [*_of_pyproject(place, folder, files), *_of_own_files(place, folder, files)]
    found.append(package_scripts(place, folder))
    yield from (one for one in found if one is not None)


def _of_pyproject(place: Place, folder: str, files: Files) -> Iterator[TaskFile | None]:
    tools = table_of(files.pyproject, "tool")
    if not tools.keys() & {"poe", "pdm", "hatch", "taskipy", "rye", "pixi"}:
        return
    file = script_file(place, folder, "pyproject.toml", files.pyproject)
    if file is None:
        return
    yield poe_tasks(file) if table_of(tools, "poe") else None
    yield pdm_scripts(file)
    yield hatch_scripts(file, ("tool", "hatch", "envs"))
    yield taskipy_tasks(file)
    yield rye_scripts(file)
    yield pixi_tasks(file, ("tool", "pixi"))


def _of_own_files(place: Place, folder: str, files: Files) -> Iterator[TaskFile | None]:
    names = files.settings.files
    if POE_FILE in names and not table_of(files.pyproject, "tool", "poe"):
        yield _read(script_file(place, folder, POE_FILE), "poe")
    yield _read(script_file(place, folder, "hatch.toml"), "hatch")
    yield _read(script_file(place, folder, "pixi.toml"), "pixi")


def _read(file: ScriptFile | None, kind: str) -> TaskFile | None:
    if file is None:
        return None
    if kind == "poe":
        return poe_tasks(file)
    return hatch_scripts(file, ("envs",)) if kind == "hatch" else pixi_tasks(file, ())
