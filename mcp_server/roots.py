"""Says which folder an agent may ask about: its session's project, or one the user allowed."""

from __future__ import annotations

import os
from pathlib import Path

from mcp_server.conventions.layout import MARKERS
from mcp_server.errors import UnsafePathError


def project_root(path: str | None) -> Path:
    """Return the folder that `path` means, by default the project of this session.

    The session's project is the nearest folder with a project or a repository at or above
    CLAUDE_PROJECT_DIR, else the launch folder. Raises `UnsafePathError` for a folder outside of
    it and of the folders in HDB_ROOTS: an approved tool must not run what lies elsewhere.
    """
    base = nearest_project(Path(os.environ.get("CLAUDE_PROJECT_DIR") or Path.cwd()))
    if path is None:
        return base
    wanted = (base / path).resolve()
    allowed = [base, *_allowed()]
    if not any(wanted.is_relative_to(one) for one in allowed):
        msg = (
            f"{path} lies outside {base}. To allow it, the user sets HDB_ROOTS to its folder "
            f"(several are separated by {os.pathsep!r}) and restarts the server."
        )
        raise UnsafePathError(msg)
    return wanted


def nearest_project(start: Path) -> Path:
    """Return the nearest folder with a project or a repository at or above `start`, else it."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if any((folder / name).exists() for name in (*MARKERS, ".git")):
            return folder
    return start


def _allowed() -> list[Path]:
    stated = os.environ.get("HDB_ROOTS", "").split(os.pathsep)
    return [Path(one).resolve() for one in stated if one]
