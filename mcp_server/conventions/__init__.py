"""Reads what a repository says about how it is verified; nothing of it is run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mcp_server import limits
from mcp_server.conventions.layout import find_projects, is_marked
from mcp_server.conventions.pieces import Place
from mcp_server.conventions.project import Survey, misstated, read_project, stated_lines
from mcp_server.conventions.scripts import script_tasks
from mcp_server.conventions.settings import Files, read_settings
from mcp_server.conventions.setup import setups
from mcp_server.conventions.targets import select
from mcp_server.conventions.task_files import makefile_tasks, tox_tasks
from mcp_server.conventions.tasks import TaskFile
from mcp_server.errors import ProjectNotFoundError
from mcp_server.repository import Conventions, Project

INSTRUCTIONS = ("CLAUDE.md", "AGENTS.md", ".claude/CLAUDE.md", "CONTRIBUTING.md")


def read_conventions(root: Path, variables: Mapping[str, str] | None = None) -> Conventions:
    """Return the conventions of the projects in and below a folder.

    `variables` is the environment to judge by, by default the process's. Raises
    `ProjectNotFoundError` where the folder is missing, is no folder or holds no Python.
    """
    root = _existing(root)
    folders = find_projects(root)
    if not folders:
        msg = f"{root} holds no Python project: no pyproject.toml, setup.py, setup.cfg or .py file."
        raise ProjectNotFoundError(msg)
    _refuse_part(root, folders)
    files = {folder: read_settings(folder, _label(folder, root)) for folder in folders}
    place = Place(root, os.environ if variables is None else variables)
    tasks = tuple(_task_files(place, files))
    survey = Survey(
        place,
        files,
        tuple(select(one) for one in tasks),
        tuple(setup for one in tasks for setup in setups(one)),
    )
    projects = tuple(read_project(folder, survey) for folder in folders)
    stated = [one.settings.tables.get("hdb", {}) for one in files.values()]
    useful = tuple(one for one in projects if one.commands or one.others)
    return Conventions(
        root=root,
        projects=useful or projects[:1],
        instructions=tuple(name for name in INSTRUCTIONS if (root / name).is_file()),
        disagreements=tuple(_disagreements(useful)),
        problems=tuple(
            problem
            for folder, one in files.items()
            for problem in (*one.problems, *misstated(one, _label(folder, root)))
        ),
        pass_env=tuple(name for table in stated for name in stated_lines(table.get("pass-env"))),
        limits=limits.stated(stated),
    )


def _existing(root: Path) -> Path:
    if not root.exists():
        msg = f"There is no folder {root}."
        raise ProjectNotFoundError(msg)
    if not root.is_dir():
        msg = f"{root} is a file, not a folder: name the project's folder, and the file after it."
        raise ProjectNotFoundError(msg)
    return root.resolve()


def _refuse_part(root: Path, folders: tuple[Path, ...]) -> None:
    """Refuse a folder that is no project but lies in one: its settings stand above it."""
    if folders != (root,) or is_marked(root):
        return
    whole = next((folder for folder in root.parents if is_marked(folder)), None)
    if whole is not None:
        part = root.relative_to(whole).as_posix()
        msg = f"{root} is part of the project {whole}: name that folder, and {part} after it."
        raise ProjectNotFoundError(msg)


def _label(folder: Path, root: Path) -> str:
    return "" if folder == root else f"{folder.relative_to(root).as_posix()}/"


def _task_files(place: Place, files: Mapping[Path, Files]) -> Iterator[TaskFile]:
    """Yield the files that name tasks, the strongest kind first."""
    folders = {folder: folder.relative_to(place.root).as_posix() for folder in files}
    everywhere = list(dict.fromkeys((".", *folders.values())))
    found = [
        *(makefile_tasks(place, where) for where in everywhere),
        *(tox_tasks(place, where, files[folder]) for folder, where in folders.items()),
        *(script_tasks(place, where) for where in everywhere),
    ]
    yield from (one for one in found if one is not None)


def _disagreements(projects: Iterable[Project]) -> Iterator[str]:
    for project in projects:
        for command in project.others:
            if command.reason and command.reason.endswith(f"serves {command.role.value}"):
                yield f"{command.source} asks for {command.tool}, but {command.reason}"
