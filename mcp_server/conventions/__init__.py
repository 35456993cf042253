"""Reads what a repository says about how it is verified; nothing of it is run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mcp_server import limits
from mcp_server.checkers import checkers
from mcp_server.conventions.choice.stated import RULES, misstated, stated_lines
from mcp_server.conventions.facts import read_facts
from mcp_server.conventions.files.settings import Files, read_settings
from mcp_server.conventions.layout.projects import find_projects, is_marked
from mcp_server.conventions.layout.tree import Tree, list_tree
from mcp_server.conventions.project import read_project
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.survey import survey_sources
from mcp_server.errors import ProjectNotFoundError
from mcp_server.repository import Conventions, Project

MOST_UNLISTED = 5
"""How many folders that cannot be listed are named."""


def read_conventions(
    root: Path, variables: Mapping[str, str] | None = None, *, facts: bool = False
) -> Conventions:
    """Return the conventions of the projects in and below a folder, with `facts` for writing.

    `variables` is the environment to judge by, by default the process's. Raises
    `ProjectNotFoundError` where the folder is missing, is no folder or holds no Python.
    """
    root = _existing(root)
    tree = list_tree(root)
    folders = find_projects(root, tree)
    if not folders:
        msg = f"{root} holds no Python project: no pyproject.toml, setup.py, setup.cfg or .py file."
        raise ProjectNotFoundError(msg)
    _refuse_part(root, folders)
    files = {folder: read_settings(folder, _label(folder, root), root) for folder in folders}
    place = Place(root, os.environ if variables is None else variables)
    survey = survey_sources(place, files, tree)
    projects = tuple(read_project(folder, survey) for folder in folders)
    stated = [one.settings.tables.get("hdb", {}) for one in files.values()]
    # Before the facts are read, which concern no check.
    unread = tuple(place.reader.told(without=survey.instructions))
    useful = (
        tuple(
            one
            for one in projects
            # Rules that it gates are asked of its files, whoever names the commands.
            if one.commands or one.others or RULES in one.settings.tables.get("hdb", {})
        )
        or projects[:1]
    )
    if facts:
        of = dict(zip((one.path for one in projects), files.values(), strict=True))
        useful = tuple(
            replace(one, facts=read_facts(one.path, tree, of[one.path], place)) for one in useful
        )
    return Conventions(
        root=root,
        projects=useful,
        instructions=survey.instructions,
        disagreements=(*_disagreements(useful), *survey.remarks, *_unlisted(tree)),
        problems=tuple(dict.fromkeys((*_misread(files, root), *unread))),
        untouched=survey.remarks,
        pass_env=tuple(name for table in stated for name in stated_lines(table.get("pass-env"))),
        limits=limits.stated(stated),
    )


def _misread(files: Mapping[Path, Files], root: Path) -> Iterator[str]:
    """Yield what stands in the projects' configuration and cannot be read or meant."""
    for folder, one in files.items():
        yield from one.problems
        yield from misstated(one, _label(folder, root))


def _unlisted(tree: Tree) -> Iterator[str]:
    """Yield what of the folder was not looked at."""
    yield from tree.problems[:MOST_UNLISTED]
    if tree.truncated:
        yield f"the folder holds more than {len(tree.files):,} files, and hdb looked at no more"


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


def _disagreements(projects: Iterable[Project]) -> Iterator[str]:
    for project in projects:
        yield from project.disagreements
        for command in project.others:
            other = command.reason and command.reason.endswith(f"serves {command.role.value}")
            # A fallback is nobody's wish.
            other = other and "(no pytest configuration)" not in command.source
            if other and command.tool in checkers() and not command.task and not command.in_ci:
                yield f"{command.source} asks for {command.tool}, but {command.reason}"
