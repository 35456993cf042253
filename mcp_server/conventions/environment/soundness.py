"""Judges by its files whether an environment can be used, and says what is wrong with it."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from mcp_server.conventions.environment.installed import base_folder
from mcp_server.conventions.files.reading import read_text

SHEBANG = re.compile(rb"^#!\s*(/[^\n]*/python[\d.]*)[ \t]*\r?\n")
MOST_SCRIPTS = 40
"""How many commands are looked at to tell which Python they start; all start the same one."""


def is_environment(folder: Path) -> bool:
    """Tell whether a folder is meant to be an environment, sound or not."""
    if (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir():
        return True
    # Other names also stand for packages and for folders of settings.
    return folder.name == ".venv" and folder.is_dir()


def damage(folder: Path) -> str | None:
    """Return what is wrong with an environment's folder, None where nothing is seen to be."""
    if not (folder / "bin").is_dir() and (folder / "Scripts").is_dir():
        return "it was made on Windows (it has Scripts and no bin), so it cannot serve here"
    conda = (folder / "conda-meta").is_dir()
    if not conda and not (folder / "pyvenv.cfg").is_file():
        return "it has no pyvenv.cfg, so it is no whole environment and must be made again"
    if not _exists(folder / "bin" / "python"):
        return "its Python is gone, so it must be made again"
    home = base_folder(read_text(folder / "pyvenv.cfg") or "")
    if home is not None and home.is_absolute() and not _exists(home):
        return f"the Python it was made from ({home}) is gone, so it must be made again"
    starts = list(itertools.islice(_interpreters(folder), MOST_SCRIPTS))
    if starts and not any(_is_in(python, folder) for python in starts):
        made_for = Path(starts[0]).parent.parent
        return f"it was moved: its commands start the Python of {made_for}; make it again"
    return None


def _interpreters(folder: Path) -> Iterator[str]:
    """Yield the Pythons that the commands of an environment start."""
    try:
        with os.scandir(folder / "bin") as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        try:
            if entry.is_file() and not entry.is_symlink():
                with Path(entry.path).open("rb") as file:
                    start = SHEBANG.match(file.read(512))
                if start:
                    yield os.fsdecode(start[1])
        except OSError:
            continue


def _is_in(python: str, folder: Path) -> bool:
    """Tell whether a Python is the environment's, by its place or where that really is."""
    place = Path(python).parent
    try:
        return place == folder / "bin" or place.resolve() == (folder / "bin").resolve()
    except (OSError, RuntimeError):
        return False


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
