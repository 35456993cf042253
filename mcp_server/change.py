"""Says what of a project's files a change touches: against a commit, or since the last green."""

from __future__ import annotations

import difflib
import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.errors import UsageError
from mcp_server.git import (
    LINK,
    MODULE,
    SHORT,
    Base,
    Entry,
    Repository,
    commit_of,
    entries_at,
    merge_base,
    open_repository,
    read_blobs,
)
from mcp_server.snapshot import differing, records, take
from mcp_server.snapshot.listing import list_files
from mcp_server.snapshot.relevance import is_source

LONGEST_COMPARED = 4_000
"""Lines that are compared one by one; of a longer stretch all count as changed."""
SHA1_LENGTH = 40
"""Characters of an id in a repository that names its objects by SHA-1; others use SHA-256."""


@dataclass(frozen=True, slots=True)
class Change:
    """What differs below a folder from how it was at `base`, which `words` name.

    Paths are relative to the folder: `changed` are there now, sources first, those in `added`
    were not there before; `deleted` are gone. Without a commit to hold it against `base` is None,
    and nothing is known of the contents before.
    """

    base: str | None
    words: str
    changed: tuple[str, ...] = ()
    added: frozenset[str] = frozenset()
    deleted: tuple[str, ...] = ()


BASE = "base"
"""How a caller names the commit where the work parted from the main branch."""


def read_base(root: Path, ref: str) -> Base:
    """Return the commit that a caller names. Raises `UsageError` where there is none."""
    repository = open_repository(root)
    if repository is None:
        msg = f"{root} is in no git repository that can be read: since {ref!r} means nothing."
        raise UsageError(msg)
    base = merge_base(repository) if ref == BASE else _named(repository, ref)
    if base is None:
        msg = f"The repository {repository.top} has no commit yet: since {ref!r} means nothing."
        raise UsageError(msg)
    if base.doubt:
        msg = f"Where the branch parted is not known, as {base.doubt}."
        raise UsageError(msg)
    return base


def read_change(root: Path, ref: str | None = None) -> Change:
    """Return what changed since a commit, by default since the work parted from the main branch.

    Without a repository it is what changed since the last green batch, else every file. Raises
    `UsageError` for a `ref` that no commit has.
    """
    if ref is not None:
        read_base(root, ref)
    repository = open_repository(root)
    if repository is None:
        return _since_green(root)
    base = merge_base(repository) if ref in {None, BASE} else _named(repository, str(ref))
    if base is None:
        files = _sorted(_listed(root))
        return Change(None, "all files: the repository has no commit", files, frozenset(files))
    return _against(repository, base)


def before(change: Change, root: Path, paths: Iterable[str]) -> dict[str, bytes]:
    """Return the contents at the base of those of the paths that were there."""
    repository = open_repository(root)
    if repository is None or change.base is None:
        return {}
    entries = entries_at(repository, change.base)
    asked = {path: entries[path].blob for path in paths if path in entries}
    contents = read_blobs(repository, asked.values())
    return {path: contents[blob] for path, blob in asked.items() if blob in contents}


def changed_lines(old: bytes | None, new: bytes) -> frozenset[int]:
    """Return the lines of `new`, counted from 1, that are not as in `old`."""
    one, two = (old or b"").splitlines(), new.splitlines()
    start, shorter = 0, min(len(one), len(two))
    while start < shorter and one[start] == two[start]:
        start += 1
    end = 0
    while end < shorter - start and one[-1 - end] == two[-1 - end]:
        end += 1
    old_part, new_part = one[start : len(one) - end], two[start : len(two) - end]
    if max(len(old_part), len(new_part)) > LONGEST_COMPARED:
        return frozenset(range(start + 1, start + len(new_part) + 1))
    matcher = difflib.SequenceMatcher(None, old_part, new_part, autojunk=False)
    return frozenset(
        start + line + 1
        for kind, _, _, first, last in matcher.get_opcodes()
        if kind != "equal"
        for line in range(first, last)
    )


def _named(repository: Repository, ref: str) -> Base:
    commit = commit_of(repository, ref)
    if commit is None:
        msg = f"{ref!r} is no commit of {repository.top}: name a branch, a tag or a commit's id."
        raise UsageError(msg)
    short = commit[:SHORT]
    return Base(commit, f"commit {short}" if commit.startswith(ref) else f"{ref} ({short})")


def _since_green(root: Path) -> Change:
    now = take(root)
    green = records.last_green(root)
    if green is None:
        files = _sorted(_inside(now.marks))
        said = "all files: there is no git repository, and no full batch has passed yet"
        return Change(None, said, files, frozenset(files))
    was = green.snapshot.marks
    differs = list(_inside(differing(green.snapshot, now)))
    changed = tuple(path for path in differs if path in now.marks)
    return Change(
        None,
        f"since batch {green.judged.id}, the last that passed",
        changed,
        frozenset(path for path in changed if path not in was),
        tuple(path for path in differs if path not in now.marks),
    )


def _against(repository: Repository, base: Base) -> Change:
    entries = entries_at(repository, base.commit)
    modules = tuple(f"{path}/" for path, one in entries.items() if one.mode == MODULE)
    there = {path: one for path, one in entries.items() if one.mode != MODULE}
    root, changed, deleted = repository.root, [], []
    sha256 = len(base.commit) > SHA1_LENGTH
    for path in {*there, *_listed(root)}:
        if modules and path.startswith(modules):
            continue
        state = _state(root / path)
        if state is None:
            deleted.append(path)
        elif path not in there or not _same(root / path, state, there[path], sha256=sha256):
            changed.append(path)
    added = frozenset(path for path in changed if path not in there)
    return Change(
        base.commit,
        f"since {base.words}{f'; {base.doubt}' if base.doubt else ''}",
        _sorted(changed),
        added,
        _sorted(path for path in deleted if path in there),
    )


def _listed(root: Path) -> Iterable[str]:
    return _inside(list_files(root).files)


def _inside(paths: Iterable[str] | Mapping[str, object]) -> Iterable[str]:
    return (path for path in paths if not path.startswith("../"))


def _sorted(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(paths, key=lambda path: (not is_source(path), path)))


def _state(path: Path) -> os.stat_result | None:
    """Return what lies at a path, None for nothing and for what git does not keep."""
    try:
        state = path.lstat()
    except OSError:
        return None
    kept = stat.S_ISREG(state.st_mode) or stat.S_ISLNK(state.st_mode)
    return state if kept else None


def _same(path: Path, state: os.stat_result, entry: Entry, *, sha256: bool) -> bool:
    """Tell whether a file is as a commit has it, by git's own names of contents."""
    linked = stat.S_ISLNK(state.st_mode)
    if linked != (entry.mode == LINK):
        return False
    runs = bool(state.st_mode & stat.S_IXUSR)
    if not linked and runs != (entry.mode == "100755"):
        return False
    try:
        content = os.fsencode(path.readlink()) if linked else path.read_bytes()
    except OSError:
        return False
    if _blob(content, sha256=sha256) == entry.blob:
        return True
    # With `core.autocrlf` the lines in the work tree end otherwise than in the repository.
    plain = content.replace(b"\r\n", b"\n")
    return plain != content and _blob(plain, sha256=sha256) == entry.blob


def _blob(content: bytes, *, sha256: bool) -> str:
    text = b"blob %d\0%s" % (len(content), content)
    # The name that git gives a content, and no safeguard.
    digest = hashlib.sha256(text) if sha256 else hashlib.sha1(text, usedforsecurity=False)
    return digest.hexdigest()
