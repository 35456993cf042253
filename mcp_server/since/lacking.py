"""Adds to a copy of a commit what the working tree has beside it, for tests that may need that."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.layout.tree import GENERATED, MADE
from mcp_server.git import LINK, MODULE, REGULAR, Entry, Repository, commit_of, entries_at
from mcp_server.since.export import POINTER, write_commit
from mcp_server.snapshot.listing import KINDS, list_files

OID = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
LARGEST_POINTER = 1024
"""Bytes; git LFS itself reads no larger file as one."""
MOST_ADDED = 100_000_000
"""Bytes of what git ignores that are copied; more is data that a test may need, or not."""
MOST_FOLDERS = 20_000


def complete(top: Path, commit: str, copy: Path, *, most: int = MOST_ADDED) -> str | None:
    """Add to a copy of a commit what only the working tree has; return what could not be added.

    These are files that git ignores, but for caches and environments, the commit's own state of
    submodules, and the contents for which git LFS left pointers. Links stay links, those into the
    working tree lead into the copy. `most` are bytes. Raises `OSError` where one cannot be read.
    """
    entries = entries_at(Repository(top, top), commit)
    modules = {path: one.blob for path, one in entries.items() if one.mode == MODULE}
    refused = _add_contents(top, copy, entries)
    for path, inner in modules.items():
        refused = refused or _add_module(top / path, inner, copy / path, path, most)
    paths = _ignored(top, entries, modules)
    if refused or paths is None:
        return refused or "a folder that holds more than hdb looks at"
    size = 0
    for path in paths:
        place, target = top / path, copy / path
        state = place.lstat()
        if os.path.lexists(target) or stat.S_IFMT(state.st_mode) not in KINDS:
            continue
        size += state.st_size
        if size > most:
            return f"more than {most // 1_000_000} MB that git ignores"
        target.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(state.st_mode):
            _link(place, target, top, copy)
        else:
            shutil.copyfile(place, target)
            target.chmod(0o755 if state.st_mode & stat.S_IXUSR else 0o644)
    return None


def _add_module(folder: Path, commit: str, copy: Path, path: str, most: int) -> str | None:
    """Write a submodule as it was; one that is empty today is no reason for a failure either."""
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    if commit_of(Repository(folder, folder), commit) is None:
        return f"the submodule {path}"
    _, refused = write_commit(folder, commit, copy)
    return refused or complete(folder, commit, copy, most=most)


def _link(place: Path, target: Path, top: Path, copy: Path) -> None:
    """Make a link that leads where another one does, into the copy where it leads into the tree."""
    leads = Path(os.path.normpath(place.parent / place.readlink()))
    target.symlink_to(copy / leads.relative_to(top) if leads.is_relative_to(top) else leads)


def _add_contents(top: Path, copy: Path, entries: Mapping[str, Entry]) -> str | None:
    """Put the contents of git LFS in the place of the pointers to them."""
    for path, one in entries.items():
        place, now = copy / path, top / path
        if one.mode not in REGULAR or not _is_small(place):
            continue
        pointer = place.read_bytes()
        match = OID.search(pointer) if pointer.startswith(POINTER) else None
        # Where nobody fetched it, today's tests do without it as well.
        if match is None or (_is_small(now) and now.read_bytes() == pointer):
            continue
        held = match[1].decode()
        kept = top / ".git" / "lfs" / "objects" / held[:2] / held[2:4] / held
        found = next((one for one in (kept, now) if one.is_file() and _digest(one) == held), None)
        if found is None:
            return f"{path}, which is in git LFS"
        shutil.copyfile(found, place)
    return None


def _digest(place: Path) -> str:
    with place.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _is_small(place: Path) -> bool:
    return place.is_file() and place.stat().st_size <= LARGEST_POINTER


def _ignored(top: Path, entries: Mapping[str, Entry], modules: Collection[str]) -> list[str] | None:
    """Return the files and links that git does not list, and links that the copy could not have.

    None where there is too much to look at.
    """
    listing = list_files(top)
    listed = {listing.places.get(path, path) for path in listing.files}
    linked = {path for path, one in entries.items() if one.mode == LINK}
    found: list[str] = []
    for count, (folder, folders, files) in enumerate(os.walk(top)):
        if count == MOST_FOLDERS:
            return None
        inside = os.path.relpath(folder, top)
        prefix = "" if inside == "." else f"{inside}/"
        if prefix and _is_apart(Path(folder), {*folders, *files}):
            folders.clear()
            continue
        looked = [one for one in folders if one not in GENERATED and prefix + one not in modules]
        links = [one for one in looked if _leads_apart(Path(folder, one))]
        folders[:] = [one for one in looked if not Path(folder, one).is_symlink()]
        for name in (*links, *files):
            path = prefix + name
            if (path not in listed or path in linked) and not _is_cache(name):
                found.append(path)
    return found if listing.whole else None


def _is_apart(folder: Path, names: set[str]) -> bool:
    """Tell whether a folder is an environment, a cache, or another checkout of the repository."""
    checkout = ".git" in names and "/worktrees/" in (read_text(folder / ".git") or "")
    return checkout or not MADE.isdisjoint(names)


def _leads_apart(folder: Path) -> bool:
    """Tell whether a folder is a link, and to no environment or cache."""
    return folder.is_symlink() and not any((folder / one).exists() for one in MADE)


def _is_cache(name: str) -> bool:
    return name in GENERATED or name.startswith(".coverage") or name.endswith((".pyc", ".pyo"))
