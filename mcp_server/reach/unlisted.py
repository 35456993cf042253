"""Finds what a listing of git's files does not show: ignored modules, and where links lead."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.layout.tree import GENERATED, MADE

MOST = 5_000
"""Python files that are read in one folder which git ignores; more are hardly a project's own."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The Python `files` in listed folders, where `links` lead, and `folders` that are not listed.

    Generated modules and a developer's own settings are ignored by git, and imported all the same.
    """

    files: frozenset[str]
    links: dict[str, str]
    folders: tuple[str, ...]


def find_unlisted(root: Path, folders: Iterable[str]) -> Unlisted:
    """Return what lies in the listed `folders` beside what git lists."""
    listed = frozenset(folders)
    files: set[str] = set()
    links: dict[str, str] = {}
    others: list[str] = []
    whole = os.path.realpath(root)
    for folder in ("", *listed):
        with contextlib.suppress(OSError), os.scandir(root / folder) as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_symlink():
                    target = os.path.relpath(os.path.realpath(entry.path), whole)
                    if not target.startswith("..") and target != path:
                        links[path] = target.replace(os.sep, "/")
                if path.endswith(".py") and entry.is_file():
                    files.add(path)
                elif path not in listed and _may_hold_modules(entry):
                    others.append(path)
    return Unlisted(frozenset(files), links, tuple(sorted(others)))


def modules_in(root: Path, folders: Iterable[str], named: Container[str]) -> tuple[set[str], str]:
    """Return the Python files in unlisted folders that are `named`, with a problem.

    Such a folder is what a name stands for, or holds it and lies on the search path.
    Environments, installed packages and what tools make are no modules of the project. The
    problem, else "", says which folder holds too many.
    """
    found: set[str] = set()
    for folder in folders:
        if folder.rpartition("/")[2] not in named and not _holds(root / folder, named):
            continue
        inside: set[str] = set()
        for place, below, names in os.walk(root / folder):
            if MADE.isdisjoint(names):
                below[:] = [one for one in below if one.isidentifier() and one not in GENERATED]
            else:
                below.clear()
                continue
            at = os.path.relpath(place, root).replace(os.sep, "/")
            inside.update(f"{at}/{one}" for one in names if one.endswith(".py"))
            if len(inside) > MOST:
                return found, f"{folder}, from which a file imports, holds too many modules"
        found |= inside
    return found, ""


def _holds(folder: Path, named: Container[str]) -> bool:
    """Tell whether a folder holds a module or package of one of the names."""
    try:
        return any(one.name.removesuffix(".py") in named for one in folder.iterdir())
    except OSError:
        return False


def _may_hold_modules(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name.isidentifier()
        and entry.name not in GENERATED
        and entry.is_dir(follow_symlinks=False)
    )
