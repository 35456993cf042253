"""Keeps the last batch of each project in the user's cache folder, for paging and comparison."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import platformdirs

from mcp_server.batch import Previous
from mcp_server.contract import Batch
from mcp_server.grouping import Group

FORMAT = 1
"""Changes when what is kept changes its form; anything else is not read."""


def save(root: Path, batch: Batch, groups: Sequence[Group], kept: Previous) -> None:
    """Keep a batch as the project's last, atomically; a folder that refuses is passed over."""
    members = {
        each.id: [{"id": key, **_lean(asdict(one))} for key, one in each.members] for each in groups
    }
    content = {
        "format": FORMAT,
        "root": str(root),
        "batch": batch.lean(),
        "members": members,
        "runs": sorted(kept.runs),
        "tests": sorted(kept.tests),
    }
    path = _path(root)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".batch-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
                json.dump(content, file, separators=(",", ":"))
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def last_batch(root: Path) -> Batch | None:
    """Return the project's last batch, or None where there is none that can be read."""
    content = _load(root)
    try:
        return Batch.model_validate(content["batch"]) if content else None
    except ValueError:
        return None


def last_members(root: Path, failure: str) -> list[dict[str, Any]] | None:
    """Return every finding of a failure of the last batch, or None where it has no such id."""
    content = _load(root)
    if content is None:
        return None
    members: dict[str, list[dict[str, Any]]] = content["members"]
    return members.get(failure)


def previous(root: Path) -> Previous | None:
    """Return what is known of the project's last batch, for comparison."""
    content = _load(root)
    if content is None:
        return None
    return Previous(
        findings={
            one["id"]: (one["tool"], one.get("test"))
            for each in content["members"].values()
            for one in each
        },
        runs=frozenset((tool, run) for tool, run in content["runs"]),
        tests=frozenset(content["tests"]),
    )


def _load(root: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(_path(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    good = isinstance(content, dict) and content.get("format") == FORMAT
    return content if good and {"batch", "members", "runs", "tests"} <= content.keys() else None


def _path(root: Path) -> Path:
    stated = os.environ.get("HDB_CACHE")
    cache = Path(stated) if stated else platformdirs.user_cache_path("hdb")
    return cache / "batches" / f"{hashlib.sha256(str(root).encode()).hexdigest()[:16]}.json"


def _lean(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
