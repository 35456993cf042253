"""Decides what of a project's tests a verification runs: all, or what a change can reach."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mcp_server import store
from mcp_server.checkers import checkers
from mcp_server.contract import LeftOut
from mcp_server.errors import UsageError
from mcp_server.reach import select
from mcp_server.repository import Command, Conventions, Role
from mcp_server.snapshot import Snapshot, differing, records
from mcp_server.snapshot.packages import installed, led_outside
from mcp_server.snapshot.records import Record

ScopeName: TypeAlias = Literal["full", "affected", "targets"]

MOST_NAMED = 20
"""How many files and folders are named of those that were left out; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What of the tests is run, nearest to the change first, and `why` so much or so little.

    The paths are test files, relative to the verified folder.
    """

    scope: ScopeName
    left_out: tuple[str, ...] = ()
    ordered: tuple[str, ...] = ()
    why: str = ""


def is_affected(scope: str, targets: Sequence[str]) -> bool:
    """Tell whether the scope that a caller names, "" for none, is what a change affects.

    Raises `UsageError` where it contradicts the targets.
    """
    if scope == "targets" and not targets:
        msg = "The scope targets needs at least one target: a file, a folder or a test id."
        raise UsageError(msg)
    if scope in {"full", "affected"} and targets:
        msg = f"The scope {scope} takes no targets: leave out one or the other."
        raise UsageError(msg)
    return scope == "affected"


def affected(conventions: Conventions, now: Snapshot) -> Covered:
    """Return what the changes since the last green full batch can reach.

    Wherever that cannot be told it is everything, and the verification a full one.
    """
    green = records.last_green(conventions.root)
    doubt = _doubt(conventions, green, now)
    if green is None or doubt:
        return Covered("full", why=f"everything was run: {doubt}")
    paths = differing(green.snapshot, now)
    found = select(
        conventions,
        changed=[path for path in paths if path in now.marks],
        deleted=[path for path in paths if path not in now.marks],
    )
    # What failed last may fail again, whatever the reason was.
    failed = _failed_before(conventions)
    again = tuple(one for one in found.left_out if one in failed)
    left_out = tuple(one for one in found.left_out if one not in failed)
    if not left_out:
        why = found.widened or "the change can reach every test"
        return Covered("full", why=f"everything was run: {why}")
    count, batch = len(paths), green.judged.id
    why = f"which {count} change{'s' * (count != 1)} since batch {batch} cannot reach"
    if not count:
        why = f"as nothing changed since batch {batch}, which passed"
    return Covered("affected", left_out, (*again, *found.ordered), why)


def _doubt(conventions: Conventions, green: Record | None, now: Snapshot) -> str:
    """Return why it cannot be told which tests the changes since a green batch reach, or ""."""
    if green is None:
        return "no full batch has passed yet"
    if not now.whole or not green.whole:
        return "the folder holds too many files"
    if not any(one.role is Role.TEST and one.tool in checkers() for one in _commands(conventions)):
        return "no test command can leave tests out"
    if where := led_outside(conventions):
        return f"tests can execute {where}, which lies outside of the folder"
    if not green.judged.installed or green.judged.installed != installed(conventions):
        return f"packages changed since batch {green.judged.id}"
    return ""


def _commands(conventions: Conventions) -> Iterator[Command]:
    return (one for project in conventions.projects for one in project.commands)


def _failed_before(conventions: Conventions) -> set[str]:
    """Return the files of the tests that failed in the last full batch: they may fail again."""
    before = store.previous(conventions.root)
    traces = before.findings.values() if before else ()
    return {one.test.partition("::")[0] for one in traces if one.test}


def told(covered: Covered, conventions: Conventions) -> LeftOut | None:
    """Return what a batch says of the tests that were left out, None where none were."""
    if not covered.left_out:
        return None
    where = list(_shortened(covered))
    return LeftOut(
        files=len(covered.left_out),
        of=len(covered.left_out) + len(covered.ordered),
        where=tuple(where[:MOST_NAMED]),
        more=max(0, len(where) - MOST_NAMED),
        checks=tuple(one.text for one in _commands(conventions) if one.role is Role.COVERAGE),
        why=covered.why,
    )


def _shortened(covered: Covered) -> Iterator[str]:
    """Yield the files that were left out, and in place of all of a folder the folder."""
    kept = {folder for path in covered.ordered for folder in _folders(path)}
    counts = Counter(folder for path in covered.left_out for folder in _folders(path))
    seen: set[str] = set()
    for path in sorted(covered.left_out):
        whole = next((one for one in _folders(path) if one not in kept and counts[one] > 1), "")
        name = f"{whole}/" if whole else path
        if name not in seen:
            seen.add(name)
            yield name


def _folders(path: str) -> list[str]:
    """Return the folders that a file lies in, the widest first."""
    folders = []
    while path := posixpath.dirname(path):
        folders.append(path)
    return folders[::-1]
