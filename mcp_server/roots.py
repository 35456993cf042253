"""Says which folder an agent may ask about: its session's project, or one the user allowed."""

from __future__ import annotations

import os
from pathlib import Path

from mcp_server.conventions.layout.projects import MARKERS
from mcp_server.errors import HdbError, ProjectNotFoundError, UnsafePathError, UsageError
from mcp_server.targets import refuse_unnameable

EXPECTED = "name a project's folder, or leave it out for the project around here"


def project_root(path: str | None) -> Path:
    """Return the folder that `path` means, by default the project of this session.

    The session's project is the nearest folder with a project or a repository at or above
    CLAUDE_PROJECT_DIR, else the launch folder. Raises `UnsafePathError` for a folder outside of
    it and of the folders in HDB_ROOTS: an approved tool must not run what lies elsewhere.
    """
    stated = os.environ.get("CLAUDE_PROJECT_DIR")
    base = nearest_project(Path(stated) if stated else current_folder())
    if path is None:
        return base
    wanted = _followed(base, path)
    allowed = [base, *_allowed()]
    if not any(wanted.is_relative_to(one) for one in allowed):
        msg = (
            f"{path} lies outside {base}. To allow it, the user sets HDB_ROOTS to its folder "
            f"(several are separated by {os.pathsep!r}) and restarts the server."
        )
        raise UnsafePathError(msg)
    return _readable(wanted, path)


def checkout(path: str) -> Path:
    """Return the checkout that a session works in: its project, or a worktree below it.

    `path` is the folder that it is in now. Raises `HdbError` where the session has no project.
    """
    base = project_root(None)
    try:
        here = project_root(path)
    except HdbError:
        return base
    for folder in (here, *here.parents):
        if folder == base or not folder.is_relative_to(base):
            return base
        if (folder / ".git").exists():
            return folder
    return base


def named_folder(path: str) -> Path:
    """Return the folder that a person named, seen from the current one."""
    return _readable(_followed(current_folder(), path), path)


def current_folder() -> Path:
    """Return the current folder. Raises `ProjectNotFoundError` where it has been removed."""
    try:
        return Path.cwd()
    except OSError:
        msg = "The current folder is not there any more: go to another, or name one."
        raise ProjectNotFoundError(msg) from None


def nearest_project(start: Path) -> Path:
    """Return the nearest folder with a project or a repository at or above `start`, else it."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in (*MARKERS, ".git")):
            return folder
    return start


def _followed(base: Path, path: str) -> Path:
    """Return where a path leads, links followed, whether or not anything is there."""
    if not path.strip():
        msg = f"The path is empty: {EXPECTED}."
        raise UsageError(msg)
    refuse_unnameable(path, EXPECTED)
    try:
        return (base / path).resolve()
    except (OSError, RuntimeError):
        msg = f"There is no folder {path}: its name is too long, or its link leads to itself."
        raise ProjectNotFoundError(msg) from None


def _readable(folder: Path, path: str) -> Path:
    """Refuse a folder whose files hdb may not list; what is no folder is told by who reads it."""
    try:
        with os.scandir(folder):
            return folder
    except PermissionError:
        msg = f"{path} cannot be read: allow reading it, or name another folder."
        raise ProjectNotFoundError(msg) from None
    except OSError as error:
        if path.startswith("~"):
            msg = f"There is no folder {path}: write the path out, ~ is expanded only by a shell."
            raise ProjectNotFoundError(msg) from None
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return folder
        msg = f"There is no folder {path}: {error.strerror or error}."
        raise ProjectNotFoundError(msg) from None


def _allowed() -> list[Path]:
    stated = os.environ.get("HDB_ROOTS", "").split(os.pathsep)
    return [Path(one).resolve() for one in stated if one]
