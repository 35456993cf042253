"""Holds a history against the main branch: which revisions are new, edited or gone since."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.git import Repository, files_at, merge_base, open_repository, read_blobs
from mcp_server.migrations.finding import finding
from mcp_server.migrations.history import History
from mcp_server.migrations.meaning import edited
from mcp_server.migrations.revision import Revision, read_revision
from mcp_server.models import Diagnostic

SHA1_LENGTH = 40
MARKS = frozenset({"depends_on", "branch_labels"})


@dataclass(frozen=True, slots=True)
class Published:
    """What the main branch holds: its files with their blobs, and the commit in words."""

    repository: Repository
    words: str
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Against:
    """A history held against the main branch: the ids that are new, and what was changed."""

    new: frozenset[str]
    findings: tuple[Diagnostic, ...] = ()


def read_published(root: Path) -> Published | None:
    """Return what the main branch holds below a folder, None without git or a commit."""
    repository = open_repository(root)
    base = merge_base(repository) if repository else None
    if repository is None or base is None:
        return None
    return Published(repository, base.words, files_at(repository, base.commit))


def compare(history: History, published: Published) -> Against:
    """Return what of a history is new, and which published revisions were edited or deleted.

    A revision is known by its id, so that a renamed file is neither new nor deleted.
    """
    here = {one.path: one for one in history.revisions}
    names = {posixpath.basename(path) for path in here}
    inside = {path for path in published.files if history.holds(path)}
    # Where the folder itself was moved, the files still have their names.
    moved = {path for path in published.files if posixpath.basename(path) in names}
    looked = inside or {path for path in moved if path.endswith(".py")}
    blobs = {path: published.files[path] for path in looked}
    same = {
        path
        for path, blob in blobs.items()
        if path in here and _blob(history.texts.get(path, ""), blob) == blob
    }
    known = {here[path].name for path in same}
    contents = read_blobs(published.repository, [blobs[path] for path in looked - same])
    findings: list[Diagnostic] = []
    by_name = {one.name: one for one in history.revisions if one.name is not None}
    for path in sorted(looked - same):
        old = contents.get(blobs[path], b"").decode("utf-8-sig", "replace")
        before = read_revision(path, old)
        if before.name is None:
            continue
        known.add(before.name)
        now = by_name.get(before.name)
        findings += _changed(before, now, old, history, published.words)
    new = frozenset(name for name in by_name if name not in known)
    return Against(new, tuple(findings))


def _changed(
    before: Revision, now: Revision | None, old: str, history: History, words: str
) -> Iterator[Diagnostic]:
    if now is None:
        replaced = next((one for one in history.revisions if one.path == before.path), None)
        if replaced is not None and replaced.fault:
            # The file is there and cannot be read, which is said already.
            return
        said = (
            f"the revision {before.name} is gone, and at {words} it was there: a database that ran "
            "it can neither go on nor back; restore it, and undo it in a revision of its own"
        )
        yield finding("deleted-revision", before.path, None, said, before.name)
        return
    differing = edited(old, history.texts.get(now.path, "")) - MARKS
    if not differing:
        return
    shown = (f"{one}()" if one.endswith("grade") else one or "it" for one in sorted(differing))
    names = ", ".join(shown)
    if differing == {"downgrade"}:
        said = (
            f"its downgrade() differs from {words}: sound where it mends the way back, "
            "since no database has run it for good"
        )
        yield finding("edited-downgrade", now.path, now.line, said, now.name)
        return
    said = (
        f"{names} differs from {words}: databases that ran the revision as it was will not run it "
        "again; restore it, and put the change into a new revision"
    )
    yield finding("edited-revision", now.path, now.line, said, now.name)


def _blob(text: str, like: str) -> str:
    """Return the id that git gives a content; by SHA-256 where the other id is one."""
    content = text.encode()
    data = b"blob %d\0%s" % (len(content), content)
    if len(like) == SHA1_LENGTH:
        return hashlib.sha1(data, usedforsecurity=False).hexdigest()
    return hashlib.sha256(data).hexdigest()
