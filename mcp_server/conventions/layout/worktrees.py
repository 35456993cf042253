"""Tells whether a checkout has others beside it that could be meant as well."""

from __future__ import annotations

import os
from pathlib import Path


def has_worktrees(root: Path) -> bool:
    """Tell whether a folder lies in one of several checkouts of a git repository.

    A linked worktree has a file `.git`; the main one keeps a folder for each of the others.
    """
    top = next((one for one in (root, *root.parents) if (one / ".git").exists()), None)
    if top is None:
        return False
    if (top / ".git").is_file():
        return True
    try:
        with os.scandir(top / ".git" / "worktrees") as entries:
            return any(True for _ in entries)
    except OSError:
        return False
