"""Finds the files of a project that a pattern of make names, without leaving the project."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from mcp_server.conventions.shell.words import UNKNOWN

Listing = Callable[[str], frozenset[str]]
"""Gives the names in a folder, relative to the root; those of folders end with `/`."""
MAX_ENTRIES = 10_000
"""How many names of one folder are read."""
MAX_FOLDERS = 100
"""How many folders are looked into for one Makefile."""
MAGIC = re.compile(r"[*?\[]")


def list_folders(root: Path) -> Listing:
    """Return what lists the folders below `root`, links followed inside it, each read once.

    After `MAX_FOLDERS` folders, and where one cannot be read, there are no names.
    """
    known: dict[str, frozenset[str]] = {}

    def listed(folder: str) -> frozenset[str]:
        if folder not in known:
            known[folder] = _names(root, folder) if len(known) < MAX_FOLDERS else frozenset()
        return known[folder]

    return listed


def _names(root: Path, folder: str) -> frozenset[str]:
    try:
        path = (root / folder).resolve()
        if not path.is_relative_to(root.resolve()):
            return frozenset()
        with os.scandir(path) as entries:
            return frozenset(
                f"{one.name}/" if one.is_dir() else one.name for one in islice(entries, MAX_ENTRIES)
            )
    except (OSError, RuntimeError, ValueError):
        return frozenset()


def wildcard(patterns: str, folder: str, listing: Listing) -> str:
    """Return the names that exist for the patterns, which are relative to `folder`.

    It is `UNKNOWN` for a pattern outside of the project.
    """
    found: list[str] = []
    for pattern in patterns.split():
        inside = posixpath.normpath(posixpath.join(folder, pattern))
        if pattern.startswith(("/", "~")) or inside.startswith(".."):
            return UNKNOWN
        found += _matching(pattern, folder, listing)
    return " ".join(found)


def exists(name: str, folder: str, listing: Listing) -> bool:
    """Tell whether a file or folder of that name exists, relative to `folder`."""
    return bool(_matching(_literally(name), folder, listing))


def _literally(name: str) -> str:
    """Return a pattern that only `name` matches."""
    return MAGIC.sub(lambda match: f"[{match[0]}]", name)


def _matching(pattern: str, folder: str, listing: Listing) -> list[str]:
    *parents, last = pattern.rstrip("/").split("/")
    wants_folder = pattern.endswith("/")
    prefixes = [""]
    for part in parents:
        prefixes = [
            f"{prefix}{name}/"
            for prefix in prefixes
            for name, is_folder in _entries(part, posixpath.join(folder, prefix), listing)
            if is_folder
        ][:MAX_FOLDERS]
    return [
        f"{prefix}{name}{'/' if wants_folder else ''}"
        for prefix in prefixes
        for name, is_folder in _entries(last, posixpath.join(folder, prefix), listing)
        if is_folder or not wants_folder
    ]


def _entries(part: str, folder: str, listing: Listing) -> list[tuple[str, bool]]:
    """Return the names in a folder that one part of a pattern matches, and which are folders."""
    if part in {"", ".", ".."}:
        return [(part, True)]
    names = listing(posixpath.normpath(folder))
    if not MAGIC.search(part):
        return [(part, f"{part}/" in names)] if {part, f"{part}/"} & names else []
    matches = re.compile(fnmatch.translate(part)).match
    bare = sorted((name.rstrip("/"), name.endswith("/")) for name in names)
    hidden = part.startswith(".")
    return [one for one in bare if matches(one[0]) and hidden == one[0].startswith(".")]
