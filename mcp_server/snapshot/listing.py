"""Lists every file below a folder that git would list, whatever its kind, as it stands now."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.settings import CONFIGURATION
from mcp_server.conventions.layout.ignored import Rules, parse_rules
from mcp_server.conventions.layout.tree import (
    GENERATED,
    MADE,
    MOST_ENTRIES,
    MOST_FILES,
    is_ignored,
    rules_above,
)
from mcp_server.git import tracked_files

KINDS = frozenset({stat.S_IFREG, stat.S_IFLNK})
"""What git lists; a pipe, a socket or a device has no content to be changed."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a folder with their states, links not followed, the nearest first.

    A path is a text that every encoding can carry; `places` leads to the files whose names are no
    such text. `unlisted` are folders that could not be looked into. `whole` is false where the
    folder holds more than hdb looks at.
    """

    files: dict[str, os.stat_result]
    places: dict[str, str]
    unlisted: tuple[str, ...] = ()
    whole: bool = True


def list_files(root: Path) -> Listing:
    """Return the files below a folder, without what git ignores and tools' own folders.

    Of the folders above, up to the repository's, these are the files from which tools may inherit
    settings, as `../pyproject.toml`. Never raises.

    Unlike `list_tree`, which lists what conventions are read from, this holds data of every kind,
    since tests read it, and folders such as `build` that git does not ignore.
    """
    walk = _Walk(root)
    walk.run()
    walk.take_tracked()
    walk.files |= _settings_above(root)
    return Listing(walk.files, walk.places, tuple(walk.unlisted), walk.whole)


class _Walk:
    """One walk over a tree, breadth first, so that a limit cuts what lies deepest."""

    def __init__(self, root: Path) -> None:
        self.files: dict[str, os.stat_result] = {}
        self.places: dict[str, str] = {}
        self.unlisted: list[str] = []
        self.whole = True
        self._root = str(root)
        self._left = MOST_ENTRIES
        self._queue: deque[tuple[str, tuple[Rules, ...]]] = deque([("", tuple(rules_above(root)))])

    def run(self) -> None:
        while self._queue and self.whole:
            folder, rules = self._queue.popleft()
            try:
                with os.scandir(f"{self._root}/{folder}") as listing:
                    entries = list(itertools.islice(listing, self._left + 1))
            except (OSError, ValueError):
                self.unlisted.append(folder)
                continue
            self._left -= len(entries)
            self._take(folder, entries, rules)
            self.whole = self._left >= 0 and len(self.files) <= MOST_FILES

    def _take(self, folder: str, entries: list[os.DirEntry[str]], rules: tuple[Rules, ...]) -> None:
        """Take over what one folder holds, and remember the folders in it for later."""
        names = {entry.name for entry in entries}
        if folder and (not names.isdisjoint(MADE) or self._is_worktree(folder, names)):
            return
        prefix = f"{folder}/" if folder else ""
        if ".gitignore" in names:
            text = read_text(Path(self._root, prefix, ".gitignore"))
            rules = (parse_rules(text or "", skip=len(prefix)), *rules)
        for entry in entries:
            name, path = entry.name, prefix + entry.name
            try:
                is_folder = entry.is_dir(follow_symlinks=False)
                if _is_made(name) or is_ignored(path, name, rules, folder=is_folder):
                    continue
                if is_folder:
                    self._queue.append((path, rules))
                    continue
                state = entry.stat(follow_symlinks=False)
            except OSError:
                # It has gone in the meantime.
                continue
            if stat.S_IFMT(state.st_mode) in KINDS:
                self._add(path, state)

    def take_tracked(self) -> None:
        """Take what git keeps although it is told to ignore it, or it looks like made by tools."""
        for path in tracked_files(Path(self._root)):
            if path not in self.files:
                with contextlib.suppress(OSError, ValueError):
                    state = Path(self._root, path).lstat()
                    if stat.S_IFMT(state.st_mode) in KINDS:
                        self._add(path, state)

    def _add(self, path: str, state: os.stat_result) -> None:
        shown = path
        if not path.isascii():
            shown = os.fsencode(path).decode("utf-8", "backslashreplace")
            if shown != path:
                self.places[shown] = path
        self.files[shown] = state

    def _is_worktree(self, folder: str, names: set[str]) -> bool:
        """Tell whether a folder is another checkout of the repository."""
        if ".git" not in names:
            return False
        return "/worktrees/" in (read_text(Path(self._root, folder, ".git")) or "")


def _settings_above(root: Path) -> dict[str, os.stat_result]:
    """Return the files of settings above a folder that lies in a repository."""
    found: dict[str, os.stat_result] = {}
    base, inside = root, ""
    while not (base / ".git").exists():
        if base.parent == base:
            return {}
        base, inside = base.parent, f"../{inside}"
        for name in sorted({*CONFIGURATION, "conftest.py"}):
            with contextlib.suppress(OSError):
                state = (base / name).lstat()
                if stat.S_IFMT(state.st_mode) in KINDS:
                    found[inside + name] = state
    return found


def _is_made(name: str) -> bool:
    """Tell whether an entry is what tools make, or a link in its place."""
    return (
        name in GENERATED
        or name in {".coverage", ".DS_Store"}
        or name.endswith((".egg-info", ".dist-info"))
        or name.startswith(".coverage.")
    )
