"""Finds what a listing of git's files does not show: ignored modules, and where links lead."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path


def find_unlisted(root: Path, folders: Iterable[str]) -> tuple[set[str], dict[str, str]]:
    """Return the Python files in the `folders`, ignored ones too, and where links lead to inside.

    Generated modules and a developer's own settings are ignored by git, and imported all the same.
    """
    files: set[str] = set()
    links: dict[str, str] = {}
    whole = os.path.realpath(root)
    for folder in ("", *folders):
        with contextlib.suppress(OSError), os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    target = os.path.relpath(os.path.realpath(entry.path), whole)
                    if not target.startswith("..") and target != path:
                        links[path] = target.replace(os.sep, "/")
                if path.endswith(".py") and entry.is_file():
                    files.add(path)
    return files, links
