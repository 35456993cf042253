"""Reads the shell scripts of a project that have a telling name, each as a task."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from mcp_server.conventions.choice.roles import role_of
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.tasks import SHEBANG, Part, Task, TaskFile, take_apart

SCRIPT_FOLDERS = ("scripts", "script", "bin")


def script_tasks(place: Place, folder: str) -> TaskFile | None:
    """Return the shell scripts of a project that have a telling name, each as a task."""
    tasks: dict[str, Task] = {}
    for name in _scripts(place.root / folder):
        path = posixpath.normpath(posixpath.join(folder, name))
        parts = _run_in(folder, path, place) if role_of(_stem(name)) else None
        if parts is not None:
            tasks[name] = Task(name, path, parts)
    shown = "" if folder == "." else f"{folder}/"
    return TaskFile("scripts", folder, tasks, shown) if tasks else None


def _run_in(folder: str, path: str, place: Place) -> tuple[Part, ...] | None:
    """Return the parts of a script as it runs from the project's folder."""
    text = place.text(path)
    if text is None or not (path.endswith(".sh") or SHEBANG.match(text)):
        return None
    inside = shlex.quote(posixpath.relpath(path, folder))
    return take_apart(f"cd {shlex.quote(folder)} && sh ./{inside}", path, ".", place)


def _stem(name: str) -> str:
    return posixpath.basename(name).removesuffix(".sh")


def _scripts(folder: Path) -> Iterator[str]:
    places: Iterable[tuple[str, str]] = [("", "*.sh"), *((name, "*") for name in SCRIPT_FOLDERS)]
    for name, pattern in places:
        for path in sorted((folder / name).glob(pattern)):
            if not path.is_dir():
                yield f"{name}/{path.name}".lstrip("/")
