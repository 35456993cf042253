"""Reads the text of a repository's files: regular ones only, and never without a limit."""

from __future__ import annotations

import posixpath
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

LIMIT = 1 << 19
"""How many bytes a file that people write for their tools may have; generated ones have more."""
KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class UnreadableError(ValueError):
    """A file is there, but not as a text that can be read; the message says why."""


def read_text(path: Path, limit: int = LIMIT) -> str | None:
    """Return the text of a regular file, undecodable bytes replaced, or None."""
    try:
        return read_file(path, limit)
    except UnreadableError:
        return None


def read_inside(root: Path, name: str, limit: int = LIMIT) -> str | None:
    """Return the text of a file below `root`, links followed; None where it is elsewhere."""
    try:
        return inside(root, name, limit)
    except UnreadableError:
        return None


@dataclass(slots=True)
class Reader:
    """Reads the files of one repository, each once, and remembers which could not be read."""

    problems: dict[str, str] = field(default_factory=dict)
    """Why a file cannot be read, by its path below the root."""
    shared: dict[object, Any] = field(default_factory=dict)
    """What was computed once for all projects of the repository, by reader and path."""
    _texts: dict[str, str | None] = field(default_factory=dict)

    def text(self, root: Path, name: str, limit: int = LIMIT) -> str | None:
        """Return the text of the file `name` below `root`, None where there is none to read."""
        if name not in self._texts:
            try:
                self._texts[name] = inside(root, name, limit)
            except UnreadableError as error:
                self._texts[name] = None
                self.unreadable(name, str(error))
        return self._texts[name]

    def unreadable(self, name: str, why: str) -> None:
        """Remember that a file cannot be read, or not be understood."""
        self.problems.setdefault(name, why)

    def told(self, without: Collection[str] = ()) -> Iterator[str]:
        """Yield a sentence for each file that could not be read."""
        return (
            f"{name} cannot be read: {why}"
            for name, why in self.problems.items()
            if name not in without
        )


def inside(root: Path, name: str, limit: int = LIMIT, *, strict: bool = False) -> str | None:
    """Return the text of a file below `root`, None where there is none; raise as `read_file`."""
    if "\0" in name or posixpath.isabs(name):
        return None
    try:
        path = (root / name).resolve()
        whole = _resolved(root)
    except (OSError, RuntimeError):
        msg = "its symbolic links lead in a circle"
        raise UnreadableError(msg) from None
    if path.is_relative_to(whole):
        return read_file(path, limit, strict=strict)
    if not posixpath.normpath(name).startswith("..") and path.exists():
        msg = "its link leads outside the project"
        raise UnreadableError(msg)
    return None


@lru_cache(maxsize=64)
def _resolved(root: Path) -> Path:
    return root.resolve()


def read_file(path: Path, limit: int = LIMIT, *, strict: bool = False) -> str | None:
    """Return a file's text, None where there is no file.

    Raises `UnreadableError` where there is one that is no text, or too long; where it is to be
    `strict`, also for bytes that are no UTF-8, which are replaced otherwise.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            msg = f"it is {KINDS.get(stat.S_IFMT(found.st_mode), 'no regular file')}"
            raise UnreadableError(msg)
        if found.st_size > limit:
            msg = f"it has {found.st_size:,} bytes, and hdb reads files of up to {limit:,}"
            raise UnreadableError(msg)
        with path.open("rb") as file:
            content = file.read(limit)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableError(error.strerror or type(error).__name__) from None
    if b"\0" in content:
        msg = "it holds NUL bytes, so it is no text in UTF-8"
        raise UnreadableError(msg)
    try:
        return content.decode("utf-8-sig", errors="strict" if strict else "replace")
    except UnicodeDecodeError as error:
        msg = f"it is not in UTF-8: byte {error.start} is {content[error.start]:#x}"
        raise UnreadableError(msg) from None
