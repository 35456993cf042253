"""Reads what git keeps, by plumbing that writes nothing and runs nothing of the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mcp_server.errors import UsageError

SECONDS = 30.0
"""How long one question to git may take; a history of a million commits takes a few."""
SHORT = 7
"""Characters of a commit's id that people are shown, as git does."""
MAIN = ("main", "master", "trunk", "develop")
REMOTES = ("origin", "upstream")
TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
"""Variables in which CI services name the branch that a change is to be merged into."""
SHALLOW = "the clone is shallow: fetch the main branch and its history, or name a commit"
REGULAR = frozenset({"100644", "100755"})
LINK = "120000"
MODULE = "160000"
REF = re.compile(r"[^\s\x00-\x1f:\\?*\[\x7f-][^\s\x00-\x1f:\\?*\[\x7f]*")
"""What may be asked for as a commit: never an option, nor a path inside one."""

# Only plumbing that reads objects or the index is asked for, so nothing of the repository's
# configuration is run; what could still reach out, the fetching of objects that a partial clone
# lacks, is closed.
SAFE = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "LC_ALL": "C",
}
MISLEADING = frozenset(
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_NAMESPACE GIT_PREFIX "
    "GIT_COMMON_DIR GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CEILING_DIRECTORIES".split()
)
"""What a hook that calls hdb passes on, and what means another repository than the folder's."""


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that a folder lies in; `prefix` leads from its top to the folder."""

    top: Path
    root: Path
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """The commit that a change is held against, in full and in words.

    `doubt` says why it may not be where the work parted from the main branch, "" where it is.
    """

    commit: str
    words: str
    doubt: str = ""


class Entry(NamedTuple):
    """A file of a commit: its mode, as git writes it, and its blob."""

    mode: str
    blob: str


def open_repository(root: Path) -> Repository | None:
    """Return the repository that a folder lies in, None without one, without git or in no tree."""
    said = _ask(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if said is None:
        return None
    top, _, prefix = said.decode("utf-8", "surrogateescape").partition("\n")
    return Repository(Path(top), root, prefix.rstrip("\n")) if top else None


def commit_of(repository: Repository, ref: str) -> str | None:
    """Return the full id of the commit that a branch, tag or id means, None where none does."""
    if not REF.fullmatch(ref):
        return None
    said = _ask(
        repository.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
    )
    return said.decode().strip() if said else None


def merge_base(repository: Repository) -> Base | None:
    """Return where the work parted from the main branch; None before the first commit.

    The main branch is what CI says that the change goes into, else a remote's, else a local one.
    Where none is there, and on the main branch itself without a remote, it is the last commit. In
    a shallow clone the commit where the work parted may be missing, which is in doubt then.
    """
    head = commit_of(repository, "HEAD")
    if head is None:
        return None
    words = f"the last commit ({head[:SHORT]})"
    shallow = _ask(repository.root, "rev-parse", "--is-shallow-repository") == b"true\n"
    target = next((one for name in TARGETS if (one := os.environ.get(name))), "")
    for branch in _main_branches(repository):
        commit = commit_of(repository, branch)
        if target and commit is None:
            continue
        if target and branch.rpartition("/")[2] != target.rpartition("/")[2]:
            # Another branch than the one that CI names would be held against silently.
            return Base(head, words, f"{target} is not in this clone: fetch it, or name a commit")
        said = commit and _ask(repository.root, "merge-base", head, commit)
        if said:
            found = said.decode().split()[0]
            if found == head and commit == head:
                return Base(head, words, SHALLOW if shallow else "")
            return Base(found, f"the merge base with {branch} ({found[:SHORT]})")
    if target:
        return Base(head, words, f"{target} is not in this clone: fetch it, or name a commit")
    return Base(head, words, SHALLOW if shallow else "")


def entries_at(repository: Repository, commit: str) -> dict[str, Entry]:
    """Return everything of a commit below the folder: files, links and other repositories.

    Paths are relative to the folder, with `/`; a folder that was not there has none. Raises
    `UsageError` where git does not answer.
    """
    tree = f"{commit}:{repository.prefix.rstrip('/')}" if repository.prefix else commit
    # A tree of its own, so that the folder that git is started in changes nothing.
    said = _ask(repository.top, "ls-tree", "-r", "-z", "--full-tree", tree)
    if said is None and _ask(repository.top, "cat-file", "-e", tree) is not None:
        msg = f"git did not list the files of commit {commit[:SHORT]} in time: try again."
        raise UsageError(msg)
    return dict(_entries(said or b""))


def tracked_files(root: Path) -> tuple[str, ...]:
    """Return the paths below a folder that git keeps, also those that it is told to ignore.

    They are relative to the folder, as its index has them; () without a repository.
    """
    said = _ask(root, "ls-files", "-z", "--cached") or b""
    return tuple(os.fsdecode(path) for path in said.split(b"\0") if path)


def files_at(repository: Repository, commit: str) -> dict[str, str]:
    """Return the regular files of a commit below the folder, each with its blob."""
    found = entries_at(repository, commit)
    return {path: one.blob for path, one in found.items() if one.mode in REGULAR}


def read_blobs(repository: Repository, blobs: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of blobs by their ids; one that is not there is left out."""
    asked = "".join(f"{one}\n" for one in dict.fromkeys(blobs))
    if not asked:
        return {}
    said = _ask(repository.top, "cat-file", "--batch", given=asked.encode()) or b""
    found: dict[str, bytes] = {}
    at = 0
    while (end := said.find(b"\n", at)) >= 0:
        words = said[at:end].split()
        at = end + 1
        # "ID missing" instead of "ID TYPE SIZE".
        if len(words) != 3:
            continue
        size = int(words[2])
        found[words[0].decode()] = said[at : at + size]
        at += size + 1
    return found


def _entries(said: bytes) -> Iterator[tuple[str, Entry]]:
    for line in said.split(b"\0"):
        about, tab, path = line.partition(b"\t")
        if tab:
            mode, _, blob = about.decode().split()
            yield os.fsdecode(path), Entry(mode, blob)


def _main_branches(repository: Repository) -> Iterator[str]:
    for name in TARGETS:
        if target := os.environ.get(name):
            yield from (f"{remote}/{target}" for remote in REMOTES)
            yield target
    for remote in REMOTES:
        ref = f"refs/remotes/{remote}/"
        said = _ask(repository.root, "symbolic-ref", "--quiet", f"{ref}HEAD")
        if said:
            yield said.decode().strip().removeprefix("refs/remotes/")
        yield from (f"{remote}/{name}" for name in MAIN)
    yield from MAIN


def _ask(folder: Path, *words: str, given: bytes | None = None) -> bytes | None:
    """Return what git says, None where it cannot or will not."""
    program = shutil.which("git")
    if program is None:
        return None
    env = {name: value for name, value in os.environ.items() if name not in MISLEADING} | SAFE
    # The command line's word counts for a folder that belongs to somebody else, too.
    argv = [program, "-c", "safe.directory=*", "-c", "core.fsmonitor=false", *words]
    try:
        done = subprocess.run(  # noqa: S603 - git itself, and no word that could be an option
            argv, cwd=folder, env=env, input=given or b"", capture_output=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
