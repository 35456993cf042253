"""Shows what is stored of the last batch in the form of the wire contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mcp_server import store
from mcp_server.contract import Batch, FailureDetail, Finding
from mcp_server.conventions.files.reading import read_inside
from mcp_server.errors import UsageError
from mcp_server.paging import read_cursor

CONTEXT_LINES = 4
SOURCE_LIMIT = 1 << 24
"""How many bytes a file may have for the lines around a finding to be shown."""


def failure_detail(root: Path, failure: str) -> FailureDetail:
    """Return a failure of the project's last batch in full.

    Raises `UsageError` where the last batch has no failure of that id.
    """
    batch = store.last_batch(root)
    members = store.last_members(root, failure) if batch else None
    if batch is None or members is None:
        known = ", ".join(one.id for one in batch.failures[:10]) if batch else ""
        why = f"it has {known or 'none'}" if batch else "nothing has been verified there yet"
        msg = f"The last batch of {root} has no failure {failure!r}: {why}."
        raise UsageError(msg)
    findings = tuple(_finding(root, member) for member in members)
    return FailureDetail(schema="hdb.failure/1", id=failure, batch=batch.id, findings=findings)


def stored_batch(root: Path, cursor: str) -> tuple[Batch, int]:
    """Return the batch and the position in it that a cursor means.

    Raises `UsageError` for a cursor of no batch, or of one that has since been replaced.
    """
    name, start = read_cursor(cursor)
    batch = store.last_batch(root, name)
    if batch is None:
        msg = f"Cursor {cursor!r} is not of the last batch of {root}: call verify again."
        raise UsageError(msg)
    return batch, start


def _finding(root: Path, member: dict[str, Any]) -> Finding:
    return Finding(**member, source=_source(root, member.get("file"), member.get("line")))


def _source(root: Path, file: str | None, line: int | None) -> str | None:
    """Return the numbered lines around a place inside the folder, or None."""
    if file is None or line is None:
        return None
    text = read_inside(root, file, SOURCE_LIMIT)
    if text is None:
        return None
    lines = text.splitlines()
    first = max(1, line - CONTEXT_LINES)
    shown = enumerate(lines[first - 1 : line + CONTEXT_LINES], first)
    return "\n".join(
        f"{number:>5}{'>' if number == line else ' '} {text}" for number, text in shown
    )
