"""Finds the Python projects below a folder, by their marker files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

MARKERS = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "requirements.txt"})
# Folders whose projects are material, not members: samples, fixtures, what others wrote.
FOREIGN = frozenset(
    "node_modules venv env build dist site-packages __pycache__ docs doc examples example "
    "samples sample tests test testing fixtures testdata templates vendor third_party "
    "downstream benchmarks".split()
)
MAX_DEPTH = 3
"""How many folders below the root a project may lie."""


def find_projects(root: Path) -> tuple[Path, ...]:
    """Return the project folders, the root first where it is one.

    A folder without a marker is a project where it is the root, holds Python files itself or in
    a folder of its own, and nothing below it is a project.
    """
    found = tuple(_search(root, 0, inside=False))
    if not found and _holds_python(root):
        return (root,)
    return found


def is_marked(folder: Path) -> bool:
    """Tell whether a folder says itself that it is a project."""
    return any((folder / name).is_file() for name in MARKERS)


def _search(folder: Path, depth: int, *, inside: bool) -> Iterator[Path]:
    """Yield the projects at and below `folder`; `inside` says that one lies above it."""
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in entries}
    if "pyvenv.cfg" in names:
        return
    marked = names & MARKERS
    # A requirements file alone also stands beside a project's documentation and build scripts.
    alone = marked == {"requirements.txt"} and depth > 0
    if marked and (not alone or (not inside and _holds_python(folder))):
        inside = True
        yield folder
    if depth < MAX_DEPTH:
        for entry in entries:
            named = entry.name.startswith((".", "{{")) or entry.name in FOREIGN
            if not named and entry.is_dir(follow_symlinks=False):
                yield from _search(folder / entry.name, depth + 1, inside=inside)


def _holds_python(folder: Path) -> bool:
    return any(any(folder.glob(pattern)) for pattern in ("*.py", "*/*.py"))
