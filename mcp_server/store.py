"""Keeps the last batches of each project in the user's cache folder, for paging and comparison.

Whatever lies there was perhaps written by another version, cut off, or changed: what is not whole
and well formed is as if it were not there, and nothing here raises.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from mcp_server.batch import Previous
from mcp_server.cache import cache_folder
from mcp_server.cache_files import (
    TEMPORARY,
    forget_old,
    make_private,
    project_key,
    remove,
    shown_name,
    write_whole,
)
from mcp_server.contract import Batch
from mcp_server.grouping import Group
from mcp_server.models import Diagnostic

__all__ = [
    "KEPT_BATCHES",
    "TEMPORARY",
    "State",
    "last_batch",
    "last_full",
    "last_members",
    "previous",
    "save",
]

FORMAT: Final = 3
"""Changes when what is kept changes its form; anything else is not read."""
KEPT_BATCHES = 8
"""How many batches of a project are kept, so that a session can page its own beside another's."""
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
        state = State(format=FORMAT, root=shown_name(root), batch=batch, members=members, kept=kept)
        content = state.model_dump_json(by_alias=True, exclude_defaults=True)
        folder = _folder()
        make_private(folder)
        before = _files(folder, root)
        stamp = max(time.time_ns(), before[0].stamp + 1 if before else 0)
        path = folder / f"{project_key(root)}-{stamp:020}-{batch.scope}-{batch.id}.json"
        write_whole(path, content)
        _prune(folder, root)


def last_batch(root: Path, name: str | None = None) -> Batch | None:
    """Return the project's last batch, or its batch of that id; None where there is none."""
    states = _states(root, name=name)
    return next((state.batch for state in states if name in {None, state.batch.id}), None)


def last_full(root: Path) -> tuple[int, str] | None:
    """Return when the project's last full batch was kept, in ns since the epoch, and its id.

    It is told by the name of a file alone, whose content may turn out not to be whole.
    """
    files = _files(_folder(), root)
    return next(((each.stamp, each.id) for each in files if each.scope == "full"), None)


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
            if state.root == shown_name(root) and scope in {None, state.batch.scope}:
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
            if match and match["project"] == project_key(root) and entry.is_file():
                path = folder / entry.name
                found.append(_Kept(int(match["stamp"]), match["scope"], match["id"], path))
    return sorted(found, reverse=True)


def _prune(folder: Path, root: Path) -> None:
    """Remove what is no longer needed: older batches, untouched projects, temporary files."""
    files = _files(folder, root)
    full = next((each for each in files if each.scope == "full"), None)
    for each in files[KEPT_BATCHES:]:
        # However many batches over targets follow, they are compared with the last full one.
        if each != full:
            remove(each.path)
    forget_old(folder)


def _folder() -> Path:
    return cache_folder() / "batches"


def _lean(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
