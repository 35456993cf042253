"""Finds the files of a project that name tasks, and reads each into its tasks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mcp_server.conventions import makefile, tox
from mcp_server.conventions.pieces import Place, Simple
from mcp_server.conventions.reading import read_inside
from mcp_server.conventions.settings import Files
from mcp_server.conventions.tasks import (
    Part,
    Task,
    TaskFile,
    reachable,
    take_apart,
)

MAX_DEPTH = 3
"""How deep Makefiles may call each other."""


def makefile_tasks(place: Place, folder: str, depth: int = 0) -> TaskFile | None:
    """Return the tasks of the Makefile in `folder`, relative to the root."""
    for name in makefile.FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = read_inside(place.root, path)
        if text is not None:
            break
    else:
        return None
    targets = makefile.parse_makefile(text, path, lambda one: read_inside(place.root, one))
    tasks = {
        name: _make_task(target, place, folder, set(targets), depth)
        for name, target in targets.items()
    }
    shown = "make " if folder == "." else f"make -C {folder} "
    runner = ("make", "--no-print-directory", "-f", posixpath.basename(path))
    return TaskFile(path, folder, tasks, shown, runner)


def _make_task(
    target: makefile.Target, place: Place, folder: str, names: set[str], depth: int
) -> Task:
    parts: list[Part] = []
    needs = list(target.needs)
    for line in target.recipe:
        for part in take_apart(line.text, line.source, folder, place, target.env):
            call = _make_call(part)
            if call is None:
                parts.append(part)
            elif call[0] == folder and call[1] <= names:
                needs += sorted(call[1])
            else:
                parts += _elsewhere(part, call, place, depth)
    return Task(target.name, target.source, tuple(parts), tuple(needs))


def _make_call(part: Part) -> tuple[str, set[str]] | None:
    """Return the folder and the targets of a call of make, None where it is not as simple."""
    piece = part.piece
    if not isinstance(piece, Simple) or posixpath.basename(piece.argv[0]) not in {"make", "gmake"}:
        return None
    folder, names = piece.cwd, set()
    words = iter(piece.argv[1:])
    for word in words:
        if word in {"-C", "--directory"}:
            folder = posixpath.normpath(posixpath.join(folder, next(words, ".")))
        elif word.startswith("-f") or "=" in word:
            return None
        elif not word.startswith("-"):
            names.add(word)
    return (folder, names) if names else None


def _elsewhere(part: Part, call: tuple[str, set[str]], place: Place, depth: int) -> Iterator[Part]:
    """Yield what a call of another folder's Makefile runs; the call itself where nobody knows."""
    folder, names = call
    other = makefile_tasks(place, folder, depth + 1) if depth < MAX_DEPTH else None
    if other is None or not names <= other.tasks.keys():
        yield part
        return
    for name in sorted(names):
        for task in reachable(other.tasks, name):
            yield from task.parts


def tox_tasks(place: Place, folder: str, files: Files) -> TaskFile | None:
    """Return the environments of a project's tox configuration as tasks."""
    targets = tox.of_toml(files.settings.tables.get("tox", {}), "pyproject.toml [tool.tox.{}]")
    if not targets:
        targets = tox.of_toml(files.tox, "tox.toml [{}]")
    if not targets:
        targets = tox.of_ini(files.settings.sections.get("tox.ini", {}), "tox.ini [{}]")
    prefix = "" if folder == "." else f"{folder}/"
    tasks: dict[str, Task] = {}
    for target in targets:
        cwd = posixpath.normpath(posixpath.join(folder, target.folder))
        source = f"{prefix}{target.source}"
        parts = tuple(
            part
            for line in target.lines
            for part in take_apart(line, source, cwd, place, target.env)
        )
        tasks[target.name] = Task(target.name, source, parts)
    return TaskFile(f"{prefix}tox", folder, tasks, "tox -e ") if tasks else None
