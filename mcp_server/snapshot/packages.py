"""Takes what is installed in the environments of a project as one short mark."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from mcp_server.repository import Conventions

FOLDERS = ("site-packages", "dist-packages")
MARKED = (".dist-info", ".egg-info", ".egg-link", ".pth")
"""The endings of what an installer leaves for each package, and of what leads elsewhere."""


def installed(conventions: Conventions) -> str:
    """Return what stands for the packages that the projects' checks run with.

    It changes with every package that is installed, removed or installed again. Files that are
    edited inside an installed package change nothing of it.
    """
    found = hashlib.sha256()
    folders = {project.environment.folder for project in conventions.projects}
    for folder in sorted(folders, key=str):
        place = folder or _of_path()
        found.update(f"{folder}\0".encode("utf-8", "backslashreplace"))
        for line in sorted(_packages(place)) if place else ():
            found.update(line)
    return found.hexdigest()[:32]


def _of_path() -> Path | None:
    """Return the folder that the Python of PATH is installed in."""
    program = shutil.which("python3")
    return Path(os.path.realpath(program)).parent.parent if program else None


def _packages(place: Path) -> Iterator[bytes]:
    for library in _entries(place / "lib"):
        for name in FOLDERS:
            for entry in _entries(library / name):
                if entry.suffix not in MARKED:
                    continue
                # A package that is installed again has the same name, and a newer record.
                stated = (entry / "RECORD", entry / "PKG-INFO", entry)
                state = next((one for path in stated if (one := _state(path))), "")
                yield f"{library.name}/{entry.name}\0{state}\n".encode("utf-8", "backslashreplace")


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return ()


def _state(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} {found.st_mtime_ns}"
