"""Reads and replaces the files of a fix: inside the project only, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_server.snapshot.listing import list_files

LEFTOVER = re.compile(r"\.hdb-fix-[0-9a-f]{32}~")
"""The new content of a file until it takes its place; what a killed hdb may leave."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file as it was read; it is replaced only while it is still the same."""

    path: Path
    content: bytes
    state: os.stat_result


def read_original(root: Path, file: str, listed: Collection[str]) -> Original | str:
    """Return a file that may be changed, or why it may not.

    `listed` are the files of the project as git would list them.
    """
    path = root / file
    try:
        if why := _foreign(root, path, file, listed) or _unfit(path, path.lstat()):
            return why
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source:
            state = os.fstat(descriptor)
            # Another file may have taken its place since.
            if why := _unfit(path, state):
                return why
            return Original(path, source.read(), state)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"


def _foreign(root: Path, path: Path, file: str, listed: Collection[str]) -> str | None:
    """Return why a file is none of the project's own, or None."""
    if file.startswith("/") or ".." in file.split("/"):
        return "it lies outside the project"
    inside = [one for one in path.parents if one.is_relative_to(root)]
    if path.is_symlink() or any(one.is_symlink() for one in inside if one != root):
        return "it is a link, or lies behind one: name what that leads to"
    if any((one / ".git").exists() for one in inside if one != root):
        return "it belongs to another repository"
    if file not in listed:
        return "git ignores it, or a tool made the folder that it lies in"
    return None


def untouchable(
    root: Path, files: Iterable[str], listed: Collection[str] | None = None
) -> frozenset[str]:
    """Return those of the files that no fix touches, whatever a tool would mend in them.

    `listed` are the files of the project as git would list them; they are looked up unless given.
    """
    asked = frozenset(files)
    if listed is None:
        listed = list_files(root).files if asked else ()
    return frozenset(one for one in asked if _refused(root, one, listed))


def _refused(root: Path, file: str, listed: Collection[str]) -> bool:
    path = root / file
    try:
        return bool(_foreign(root, path, file, listed) or _unfit(path, path.lstat()))
    except OSError:
        return True


def _unfit(path: Path, state: os.stat_result) -> str | None:
    """Return why a file of the project cannot be replaced, or None."""
    if not stat.S_ISREG(state.st_mode):
        return "it is no regular file"
    if state.st_nlink > 1:
        return "it has another name (a hard link) that would keep the old content"
    if not state.st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        return "it is read-only"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return "its folder is read-only"
    return None


def replace(original: Original, content: bytes) -> str | None:
    """Put new content in the place of a file in one move; return why that was not done, or None.

    Whoever looks sees the old file or the new one, whole, also where hdb is killed meanwhile. The
    new one has the old one's owner, mode and attributes.
    """
    path = original.path
    new = path.with_name(f".hdb-fix-{secrets.token_hex(16)}~")
    try:
        _sweep(path.parent)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            _dress(new, original)
            os.fsync(descriptor)
        if not _same(original):
            return "it was changed by somebody else meanwhile: fix again"
        # Not `Path.replace`, whose name this function has.
        os.replace(new, path)  # noqa: PTH105
    except OSError as error:
        return f"it cannot be replaced: {error.strerror or error}"
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
    return None


def _dress(new: Path, original: Original) -> None:
    """Give the new file what the old one has beside its content; raise where that cannot be."""
    state = new.stat()
    owner = original.state.st_uid, original.state.st_gid
    if (state.st_uid, state.st_gid) != owner:
        # First: it may take away bits of the mode.
        os.chown(new, *owner)
    shutil.copystat(original.path, new)
    os.utime(new)


def _same(original: Original) -> bool:
    """Tell whether the file is still the one that was read."""
    state, was = original.path.lstat(), original.state
    kept = (was.st_dev, was.st_ino, was.st_mode) == (state.st_dev, state.st_ino, state.st_mode)
    return kept and original.path.read_bytes() == original.content


def _sweep(folder: Path) -> None:
    """Remove what an hdb that was killed left in a folder; fixes of one project take turns."""
    with os.scandir(folder) as listing:
        names = [one.name for one in listing if LEFTOVER.fullmatch(one.name)]
    for name in names:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
