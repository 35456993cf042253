"""Holds the content of a tree against what its full verifications judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_server import store
from mcp_server.contract import Batch
from mcp_server.conventions.layout.projects import MARKERS, is_marked
from mcp_server.errors import ProjectNotFoundError
from mcp_server.repository import Conventions
from mcp_server.snapshot import Snapshot, differing, judged, records, take
from mcp_server.snapshot.packages import installed
from mcp_server.snapshot.records import Judged
from mcp_server.snapshot.relevance import is_document, reads_documents


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a tree as it is now.

    `last` is the last full verification; `changed` is what differs from what that one judged, and
    `matter` what of it can make a difference; both are None where that is not known. `judging` is
    the last full verification of the content that there is now, `of_sources` the last one of the
    Python files that there are now.
    """

    now: Snapshot
    last: Judged | None = None
    changed: tuple[str, ...] | None = None
    matter: tuple[str, ...] | None = None
    judging: Judged | None = None
    of_sources: Judged | None = None

    @property
    def verified(self) -> bool:
        """Whether the content that there is now passed when it was judged last."""
        return self.judging is not None and self.judging.verdict == "passed"

    @property
    def sources_verified(self) -> bool:
        """Whether the Python files that there are now passed when they were judged last."""
        return self.of_sources is not None and self.of_sources.verdict == "passed"


def keep_judged(conventions: Conventions, batch: Batch, before: Snapshot) -> None:
    """Keep the content that a full verification judged, taken `before` its checks and now."""
    root = conventions.root
    after = take(root)
    kept = store.last_full(root)
    records.keep(
        root,
        Judged(
            id=batch.id,
            verdict=batch.verdict,
            summary=batch.summary,
            failures=sum(step.failures for step in batch.steps),
            # Never before the batch itself, also where the clock was set back.
            ended_ns=max(time.time_ns(), kept[0] if kept else 0),
            documents=reads_documents(root, conventions, after.marks),
            installed=installed(conventions),
        ),
        judged(before, after),
    )


def standing(root: Path) -> Standing:
    """Return what is known of a project's tree.

    Raises `ProjectNotFoundError` where the folder is missing, is no folder, holds no Python, or is
    a part of a project.
    """
    now = take(root)
    _refuse_other(root, now.marks)
    record = records.last_full(root)
    kept = store.last_full(root)
    if kept is not None and (record is None or kept[0] > record.judged.ended_ns):
        # Another version of hdb verified since, or its record could not be written: whatever the
        # older records say may have been refuted.
        return Standing(now, _unrecorded(root, *kept))
    if record is None:
        return Standing(now)
    changed = tuple(differing(record.snapshot, now))
    past = (record.judged, *record.past)
    flags = {one.documents for one in past}
    whole = {flag: records.digest(now, documents=flag) for flag in flags}
    sources = records.sources_digest(now)
    return Standing(
        now,
        record.judged,
        changed,
        tuple(one for one in changed if record.judged.documents or not is_document(one)),
        _first(past, lambda one: bool(one.digest) and one.digest == whole[one.documents]),
        _first(past, lambda one: bool(one.sources) and one.sources == sources),
    )


def _first(past: Iterable[Judged], fits: Callable[[Judged], bool]) -> Judged | None:
    """Return the newest that fits: what was green may have been red since, over the same files."""
    return next(filter(fits, past), None)


def _unrecorded(root: Path, ended_ns: int, name: str) -> Judged | None:
    batch = store.last_batch(root, name)
    if batch is None:
        return None
    failures = sum(step.failures for step in batch.steps)
    return Judged(
        id=batch.id, verdict=batch.verdict, summary=batch.summary, failures=failures,
        ended_ns=ended_ns,
    )  # fmt: skip


def _refuse_other(root: Path, paths: Iterable[str]) -> None:
    """Refuse what a verification would refuse, too."""
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "is not there"
        msg = f"{root} {what}: name the project's folder."
        raise ProjectNotFoundError(msg)
    if not any(not path.startswith("../") for path in paths):
        msg = f"{root} holds no Python project: no pyproject.toml, setup.py, setup.cfg or .py file."
        raise ProjectNotFoundError(msg)
    if not any(path.rpartition("/")[2] in MARKERS for path in paths if path[:3] != "../"):
        whole = next((folder for folder in root.parents if is_marked(folder)), None)
        if whole is not None:
            msg = f"{root} is part of the project {whole}: name that folder."
            raise ProjectNotFoundError(msg)
