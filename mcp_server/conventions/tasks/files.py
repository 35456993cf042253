"""Finds the files of a project that name tasks, and reads each into its tasks."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.make import makefile
from mcp_server.conventions.make.wildcard import list_folders
from mcp_server.conventions.shell.pieces import Place, Simple
from mcp_server.conventions.tasks.tasks import (
    Part,
    Task,
    TaskFile,
    reachable,
    take_apart,
)
from mcp_server.conventions.tox import configuration as tox
from mcp_server.conventions.tox.targets import SECTION, ToxTarget

MAX_DEPTH = 3
"""How deep Makefiles may call each other."""


def makefile_tasks(place: Place, folder: str, depth: int = 0) -> TaskFile | None:
    """Return the tasks of the Makefile in `folder`, relative to the root."""
    for name in makefile.FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = place.text(path)
        if text is not None:
            break
    else:
        return None
    read = makefile.read_makefile(text, path, place.text, listing=list_folders(place.root))
    if read.problem:
        place.reader.unreadable(path, read.problem)
    targets = read.targets
    # Plain `make` makes the goal, which a call without names takes from the first task.
    order = sorted(targets, key=lambda name: name != read.goal)
    tasks = {name: _make_task(targets[name], place, folder, set(targets), depth) for name in order}
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


@dataclass(frozen=True, slots=True)
class ToxFile:
    """A tox configuration: its environments as tasks, and as tox chooses among them."""

    tasks: TaskFile
    targets: tuple[ToxTarget, ...]


def tox_tasks(place: Place, folder: str, files: Files) -> ToxFile | None:
    """Return the environments of a project's tox configuration as tasks."""
    prefix = "" if folder == "." else f"{folder}/"

    def text(name: str) -> str:
        return place.text(f"{prefix}{name}") or ""

    table, sections = files.settings.tables.get("tox", {}), files.settings.sections
    # In the order in which tox looks for its configuration.
    targets = tox.of_ini(sections.get("tox.ini", {}), "tox.ini [{}]", text=text("tox.ini"))
    if not targets and "tox:tox" in sections.get("setup.cfg", {}):
        settings = sections["setup.cfg"]
        targets = tox.of_ini(settings, "setup.cfg [{}]", text=text("setup.cfg"))
    if not targets:
        targets = tox.of_toml(table, "pyproject.toml [tool.tox.{}]", text=text("pyproject.toml"))
    if not targets:
        targets = tox.of_toml(files.tox, "tox.toml [{}]", text=text("tox.toml"))
    tasks = {one.name: _tox_task(one, folder, prefix, place) for one in targets}
    if not tasks:
        return None
    return ToxFile(TaskFile(f"{prefix}tox", folder, tasks, "tox -e "), tuple(targets))


def _tox_task(target: ToxTarget, folder: str, prefix: str, place: Place) -> Task:
    cwd = posixpath.normpath(posixpath.join(folder, target.folder))
    source = f"{prefix}{target.source}"
    parts = tuple(
        part for line in target.lines for part in take_apart(line, source, cwd, place, target.env)
    )
    named = target.names[0] if target.names else target.name
    shown = "tox" if named == SECTION else f"tox -e {named}"
    lesser = "its outcome is ignored" if target.ignore_outcome else target.lesser
    return Task(target.name, source, parts, lesser=lesser, shown=shown)
