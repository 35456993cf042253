"""Remembers the content of a folder when a session began, so that its changes can be told."""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from concurrent.futures import Future
from pathlib import Path

from mcp_server.conventions.layout.projects import is_marked
from mcp_server.snapshot import Snapshot, records, take
from mcp_server.snapshot.hashing import UNSETTLED

CLIENT = "CLAUDE_CODE_SESSION_ID"
FRONT = "HDB_SESSION"
"""What the launcher gives a server that it starts, and starts again when it dies."""
BEGAN = "HDB_BEGAN"
"""When the client started that launcher, in nanoseconds since 1970."""
_PROCESS = secrets.token_hex(8)
_BEGUN: dict[tuple[str, Path], Future[Snapshot]] = {}
_LOCK = threading.Lock()


def begin(root: Path) -> None:
    """Have the content of a project's folder remembered where this session has not seen it yet.

    Returns at once: the files are read in a thread. A folder that does not look like a project,
    such as a home folder that a client was started in, is left alone until somebody asks.
    """
    with contextlib.suppress(OSError):
        if _looks_like_project(root):
            _started(_server_session(), root)


def baseline(root: Path) -> Snapshot:
    """Return the content of a folder when this server's session began, or as it is now."""
    return _started(_server_session(), root).result()


def client_baseline(root: Path) -> Snapshot | None:
    """Return the same on the command line, where only the client's session is one."""
    session = os.environ.get(CLIENT)
    return _started(session, root).result() if session else None


def _server_session() -> str:
    # A client that resumes a session starts another server: what changed in between is not its.
    return os.environ.get(FRONT) or os.environ.get(CLIENT) or _PROCESS


def _started(session: str, root: Path) -> Future[Snapshot]:
    with _LOCK:
        begun = _BEGUN.get((session, root))
        if begun is not None:
            return begun
        begun = _BEGUN[session, root] = Future()
    # It ends with the process, whatever it is reading.
    threading.Thread(target=_fulfil, args=(begun, session, root), daemon=True).start()
    return begun


def _fulfil(begun: Future[Snapshot], session: str, root: Path) -> None:
    try:
        begun.set_result(_beginning(session, root))
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        begun.set_exception(error)


def _beginning(session: str, root: Path) -> Snapshot:
    if session == _PROCESS:
        # Nobody can come back to it.
        return take(root)
    found = records.beginning(root, session)
    if found is not None:
        return found
    now = _as_it_was(root, take(root))
    # The command line knows the client's name of the session alone.
    for name in dict.fromkeys((session, os.environ.get(CLIENT) or session)):
        # Another process of the session may have been quicker.
        first = records.beginning(root, name)
        if first is None:
            records.keep_beginning(root, name, now)
        elif name == session:
            now = first
    return now


def _as_it_was(root: Path, now: Snapshot) -> Snapshot:
    """Return content without what changed since the client started the front of this server.

    The first start of all builds an environment, while the agent may already edit.
    """
    began = os.environ.get(BEGAN, "")
    if not began.isdecimal():
        return now
    marks = dict(now.marks)
    for path in marks:
        with contextlib.suppress(OSError):
            if (root / path).lstat().st_ctime_ns > int(began):
                marks[path] = UNSETTLED
    return Snapshot(marks, now.whole)


def _looks_like_project(root: Path) -> bool:
    if is_marked(root) or (root / ".git").exists():
        return True
    with os.scandir(root) as entries:
        return any(entry.name.endswith(".py") for entry in entries)
