"""Reads the folder that `hdb rules` is asked about, or says which one to name."""

from __future__ import annotations

from pathlib import Path

from mcp_server.advice.settings import named
from mcp_server.conventions import read_conventions
from mcp_server.errors import ProjectNotFoundError, UsageError
from mcp_server.repository import Conventions
from mcp_server.roots import nearest_project
from mcp_server.rules import rules

ALL_FILES = "`hdb rules --check` takes a project's folder, and asks about all files of it"


def read_if_project(root: Path) -> Conventions | None:
    """Return what was read of a folder, None where it holds no project."""
    try:
        return read_conventions(root)
    except ProjectNotFoundError:
        return None


def read_whole(root: Path) -> Conventions:
    """Read a project. Raises `UsageError` that names it where a folder is only a part of it."""
    try:
        return read_conventions(root)
    except ProjectNotFoundError:
        whole = nearest_project(root)
        if whole == root or not root.is_dir():
            raise
    msg = f"{root} is no project. {ALL_FILES}: `hdb rules --check {whole}`."
    raise UsageError(msg)


def one_folder(*words: str | None) -> str | None:
    """Return the folder that words of a command name. Raises `UsageError` for more than one."""
    stated = [one for one in words if one is not None]
    if len(stated) > 1:
        rule = next((one for one in stated if named(one, rules())), None)
        more = f"; --rule {rule} asks one rule" if rule else ""
        msg = f"{ALL_FILES}{more}."
        raise UsageError(msg)
    return stated[0] if stated else None
