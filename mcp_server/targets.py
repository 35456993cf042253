"""Reads the files, folders and test ids that a caller asks to verify, and refuses what is none."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_server.errors import UnsafePathError, UsageError

LONGEST_NAME = 100_000
"""Bytes of a path or a test id; a system starts no program with a much longer word."""
MOST_TARGETS = 2_000
MOST_CHARACTERS = 500_000
"""Characters of all targets together; a system starts no program with many more."""
HISTORY = frozenset({".git", ".hg", ".svn"})
EXPECTED = "name a file, a folder or a test id (FILE::TEST) of the project"


@dataclass(frozen=True, slots=True)
class Target:
    """A file, folder or node id to verify, relative to the verified folder."""

    path: str
    node: str = ""
    is_folder: bool = False

    @property
    def is_python(self) -> bool:
        """Whether a static tool would read it: a Python file or a folder."""
        return self.is_folder or self.path.endswith((".py", ".pyi"))

    def below(self, cwd: str) -> str:
        """Return it as a command in the folder `cwd` names it, never as an option."""
        path = posixpath.relpath(self.path, cwd)
        # pytest reads further options from a file that is named with an @.
        safe = f"./{path}" if path.startswith(("-", "@")) else path
        return safe + (f"::{self.node}" if self.node else "")

    def is_test(self, root: Path, patterns: tuple[str, ...]) -> bool:
        """Tell whether pytest would collect it, or something in it."""
        if self.node:
            return True
        if self.is_folder:
            return any(any((root / self.path).rglob(pattern)) for pattern in patterns)
        return any(fnmatch.fnmatch(posixpath.basename(self.path), one) for one in patterns)


def read_targets(root: Path, texts: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that an agent or a person named, checked.

    Raises `UnsafePathError` for one that leaves the folder, is none of the project's own files
    or could be taken for an option, `UsageError` for one that does not exist.
    """
    named = list(dict.fromkeys(texts))
    length = sum(map(len, named))
    if len(named) > MOST_TARGETS or (length > MOST_CHARACTERS and len(named) > 1):
        msg = (
            f"{len(named)} targets of {length} characters are too many: name at most "
            f"{MOST_TARGETS} of {MOST_CHARACTERS} characters, or folders, or none for everything."
        )
        raise UsageError(msg)
    return tuple(_target(root, text) for text in named)


def refuse_unnameable(text: str, expected: str) -> None:
    """Refuse a text that no file, folder or test can be named by; `expected` says what can."""
    if any(unicodedata.category(one) == "Cc" for one in text[:LONGEST_NAME]):
        msg = f"{text!r} holds a control character: {expected}."
        raise UnsafePathError(msg)
    try:
        length = len(os.fsencode(text))
    except UnicodeEncodeError:
        msg = f"{text!r} holds half a character: {expected}."
        raise UnsafePathError(msg) from None
    if length > LONGEST_NAME:
        msg = f"{text} is too long, {length} bytes: {expected}."
        raise UnsafePathError(msg)


def _target(root: Path, text: str) -> Target:
    if text.startswith("-") or not text.strip():
        msg = f"{text!r} is not a target: {EXPECTED}{_or_file(root, text)}."
        raise UnsafePathError(msg)
    refuse_unnameable(text, EXPECTED)
    path, separator, node = text.partition("::")
    if not path:
        msg = f"{text} names no file: write FILE::TEST."
        raise UsageError(msg)
    absolute, is_folder = _found(root, path)
    if separator:
        _refuse_no_test(text, path, node, is_folder=is_folder)
    return Target(absolute.relative_to(root).as_posix(), node, is_folder)


def _or_file(root: Path, text: str) -> str:
    """Return how to name a file whose name looks like an option."""
    name = text.partition("::")[0]
    with os.scandir(root) as listing:
        known = any(entry.name == name for entry in listing)
    return f"; for the file of that name write ./{name}" if known else ""


def _found(root: Path, path: str) -> tuple[Path, bool]:
    """Return what a path leads to, links followed, and whether it is a folder."""
    try:
        absolute = (root / path).resolve()
        inside = absolute.is_relative_to(root)
        mode = absolute.stat().st_mode if inside else 0
    except PermissionError:
        msg = f"{path} cannot be read: allow reading it, or leave it out."
        raise UsageError(msg) from None
    except (OSError, RuntimeError):
        # Nothing is there: also where a name is too long to be one, or a link leads to itself.
        msg = f"There is no {path} in {root}."
        raise UsageError(msg) from None
    if not inside:
        msg = f"{path} lies outside {root}: targets must be inside the verified folder."
        raise UnsafePathError(msg)
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        msg = f"{path} is neither a file nor a folder: {EXPECTED}."
        raise UnsafePathError(msg)
    if what := _foreign(root, absolute):
        msg = f"{path} belongs to {what} and not to the project's own code: {EXPECTED}."
        raise UnsafePathError(msg)
    return absolute, stat.S_ISDIR(mode)


def _foreign(root: Path, absolute: Path) -> str:
    """Return the history or the environment in which a path lies, "" for a path of the project."""
    for folder in (absolute, *absolute.parents):
        if folder == root:
            break
        if folder.name.lower() in HISTORY:
            return folder.name
        if (folder / "pyvenv.cfg").is_file() or (folder / "conda-meta").is_dir():
            return f"the environment {folder.relative_to(root).as_posix()}"
    return ""


def _refuse_no_test(text: str, path: str, node: str, *, is_folder: bool) -> None:
    """Refuse what follows `::` where no test can be named so."""
    if is_folder:
        msg = f"{text}: {path} is a folder, which holds no test of its own: write FILE::TEST."
        raise UsageError(msg)
    # What stands in brackets are parameters, of which a test's id may hold any.
    for name in node.partition("[")[0].split("::"):
        spaced = path.endswith(".py") and any(one.isspace() for one in name)
        if not name or name.startswith("-") or spaced:
            msg = f"{text}: {name!r} is no test's name: write FILE::TEST or FILE::CLASS::TEST."
            raise UnsafePathError(msg)
