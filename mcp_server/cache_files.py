"""Writes and forgets hdb's files in the user's cache folder, each named after its project."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

PROJECT_SECONDS = 60 * 24 * 60 * 60
"""How long what is kept of a project stays that nobody verifies any more."""
TEMPORARY_SECONDS = 60 * 60
"""A temporary file this old was left by a process that was killed."""
TEMPORARY = ".batch-"


def project_key(root: Path) -> str:
    """Return what the names of a project's files begin with, before a "-"."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def shown_name(root: Path) -> str:
    """Return a folder's name as a text that every encoding can carry."""
    return os.fsencode(root).decode("utf-8", "backslashreplace")


def make_private(folder: Path) -> None:
    """Make a folder that only its owner may read; raises `OSError` where there can be none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        # What projects print is nobody else's business.
        folder.chmod(0o700)


def write_whole(path: Path, content: str) -> None:
    """Put a file in its place as a whole, readable for its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def forget_old(folder: Path) -> None:
    """Remove the files of projects that nobody touched for long, and old temporary files."""
    now = time.time()
    projects: dict[str, list[Path]] = defaultdict(list)
    touched: dict[str, float] = defaultdict(float)
    for path in folder.iterdir():
        when = touched_at(path, now)
        if path.name.startswith(TEMPORARY):
            if when < now - TEMPORARY_SECONDS:
                remove(path)
            continue
        project = path.name.partition("-")[0]
        projects[project].append(path)
        touched[project] = max(touched[project], when)
    for project, paths in projects.items():
        if touched[project] < now - PROJECT_SECONDS:
            for path in paths:
                remove(path)


def touched_at(path: Path, now: float) -> float:
    """Return when a file was written; one that has just gone was not left behind."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return now


def remove(path: Path) -> None:
    """Remove a file, if that can be done."""
    with contextlib.suppress(OSError):
        path.unlink()
