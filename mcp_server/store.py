"""Keeps the last batches of each project in the user's cache folder, for paging and comparison.

Whatever lies there was perhaps written by another version, cut off, or changed: what is not whole
and well formed is as if it were not there, and nothing here raises.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from mcp_server.batch import Previous
from mcp_server.cache import cache_folder
from mcp_server.contract import Batch
from mcp_server.grouping import Group
from mcp_server.models import Diagnostic

FORMAT: Final = 3
"""Changes when what is kept changes its form; anything else is not read."""
KEPT_BATCHES = 8
"""How many batches of a project are kept, so that a session can page its own beside another's."""
PROJECT_SECONDS = 60 * 24 * 60 * 60
"""How long the batches of a project are kept that nobody verifies any more."""
TEMPORARY_SECONDS = 60 * 60
"""A temporary file this old was left by a process that was killed."""
TEMPORARY = ".batch-"
NAME = re.compile(r"(?P<project>[0-9a-f]{16})-(?P<stamp>\d+)-(?P<scope>[a-z]+)-(?P<id>\w+)\.json")


class State(BaseModel):
    """What is kept of a batch: itself, all that its failures know, and what the next compares."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[3]
    root: str
    batch: Batch
    members: dict[str, list[tuple[str, Diagnostic]]]
    kept: Previous


class _Kept(NamedTuple):
    """A file of the store, told by its name alone; newer ones have a greater `stamp`."""

    stamp: int
    scope: str
    id: str
    path: Path


def save(root: Path, batch: Batch, groups: Sequence[Group], kept: Previous) -> None:
    """Keep a batch as the project's last, atomically; a folder that refuses is passed over."""
    # A name that no encoding can carry, or no room: the batch itself is told all the same.
    with contextlib.suppress(OSError, ValueError):
        members = {each.id: list(each.members) for each in groups}
        state = State(format=FORMAT, root=_name(root), batch=batch, members=members, kept=kept)
        content = state.model_dump_json(by_alias=True, exclude_defaults=True)
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            # What projects print is nobody else's business.
            folder.chmod(0o700)
        before = _files(folder, root)
        stamp = max(time.time_ns(), before[0].stamp + 1 if before else 0)
        path = folder / f"{_project(root)}-{stamp:020}-{batch.scope}-{batch.id}.json"
        _write(path, content)
        _prune(folder, root)


def last_batch(root: Path, name: str | None = None) -> Batch | None:
    """Return the project's last batch, or its batch of that id; None where there is none."""
    states = _states(root, name=name)
    return next((state.batch for state in states if name in {None, state.batch.id}), None)


def last_members(root: Path, failure: str) -> list[dict[str, Any]] | None:
    """Return every finding of a failure of the last batches, or None where none has such an id."""
    for state in _states(root):
        found = state.members.get(failure)
        if found is None:
            # An id that was shown before others came may have been shorter, or longer.
            every = state.members.values()
            like = [each for each in every if failure and each and each[0][0].startswith(failure)]
            found = like[0] if len(like) == 1 else None
        if found:
            return [{"id": key, **_lean(asdict(one))} for key, one in found]
    return None


def previous(root: Path) -> Previous | None:
    """Return what is known of the project's last full batch, for comparison."""
    return next((state.kept for state in _states(root, scope="full")), None)


def _states(root: Path, *, scope: str | None = None, name: str | None = None) -> Iterator[State]:
    """Yield what is kept of a project's batches, the newest first."""
    seen: set[Path] = set()
    while True:
        files = _files(_folder(), root)
        unseen = [each for each in files if each.path not in seen]
        for each in unseen:
            seen.add(each.path)
            if scope not in {None, each.scope} or name not in {None, each.id}:
                continue
            try:
                found = each.path.stat()
                state = _read(each.path, (found.st_ino, found.st_size, found.st_mtime_ns))
            except FileNotFoundError:
                # Another session kept newer ones in the meantime.
                break
            except (OSError, ValueError):
                continue
            if state.root == _name(root) and scope in {None, state.batch.scope}:
                yield state
        else:
            return


@lru_cache(maxsize=1)
def _read(path: Path, _version: tuple[int, int, int]) -> State:
    """Read a file; the last one is remembered, since the pages of a batch are asked for in turn."""
    return State.model_validate_json(path.read_bytes(), strict=True)


def _files(folder: Path, root: Path) -> list[_Kept]:
    """Return the files of a project's batches, the newest first."""
    found = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = NAME.fullmatch(entry.name)
            if match and match["project"] == _project(root) and entry.is_file():
                path = folder / entry.name
                found.append(_Kept(int(match["stamp"]), match["scope"], match["id"], path))
    return sorted(found, reverse=True)


def _write(path: Path, content: str) -> None:
    """Put a file in its place as a whole, readable for its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _prune(folder: Path, root: Path) -> None:
    """Remove what is no longer needed: older batches, untouched projects, temporary files."""
    files = _files(folder, root)
    full = next((each for each in files if each.scope == "full"), None)
    for each in files[KEPT_BATCHES:]:
        # However many batches over targets follow, they are compared with the last full one.
        if each != full:
            _remove(each.path)
    now = time.time()
    projects: dict[str, list[Path]] = defaultdict(list)
    touched: dict[str, float] = defaultdict(float)
    for path in folder.iterdir():
        when = _touched(path, now)
        if path.name.startswith(TEMPORARY):
            if when < now - TEMPORARY_SECONDS:
                _remove(path)
            continue
        project = path.name.partition("-")[0]
        projects[project].append(path)
        touched[project] = max(touched[project], when)
    for project, paths in projects.items():
        if touched[project] < now - PROJECT_SECONDS:
            for path in paths:
                _remove(path)


def _touched(path: Path, now: float) -> float:
    """Return when a file was written; one that has just gone was not left behind."""
    try:
        return path.lstat().st_mtime
    except OSError:
        return now


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _folder() -> Path:
    return cache_folder() / "batches"


def _project(root: Path) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def _name(root: Path) -> str:
    return os.fsencode(root).decode("utf-8", "backslashreplace")


def _lean(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
