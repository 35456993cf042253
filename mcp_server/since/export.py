"""Writes a repository as it was at a commit into a folder of hdb's, which is gone afterwards."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.git import LINK, MODULE, REGULAR, Entry, Repository, entries_at, read_blobs

MOST_BYTES = 500_000_000
"""How large a repository may be that is written out; nearly all are below a tenth of it."""
AT_ONCE = 200
"""Files that are read from git at a time, which bounds what is held in memory."""
POINTER = b"version https://git-lfs.github.com/spec/"
PRIVATE = 0o700


@dataclass(frozen=True, slots=True)
class Export:
    """A repository as it was at a commit: `top` for the whole of it, `root` for the asked folder.

    `scratch` is the folder around it, for what else a run there needs. `notes` say what of the
    commit is not in it, `refused` why nothing is.
    """

    scratch: Path
    top: Path
    root: Path
    notes: tuple[str, ...] = ()
    refused: str | None = None


@contextlib.contextmanager
def exported(repository: Repository, commit: str, most: int = MOST_BYTES) -> Iterator[Export]:
    """Write the repository as it was at a commit, and remove it at the end, whatever comes.

    Contents are as the repository holds them: no filter, hook or attribute changes them, and no
    history comes along. Raises `OSError` where there is no room.
    """
    scratch = Path(tempfile.mkdtemp(prefix="hdb-")).resolve()
    try:
        yield export_into(scratch, "at", repository, commit, most)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def export_into(
    scratch: Path, name: str, repository: Repository, commit: str, most: int = MOST_BYTES
) -> Export:
    """Write the repository as it was at a commit into a folder `name` of a scratch folder.

    Raises `OSError` where there is no room.
    """
    # Tests may print the folder's name, and packages are named after it.
    top = scratch / name / repository.top.name
    top.mkdir(mode=PRIVATE, parents=True)
    root = top / repository.prefix
    notes, refused = write_commit(repository.top, commit, top, most)
    if refused is None:
        root.mkdir(parents=True, exist_ok=True)
    return Export(scratch, top, root, notes, refused)


def write_commit(
    folder: Path, commit: str, top: Path, most: int = MOST_BYTES
) -> tuple[tuple[str, ...], str | None]:
    """Write a commit of the repository at `folder` below `top`; return notes, and a refusal."""
    whole = Repository(folder, folder)
    entries = {path: one for path, one in entries_at(whole, commit).items() if _is_inside(path)}
    pointers, refused = _write_files(whole, entries, top, most)
    if refused is None:
        _link(whole, entries, top)
    return tuple(_notes(entries, pointers)), refused


def _is_inside(path: str) -> bool:
    """Tell whether a path is one that git itself would write; a made-up tree may hold others."""
    parts = path.split("/")
    return not {"", ".", "..", ".git"}.intersection(part.lower() for part in parts)


def _write_files(
    repository: Repository, entries: Mapping[str, Entry], top: Path, most: int
) -> tuple[int, str | None]:
    """Write the regular files; return how many stand for contents kept elsewhere, or a refusal."""
    files = [(path, one) for path, one in entries.items() if one.mode in REGULAR]
    size = pointers = 0
    for start in range(0, len(files), AT_ONCE):
        some = files[start : start + AT_ONCE]
        contents = read_blobs(repository, (one.blob for _, one in some))
        for path, one in some:
            content = contents.get(one.blob)
            if content is None:
                return 0, f"git cannot read {path} of that commit"
            size += len(content)
            if size > most:
                return (
                    0,
                    f"the repository is larger than the {most // 1_000_000} MB that hdb copies",
                )
            pointers += content.startswith(POINTER)
            target = top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            if one.mode == "100755":
                target.chmod(0o755)
    return pointers, None


def _link(repository: Repository, entries: Mapping[str, Entry], top: Path) -> None:
    """Make the links that stay inside."""
    links = {path: one.blob for path, one in entries.items() if one.mode == LINK}
    contents = read_blobs(repository, links.values())
    made: list[Path] = []
    for path, blob in links.items():
        place = top / path
        with contextlib.suppress(OSError, ValueError):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.fsdecode(contents.get(blob, b"")))
            made.append(place)
    # Only now: a link may lead through another.
    for place in made:
        if not _stays(place, top):
            place.unlink()


def _stays(place: Path, top: Path) -> bool:
    try:
        return place.resolve().is_relative_to(top)
    except (OSError, RuntimeError):
        return False


def _notes(entries: Mapping[str, Entry], pointers: int) -> Iterator[str]:
    if pointers:
        yield f"{pointers} files of the commit are in git LFS, and only their pointers were there"
    modules = sum(one.mode == MODULE for one in entries.values())
    if modules:
        yield f"{modules} submodules were empty there"
