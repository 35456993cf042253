"""Keeps what verifications judged, and how sessions began, in the user's cache folder.

What lies there and is not whole and well formed is as if it were not there; nothing here raises.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from mcp_server.cache import cache_folder
from mcp_server.cache_files import (
    forget_old,
    make_private,
    project_key,
    remove,
    shown_name,
    touched_at,
    write_whole,
)
from mcp_server.snapshot.hashing import UNSETTLED, Index, Known, Snapshot
from mcp_server.snapshot.relevance import is_document, is_source

FORMAT: Final = 1
"""Changes when what is kept changes its form; anything else is not read."""
MOST_PAST = 16
"""How many full batches are remembered by the content they judged, for edits that are undone."""
SESSION_SECONDS = 14 * 24 * 60 * 60
"""How long the beginning of a session is kept that no call came from."""
MOST_SESSIONS = 20
"""How many sessions of a project are kept, so that a large tree does not fill the disk."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Judged(_Kept):
    """What became of a full verification, and what content it stands for.

    `digest` stands for every file that matters, `sources` for Python alone; they are empty where a
    file changed while the checks ran. `documents` says whether documents matter.
    """

    id: str
    verdict: Literal["passed", "failed", "incomplete"]
    summary: str
    failures: int = 0
    """How many findings it has."""
    ended_ns: int
    """When it was kept, in nanoseconds since the epoch."""
    documents: bool = False
    digest: str = ""
    sources: str = ""
    installed: str = ""
    """What was installed in the projects' environments, "" where that was not looked at."""


class Content(_Kept):
    """The content of a folder at a moment, such as when a session began."""

    format: Literal[1]
    root: str
    whole: bool = True
    marks: dict[str, str]

    @property
    def snapshot(self) -> Snapshot:
        """The content alone."""
        return Snapshot(self.marks, self.whole)


class Record(Content):
    """The content that a full verification judged, and what the last ones made of theirs."""

    judged: Judged
    past: tuple[Judged, ...] = ()
    """The full verifications before it, the newest first."""


_Content = TypeVar("_Content", bound=Content)


def digest(snapshot: Snapshot, *, documents: bool) -> str:
    """Return what stands for the content of all files that matter, "" where none can."""
    return _digest(snapshot, (p for p in snapshot.marks if documents or not is_document(p)))


def sources_digest(snapshot: Snapshot) -> str:
    """Return what stands for the content of the Python files alone, "" where none can."""
    return _digest(snapshot, filter(is_source, snapshot.marks))


def keep(root: Path, judged: Judged, snapshot: Snapshot) -> None:
    """Keep what a full verification judged as the project's last, and as its last green one."""
    before = last_full(root)
    past = (before.judged, *before.past)[: MOST_PAST - 1] if before else ()
    judged = judged.model_copy(
        update={
            "digest": digest(snapshot, documents=judged.documents),
            "sources": sources_digest(snapshot),
        }
    )
    record = Record(
        format=FORMAT,
        root=shown_name(root),
        judged=judged,
        past=past,
        whole=snapshot.whole,
        marks=dict(snapshot.marks),
    )
    content = record.model_dump_json(exclude_defaults=True)
    _write(root, "full", content)
    if judged.verdict == "passed":
        _write(root, "green", content)


def last_full(root: Path) -> Record | None:
    """Return what the project's last full verification judged."""
    return _read(root, "full", Record)


def last_green(root: Path) -> Record | None:
    """Return what the project's last full verification that passed judged."""
    return _read(root, "green", Record)


def can_keep() -> bool:
    """Tell whether anything can be kept at all."""
    try:
        make_private(_folder())
    except (OSError, ValueError):
        return False
    return os.access(_folder(), os.R_OK | os.W_OK | os.X_OK)


def keep_beginning(root: Path, session: str, snapshot: Snapshot) -> None:
    """Keep the content of a folder as a session found it."""
    begun = Content(
        format=FORMAT, root=shown_name(root), whole=snapshot.whole, marks=dict(snapshot.marks)
    )
    _write(root, _session(session), begun.model_dump_json(exclude_defaults=True))
    with contextlib.suppress(OSError):
        now = time.time()
        sessions = {
            path: touched_at(path, now)
            for path in _folder().glob(f"{project_key(root)}-session-*.json")
        }
        for number, path in enumerate(sorted(sessions, key=lambda one: -sessions[one])):
            if number >= MOST_SESSIONS or sessions[path] < now - SESSION_SECONDS:
                remove(path)


def beginning(root: Path, session: str) -> Snapshot | None:
    """Return the content of a folder as a session found it, and keep it for longer."""
    begun = _read(root, _session(session), Content)
    if begun is None:
        return None
    with contextlib.suppress(OSError):
        os.utime(_path(root, _session(session)))
    return begun.snapshot


def read_index(root: Path) -> Index:
    """Return what is known of the files below a folder."""
    try:
        content = json.loads(_path(root, "index").read_bytes())
        if content["format"] != FORMAT or content["root"] != shown_name(root):
            return {}
        return {path: _known(entry) for path, entry in content["files"].items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def write_index(root: Path, index: Mapping[str, Known]) -> None:
    """Keep what is known of the files below a folder."""
    content = {"format": FORMAT, "root": shown_name(root), "files": index}
    _write(root, "index", json.dumps(content, separators=(",", ":")))


def _known(entry: list[Any]) -> Known:
    *numbers, mark = entry
    size, modified, changed, inode = numbers
    if not isinstance(mark, str) or any(type(one) is not int for one in numbers):
        raise TypeError(entry)
    return Known(size, modified, changed, inode, mark)


def _digest(snapshot: Snapshot, paths: Iterable[str]) -> str:
    if not snapshot.whole:
        return ""
    found = hashlib.sha256()
    for path in sorted(paths):
        mark = snapshot.marks[path]
        if mark == UNSETTLED:
            return ""
        found.update(f"{path}\0{mark}\0".encode())
    return found.hexdigest()[:32]


def _session(session: str) -> str:
    return f"session-{hashlib.sha256(os.fsencode(session)).hexdigest()[:16]}"


def _read(root: Path, kind: str, model: type[_Content]) -> _Content | None:
    try:
        kept = model.model_validate_json(_path(root, kind).read_bytes(), strict=True)
    except (OSError, ValueError):
        return None
    return kept if kept.root == shown_name(root) else None


def _write(root: Path, kind: str, content: str) -> None:
    # No room, or a folder that refuses: what is not kept is unknown the next time.
    with contextlib.suppress(OSError, ValueError):
        make_private(_folder())
        write_whole(_path(root, kind), content)
        forget_old(_folder())


def _path(root: Path, kind: str) -> Path:
    return _folder() / f"{project_key(root)}-{kind}.json"


def _folder() -> Path:
    return cache_folder() / "trees"
