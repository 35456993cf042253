"""Reads the commands that instructions for contributors and agents name, as evidence."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mcp_server.conventions.choice.tasks import recognise
from mcp_server.conventions.instructions.snippets import Snippet, snippets
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.runner import unwrap
from mcp_server.conventions.tasks.tasks import Part, take_apart

NAMES = (
    "CLAUDE.md",
    "AGENTS.md",
    "GEMINI.md",
    ".claude/CLAUDE.md",
    ".cursorrules",
    ".github/copilot-instructions.md",
    "CONTRIBUTING.md",
    "CONTRIBUTING.rst",
    "CONTRIBUTING.txt",
    "CONTRIBUTING",
    ".github/CONTRIBUTING.md",
    ".github/CONTRIBUTING.rst",
    "docs/contributing.md",
    "docs/contributing.rst",
    "docs/CONTRIBUTING.md",
)
"""Files that instruct, in the order of their weight: an agent's before a person's."""
RULES = {".claude/rules": (".md",), ".cursor/rules": (".mdc", ".md")}
"""Folders that hold rules, with how their files end."""
MOST_FILES = 100
MOST_NAMED = 200
"""How many commands of one file are kept."""
MAX_FOLDERS = 1000
MAX_DEPTH = 5
"""How deep folders of rules are looked through."""
TASK_RUNNERS = frozenset(
    "make gmake just task tox nox hatch pdm poe invoke inv pre-commit prek doit rake".split()
)
"""Programs that run what a project names; each is followed by its own reader."""
NO_TASK = frozenset({"install", "build", "publish", "add", "env", "version", "lock", "sync"})
"""Commands of these programs that run no task."""


@dataclass(frozen=True, slots=True)
class Named:
    """A command that a text names: taken apart, as it is written, and where it stands."""

    parts: tuple[Part, ...]
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """The files that instruct, below the root, and the checks and tasks that they name."""

    paths: tuple[str, ...] = ()
    named: tuple[Named, ...] = ()


def read_instructions(place: Place, folders: Sequence[str]) -> Instructions:
    """Return the instructions in the root and in the project `folders`, relative to the root."""
    paths: list[str] = []
    named: list[Named] = []
    seen: set[object] = set()
    for folder in dict.fromkeys((".", *islice(folders, MAX_FOLDERS))):
        for path in _paths(place.root, folder):
            text = place.text(path) if path not in paths else None
            if text is None or len(paths) >= MOST_FILES:
                continue
            # One file under two names, such as a CLAUDE.md that is a link to AGENTS.md.
            paths.append(path)
            if text not in seen:
                seen.add(text)
                named += islice(_named(text, path, folder, place), MOST_NAMED)
    return Instructions(tuple(paths), tuple(named))


def _paths(root: Path, folder: str) -> Iterator[str]:
    for name in NAMES:
        path = posixpath.normpath(posixpath.join(folder, name))
        if _is_spelled_so(root, path):
            yield path
    for name, endings in RULES.items():
        path = posixpath.normpath(posixpath.join(folder, name))
        yield from sorted(_below(root, path, endings))


def _is_spelled_so(root: Path, path: str) -> bool:
    """Tell whether a file is there under this name, as all file systems tell it."""
    try:
        return path.rpartition("/")[2] in os.listdir((root / path).parent)  # noqa: PTH208 - names
    except (OSError, ValueError):
        return False


def _below(root: Path, folder: str, endings: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    try:
        found = sorted((root / folder).iterdir())[:MOST_FILES]
    except OSError:
        return
    for one in found:
        path = f"{folder}/{one.name}"
        if one.is_dir() and not one.is_symlink() and depth < MAX_DEPTH:
            yield from _below(root, path, endings, depth + 1)
        elif one.name.endswith(endings):
            yield path


def _named(text: str, path: str, folder: str, place: Place) -> Iterator[Named]:
    """Yield each command of a text that runs a known tool or a task, once."""
    seen: set[str] = set()
    for snippet in snippets(text, restructured=path.endswith((".rst", ".txt"))):
        if snippet.text in seen:
            continue
        seen.add(snippet.text)
        source = f"{path}:{snippet.line}"
        found = take_apart(snippet.text, source, _folder(snippet, folder), place)
        parts = tuple(_checks(found, place.root))
        if parts:
            yield Named(parts, snippet.text, source)


def _folder(snippet: Snippet, folder: str) -> str:
    """Return where a command runs: the folder that holds the text, or that it moved to."""
    return posixpath.normpath(posixpath.join(folder, snippet.folder))


def _checks(parts: Iterable[Part], root: Path) -> Iterator[Part]:
    for part in parts:
        piece = part.piece
        if not isinstance(piece, Opaque) and (any(recognise([part])) or _is_task(piece, root)):
            yield part


def _is_task(piece: Simple, root: Path) -> bool:
    started = unwrap(piece.argv)
    words = [arg for arg in started.args if not arg.startswith("-")]
    if started.program in TASK_RUNNERS:
        return not NO_TASK.intersection(words[:1])
    script = (started.start or ("",))[-1]
    try:
        return "/" in script and script[0] != "/" and (root / piece.cwd / script).is_file()
    except (OSError, ValueError):
        return False
