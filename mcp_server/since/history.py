"""Says of a file's lines which of them a change made, and where the others stood before it."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from mcp_server.change import LONGEST_COMPARED, Change, before
from mcp_server.models import Diagnostic

ALIKE = 0.5
"""The share of its lines that a file still has where it was moved rather than written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a change did to the files that findings are in; paths are relative to the folder.

    `kept` maps, for each file that changed, the lines that it still has to where they stood.
    """

    added: frozenset[str] = frozenset()
    touched: frozenset[str] = frozenset()
    """Every file that is not as it was."""
    kept: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    there: frozenset[str] = frozenset()
    """Every file that the commit has."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """Where files lay at the commit that lie elsewhere now."""

    def is_new(self, path: str) -> bool:
        """Tell whether a file, or all that lies in a folder, was not there at the commit."""
        new = path in self.added or path in _folders(self.added)
        return new and path not in self.moved and not self.was_there(path)

    def was(self, path: str | None) -> str | None:
        """Return where a file lay at the commit, if it was there."""
        return self.moved.get(path, path) if path else path

    def then(self, one: Diagnostic) -> Diagnostic:
        """Return a finding with the names that its file and its test had at the commit."""
        path, separator, rest = (one.test or "").partition("::")
        test = one.test and f"{self.was(path)}{separator}{rest}"
        return replace(one, file=self.was(one.file), test=test)

    def was_there(self, path: str) -> bool:
        """Tell whether the commit has a file, or something in a folder."""
        path = self.moved.get(path, path)
        return path in self.there or path in _folders(self.there)

    def changed(self, file: str, line: int) -> bool:
        """Tell whether the change made a line."""
        if file in self.kept:
            return line not in self.kept[file]
        return file in self.added

    def line(self, file: str, line: int | None) -> int | None:
        """Return where a line stood at the commit, None for one that the change made."""
        return line if line is None or file not in self.kept else self.kept[file].get(line)


def read_history(
    root: Path, change: Change, there: Iterable[str], found: Iterable[Diagnostic]
) -> History:
    """Return what a change did to the files of some findings."""
    named = {path for one in found for path in (one.file, (one.test or "").partition("::")[0])}
    files = {path for path in named if path} & set(change.changed)
    old = before(change, root, files - change.added)
    gone = before(change, root, change.deleted) if files & change.added else {}
    kept, moved = {}, {}
    for path in files:
        try:
            new = (root / path).read_bytes()
        except OSError:
            new = b""
        if path not in change.added:
            kept[path] = kept_lines(old.get(path, b""), new)
            continue
        for origin in _origins(path, new, gone):
            lines = kept_lines(gone[origin], new)
            if len(lines) >= ALIKE * max(1, len(new.splitlines())):
                kept[path], moved[path] = lines, origin
                break
    return History(
        added=change.added,
        touched=frozenset(change.changed),
        kept=kept,
        there=frozenset(there),
        moved=moved,
    )


def _origins(path: str, content: bytes, gone: Mapping[str, bytes]) -> Iterator[str]:
    """Yield where a new file may have lain: what was the same first, then what was called so."""
    yield from (one for one, old in gone.items() if old == content and content)
    name = posixpath.basename(path)
    yield from (one for one in gone if posixpath.basename(one) == name)


@lru_cache(maxsize=4)
def _folders(paths: frozenset[str]) -> frozenset[str]:
    found: set[str] = set()
    for path in paths:
        folder = posixpath.dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return frozenset(found)


def kept_lines(old: bytes, new: bytes) -> dict[int, int]:
    """Return the lines of `new` that are as in `old`, with their places there, both from 1."""
    one, two = old.splitlines(), new.splitlines()
    start, shorter = 0, min(len(one), len(two))
    while start < shorter and one[start] == two[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == two[-1 - end]:
        end += 1
    kept = {line + 1: line + 1 for line in range(start)}
    kept |= {len(two) - line: len(one) - line for line in range(end)}
    old_part, new_part = one[start : len(one) - end], two[start : len(two) - end]
    if max(len(old_part), len(new_part)) <= LONGEST_COMPARED:
        matcher = difflib.SequenceMatcher(None, old_part, new_part, autojunk=False)
        for at, to, size in matcher.get_matching_blocks():
            kept |= {start + to + line + 1: start + at + line + 1 for line in range(size)}
    return kept
