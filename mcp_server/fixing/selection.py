"""Tells which files a fix is asked about: those of the change, the named ones, or all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcp_server.change import read_base, read_change
from mcp_server.errors import UsageError
from mcp_server.targets import read_targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The files that were asked about, in words and one by one.

    `files` and `folders` are paths below the root; `everything` needs none. `named` are files that
    the caller named outright, `tracked` those of a change, which git knows.
    """

    words: str
    everything: bool = False
    files: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    tracked: frozenset[str] = frozenset()

    def takes(self, file: str) -> bool:
        """Tell whether a file was asked about."""
        return (
            self.everything
            or file in self.files
            or any(file.startswith(f"{folder}/") for folder in self.folders)
        )


def refuse(root: Path, targets: Sequence[str], *, everything: bool, since: str | None) -> None:
    """Refuse targets that are none, and questions that exclude each other, before any waiting."""
    asked = [bool(targets), everything, since is not None]
    if sum(asked) > 1:
        msg = "Name files and folders, or ask for all, or for what changed since a commit: one."
        raise UsageError(msg)
    _named(root, targets)
    if since is not None:
        read_base(root, since)


def select(root: Path, targets: Sequence[str], *, everything: bool, since: str | None) -> Selection:
    """Return which files are asked about, by default those that the work has changed.

    Raises `HdbError` for targets that are gone since `refuse` saw them.
    """
    if everything:
        return Selection(words="all files", everything=True)
    if targets:
        return _named(root, targets)
    change = read_change(root, since)
    files = frozenset(change.changed)
    return Selection(words=f"changed files: {change.words}", files=files, tracked=files)


def _named(root: Path, texts: Sequence[str]) -> Selection:
    targets = read_targets(root, texts)
    for text, one in zip(dict.fromkeys(texts), targets, strict=True):
        if one.node:
            msg = f"{text} is a test: name the file that holds it, {one.path}."
            raise UsageError(msg)
    if any(one.path == "." for one in targets):
        return Selection(words="all files", everything=True)
    files = tuple(one.path for one in targets if not one.is_folder)
    folders = tuple(one.path for one in targets if one.is_folder)
    return Selection(words="the files named", files=frozenset(files), folders=folders, named=files)
