"""Keeps the last batches of each project in the user's cache folder, for paging and comparison."""

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

FORMAT = 2
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
        "findings": kept.findings,
        "runs": sorted(kept.runs),
        "tests": sorted(kept.tests),
    }
    path = _path(root, batch.scope)
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


def last_batch(root: Path, name: str | None = None) -> Batch | None:
    """Return the project's last batch, or its batch of that id; None where there is none."""
    for content in _contents(root):
        if name in {None, content["batch"].get("id")}:
            with contextlib.suppress(ValueError):
                return Batch.model_validate(content["batch"])
    return None


def last_members(root: Path, failure: str) -> list[dict[str, Any]] | None:
    """Return every finding of a failure of the last batches, or None where none has such an id."""
    for content in _contents(root):
        members: dict[str, list[dict[str, Any]]] = content["members"]
        if failure in members:
            return members[failure]
        # An id that was shown before others came may have been shorter, or longer.
        like = [each for each in members.values() if failure and each[0]["id"].startswith(failure)]
        if len(like) == 1:
            return like[0]
    return None


def previous(root: Path) -> Previous | None:
    """Return what is known of the project's last full batch, for comparison."""
    content = _load(_path(root, "full"))
    if content is None:
        return None
    return Previous(
        findings={key: (run, test) for key, (run, test) in content["findings"].items()},
        runs=frozenset(content["runs"]),
        tests=frozenset(content["tests"]),
    )


def _contents(root: Path) -> list[dict[str, Any]]:
    """Return what is kept of the last batch over everything and over targets, the newest first."""
    paths = [path for scope in ("full", "targets") if (path := _path(root, scope)).is_file()]
    newest = sorted(paths, key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [content for path in newest if (content := _load(path)) is not None]


def _load(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    wanted = {"batch", "members", "findings", "runs", "tests"}
    good = isinstance(content, dict) and content.get("format") == FORMAT
    return content if good and wanted <= content.keys() else None


def _path(root: Path, scope: str) -> Path:
    stated = os.environ.get("HDB_CACHE")
    cache = Path(stated) if stated else platformdirs.user_cache_path("hdb")
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return cache / "batches" / f"{name}-{scope}.json"


def _lean(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
