"""Copies a repository's files as they are now, without what git ignores, beside those of a commit.

A run there differs from the one at the commit by the change alone.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

from mcp_server.since.export import MOST_BYTES, PRIVATE, Export
from mcp_server.snapshot.listing import list_files


def copy_present(top: Path, also: Iterable[str], beside: Export, name: str) -> Export | None:
    """Copy what git would list below `top`, and those of the paths `also` that are there.

    The copy lies in the scratch folder of another, which removes it. None where it would be too
    large, or cannot be made.
    """
    listing = list_files(top)
    paths = {path for path in (*listing.files, *also) if not path.startswith("../")}
    copy = beside.scratch / name / top.name
    size = 0
    try:
        copy.mkdir(mode=PRIVATE, parents=True)
        for path in paths:
            place, target = top / listing.places.get(path, path), copy / path
            try:
                state = place.lstat()
            except OSError:
                continue
            size += state.st_size
            if size > MOST_BYTES or not listing.whole:
                return None
            target.parent.mkdir(parents=True, exist_ok=True)
            if stat.S_ISLNK(state.st_mode):
                if place.resolve().is_relative_to(top):
                    target.symlink_to(os.readlink(place))  # noqa: PTH115 - as it was written
            elif stat.S_ISREG(state.st_mode):
                shutil.copyfile(place, target)
                target.chmod(0o755 if state.st_mode & stat.S_IXUSR else 0o644)
    except (OSError, RuntimeError, ValueError):
        return None
    return Export(beside.scratch, copy, copy / beside.root.relative_to(beside.top))
