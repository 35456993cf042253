"""Finds modules of a project that git ignores, which no copy of a commit has."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from mcp_server.since.history import History

MODULES = (".py", ".pyi", ".so", ".pyd")
OUTPUT = frozenset({"node_modules", "__pycache__", "build", "dist", "site-packages"})
MOST_FOLDERS = 20_000


def ignored_module(root: Path, history: History) -> str | None:
    """Return a module below a folder that git ignores, None where there is none.

    Environments, hidden folders and what builds put out do not count.
    """
    listed = history.there | history.added
    for folder, folders, files in islice(os.walk(root), MOST_FOLDERS):
        if "pyvenv.cfg" in files:
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if _is_looked_into(one, folder))
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)  # noqa: PTH118 - many files
            if name.endswith(MODULES) and path not in listed:
                return path
    return None


def _is_looked_into(name: str, folder: str) -> bool:
    apart = name.startswith(".") or name.endswith(".egg-info") or name in OUTPUT
    return not apart and not os.path.islink(os.path.join(folder, name))  # noqa: PTH114,PTH118 - many
