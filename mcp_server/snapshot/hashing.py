"""Takes the content of a folder's files as short marks, reading only what may have changed."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mcp_server.snapshot.listing import Listing
from mcp_server.snapshot.relevance import is_source

HASH_BYTES = 16
"""Enough that two contents never share a mark by chance."""
LARGE = 8 << 20
"""Bytes above which a file is known by its state alone; sources and fixtures are far smaller."""
MOST_READ = 512 << 20
"""Bytes that are read at once, about a second; further data is known by its state alone."""
SETTLED_NS = 2_000_000_000
"""How long before it is read a file must have been left alone for its state to stand for it.

A file that is written twice within the clock's granularity has the same state with another
content; the coarsest file systems count in steps of two seconds.
"""
UNSETTLED = ""
"""The mark of a file that changed while checks ran: no content of it was judged."""


class Known(NamedTuple):
    """What was read of a file, and the state in which it was."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    mark: str


Index = Mapping[str, Known]
"""What is known of the files below a folder, by path."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a folder at a moment: a mark for each path, equal where the content is.

    `whole` is false where the folder holds more than hdb looks at, so that nothing can be said.
    """

    marks: Mapping[str, str]
    whole: bool = True


def differing(first: Snapshot, second: Snapshot) -> list[str]:
    """Return the paths whose content is not the same in both, sources first, then by name."""
    one, two = first.marks, second.marks
    found = [path for path, mark in one.items() if mark == UNSETTLED or two.get(path) != mark]
    found += [path for path in two if path not in one]
    return sorted(found, key=lambda path: (not is_source(path), path))


def hash_files(root: Path, listing: Listing, index: Index) -> tuple[Snapshot, dict[str, Known]]:
    """Return the content of the listed files, and what is known of them from now on.

    Whatever cannot be read is known by its state; nothing here raises or waits for a writer.
    """
    taking = _Taking(root, listing.places)
    known: dict[str, Known] = {}
    marks: dict[str, str] = {}
    for path, state in listing.files.items():
        before = index.get(path)
        if before is not None and before[:4] == _state(state):
            known[path], marks[path] = before, before.mark
            continue
        marks[path] = mark = taking.mark(path, state)
        settled = max(state.st_mtime_ns, state.st_ctime_ns) + SETTLED_NS <= taking.began
        # A link's own state says nothing of what lies where it leads.
        if settled and stat.S_ISREG(state.st_mode):
            known[path] = Known(*_state(state), mark)
    for folder in listing.unlisted:
        marks[f"{folder or '.'}/"] = taking.by_state(folder)
    return Snapshot(marks, listing.whole), known


def _state(state: os.stat_result) -> tuple[int, int, int, int]:
    return (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)


class _Taking:
    """One taking of a folder's content, which reads no more than `MOST_READ` bytes of data."""

    def __init__(self, root: Path, places: Mapping[str, str]) -> None:
        self.began = time.time_ns()
        self._root = os.path.realpath(root)
        self._places = places
        self._left = MOST_READ

    def mark(self, path: str, state: os.stat_result) -> str:
        """Return the mark of a file in a given state."""
        place = f"{self._root}/{self._places.get(path, path)}"
        try:
            if stat.S_ISLNK(state.st_mode):
                return self._link(place)
            if state.st_size > LARGE or (state.st_size > self._left and not is_source(path)):
                return _by_state(state)
            self._left -= state.st_size
            content = _read(place)
        except (OSError, ValueError):
            return _by_state(state)
        # A script that loses its permission to run breaks the tests that start it.
        runs = "x" if state.st_mode & stat.S_IXUSR else ""
        return _by_state(state) if content is None else _digest(content) + runs

    def by_state(self, folder: str) -> str:
        """Return the mark of a folder that cannot be looked into."""
        try:
            return _by_state(os.stat(f"{self._root}/{folder}"))  # noqa: PTH116 - any bytes
        except (OSError, ValueError):
            return "gone"

    def _link(self, place: str) -> str:
        """Return the mark of a link: where it leads, and what lies there if that is outside."""
        content = os.fsencode(Path(place).readlink())
        target = os.path.realpath(place)
        inside = f"{self._root}/".replace("//", "/")
        if not target.startswith(inside) and os.path.isfile(target):  # noqa: PTH113 - any bytes
            content += b"\0" + (_read(target) or b"")
        return f"link {_digest(content)}"


def _read(place: str) -> bytes | None:
    """Return the content of a regular file, None where it is something else or large."""
    # Opening a pipe would wait for its writer without O_NONBLOCK.
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGE:
            return None
        content = file.read(found.st_size + 1)
        while len(content) <= LARGE and (more := file.read(LARGE)):
            content += more
    return content


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=HASH_BYTES).hexdigest()


def _by_state(state: os.stat_result) -> str:
    return f"state {_digest(repr(_state(state)).encode())}"
