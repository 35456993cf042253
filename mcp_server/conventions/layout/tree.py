"""Lists the files of a repository that git does not ignore, once for all that ask."""

from __future__ import annotations

import itertools
import os
import posixpath
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.layout.ignored import Rules, parse_rules

MOST_FILES = 200_000
"""How many files are listed; the largest public Python monorepos have about 100,000."""
MOST_ENTRIES = 1_000_000
"""How many entries of folders are looked at, listed or not."""
SUFFIXES = frozenset(
    ".py .pyi .pyx .toml .cfg .ini .conf .txt .in .lock .yml .yaml .json .jsonc .md .mdc .rst .sh "
    ".bash .mk .make .just .xml .env .ipynb".split()
)
"""Files that hold Python, configure tools or tell people how to verify; data is left out."""
GENERATED = frozenset(
    "node_modules bower_components site-packages __pycache__ __pypackages__ htmlcov "
    ".git .hg .svn .jj .tox .nox .venv .pixi .eggs .mypy_cache .pytest_cache .ruff_cache "
    ".hypothesis .ipynb_checkpoints .pyre .terraform .next .nuxt .turbo .gradle "
    ".idea .cache".split()
)
"""Folders that tools make, whether or not git is told to ignore them."""
OUTPUTS = frozenset({"build", "dist", "target", "venv", "env", "out", "_build"})
"""Folders that tools make where they are no package."""
FOLDER, FILE = "folder", "file"
MADE = frozenset({"pyvenv.cfg", "conda-meta", "CACHEDIR.TAG"})
"""What lies in folders that tools make, whatever their names."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What lies below a folder, nearest first; all paths are below it, with "/".

    `files` are those of `SUFFIXES`, those without a suffix and dotfiles; links to files are files,
    links to folders nothing. `folders` are all that were listed, without the root.
    """

    root: Path
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    truncated: bool = False
    problems: tuple[str, ...] = field(default=())
    """A sentence for each folder that cannot be listed and each name that is no UTF-8."""

    def by_folder(self) -> dict[str, list[str]]:
        """Return the names of the files in each folder, "" for the root."""
        names: dict[str, list[str]] = {"": [], **{folder: [] for folder in self.folders}}
        for path in self.files:
            folder, _, name = path.rpartition("/")
            names.setdefault(folder, []).append(name)
        return names


def list_tree(root: Path) -> Tree:
    """Return the files below a folder, without what git ignores and what tools make.

    Never raises; symbolic links are not followed into folders.
    """
    walk = _Walk(root)
    walk.run()
    return Tree(root, tuple(walk.files), tuple(walk.folders), walk.truncated, tuple(walk.problems))


class _Walk:
    """One walk over a tree, breadth first, so that a limit cuts what lies deepest."""

    def __init__(self, root: Path) -> None:
        self.files: list[str] = []
        self.folders: list[str] = []
        self.problems: list[str] = []
        self.truncated = False
        self._root = str(root)
        self._left = MOST_ENTRIES
        self._queue: deque[tuple[str, tuple[Rules, ...]]] = deque([("", tuple(rules_above(root)))])

    def run(self) -> None:
        while self._queue and not self.truncated:
            folder, rules = self._queue.popleft()
            try:
                with os.scandir(f"{self._root}/{folder}") as listing:
                    entries = sorted(
                        itertools.islice(listing, self._left + 1), key=lambda entry: entry.name
                    )
            except (OSError, ValueError) as error:
                why = getattr(error, "strerror", None) or type(error).__name__
                self.problems.append(f"{folder or '.'} cannot be listed: {why}")
                continue
            self._left -= len(entries)
            self._take(folder, entries, rules)
            self.truncated = self._left < 0 or len(self.files) > MOST_FILES
        del self.files[MOST_FILES:]

    def _take(self, folder: str, entries: list[os.DirEntry[str]], rules: tuple[Rules, ...]) -> None:
        """Take over what one folder holds, and remember the folders in it for later."""
        names = {entry.name for entry in entries}
        if folder:
            if self._is_made(folder, names):
                return
            self.folders.append(folder)
        prefix = f"{folder}/" if folder else ""
        if ".gitignore" in names:
            text = read_text(Path(self._root, prefix, ".gitignore"))
            rules = (parse_rules(text or "", skip=len(prefix)), *rules)
        for entry in entries:
            kind, path = _kind(entry), prefix + entry.name
            if kind is None or is_ignored(path, entry.name, rules, folder=kind is FOLDER):
                continue
            if not entry.name.isascii() and not _decodable(entry.name):
                shown = path.encode("utf-8", "backslashreplace").decode()
                self.problems.append(f"{shown} is left out: its name is not in UTF-8")
            elif kind == FOLDER:
                self._queue.append((path, rules))
            else:
                self.files.append(path)

    def _is_made(self, folder: str, names: set[str]) -> bool:
        """Tell whether a folder is what a tool made, or another checkout of a repository."""
        if not names.isdisjoint(MADE):
            return True
        if posixpath.basename(folder) in OUTPUTS and "__init__.py" not in names:
            return True
        if ".git" not in names:
            return False
        return "/worktrees/" in (read_text(Path(self._root, folder, ".git")) or "")


def _kind(entry: os.DirEntry[str]) -> str | None:
    """Return whether an entry is a folder or a file to list."""
    name = entry.name
    try:
        if entry.is_dir(follow_symlinks=False):
            made = name in GENERATED or name.endswith((".egg-info", ".dist-info"))
            return None if made else FOLDER
        stem, dot, suffix = name.rpartition(".")
        named = not dot or not stem or f".{suffix}" in SUFFIXES
        return FILE if named and entry.is_file() else None
    except OSError:
        return None


def is_ignored(path: str, name: str, rules: tuple[Rules, ...], *, folder: bool) -> bool:
    """Tell whether git ignores a path; the nearest file of rules that has a say decides."""
    for one in rules:
        verdict = one.verdict(path, name, folder=folder)
        if verdict is not None:
            return verdict
    return False


def _decodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def rules_above(root: Path) -> list[Rules]:
    """Return the rules from outside the tree, nearest first, where it lies in a repository."""
    found: list[Rules] = []
    inside = ""
    for base in (root, *root.parents):
        files = [".git/info/exclude"] if base == root else [".gitignore", ".git/info/exclude"]
        texts = [read_text(base / name) for name in files]
        found += [parse_rules(text, prefix=inside) for text in texts if text]
        if (base / ".git").exists():
            return found
        inside = f"{base.name}/{inside}"
    return []
