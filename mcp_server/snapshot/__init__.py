"""The content of a folder at a moment, and what is kept of it between calls."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mcp_server.conventions.layout.projects import MARKERS
from mcp_server.snapshot.hashing import UNSETTLED, Snapshot, differing, hash_files
from mcp_server.snapshot.listing import list_files
from mcp_server.snapshot.records import read_index, write_index
from mcp_server.snapshot.relevance import is_configuration, is_source

__all__ = ["Snapshot", "differing", "holds_python", "judged", "take"]

_TURNS: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def take(root: Path) -> Snapshot:
    """Return the content of every file below a folder that git would list.

    Files that were left alone since the last time are not read again. Never raises. A folder
    without Python is not read at all, and empty.
    """
    # Two that ask at once would read everything twice.
    with _TURNS[root]:
        listing = list_files(root)
        if not holds_python(listing.files):
            return Snapshot({}, listing.whole)
        index = read_index(root)
        snapshot, known = hash_files(root, listing, index)
        if known != index:
            write_index(root, known)
        return snapshot


def holds_python(paths: Iterable[str]) -> bool:
    """Tell whether files are those of a Python project: a source, or what marks one."""
    return any(
        (path.endswith(".py") or path.rpartition("/")[2] in MARKERS) and not path.startswith("../")
        for path in paths
    )


def judged(before: Snapshot, after: Snapshot) -> Snapshot:
    """Return the content that a verification judged, of those before and after it ran.

    Sources and configuration that changed in between were perhaps edited while checks read them:
    no content of theirs was judged. Other files are as the run left them, which writes reports.
    """
    marks = dict(after.marks)
    for path in differing(before, after):
        if is_source(path) or is_configuration(path):
            marks[path] = UNSETTLED
    return Snapshot(marks, before.whole and after.whole)
