"""Reads the text of files, never one that is no regular file, and never without a limit."""

from __future__ import annotations

import posixpath
from pathlib import Path

LIMIT = 1 << 24
"""How many bytes of a file are read; no file that people write for their tools is larger."""


def read_text(path: Path) -> str | None:
    """Return the text of a regular file, undecodable bytes replaced, or None."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(LIMIT).decode("utf-8", errors="replace")
    except OSError:
        return None


def read_inside(root: Path, name: str) -> str | None:
    """Return the text of a file below `root`, links followed; None where it is elsewhere."""
    if "\0" in name or posixpath.isabs(name):
        return None
    try:
        path = (root / name).resolve()
    except (OSError, RuntimeError):
        return None
    return read_text(path) if path.is_relative_to(root.resolve()) else None
