"""Reads the scripts of a package.json that start Python's tools."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping

from mcp_server.conventions.choice.refused import PYTHONIC
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.commands import TaskCommands, task_text
from mcp_server.conventions.tasks.tasks import Task, TaskFile

KEY = re.compile(r'"((?:[^"\\]++|\\.)*+)"\s*+:?')
CALL = re.compile(r"\b(?:npm|pnpm|yarn|bun) (?:run |run-script )?(?P<name>[\w:.-]+)")


def package_scripts(place: Place, folder: str) -> TaskFile | None:
    """Return the scripts of the package.json in `folder` that start tools of Python's.

    A script that calls such a one, and those before and after it by their names, are among them.
    """
    path = posixpath.normpath(posixpath.join(folder, "package.json"))
    text = task_text(place, path)
    scripts = _scripts(text, path, place) if text is not None else {}
    wanted = {name for name, script in scripts.items() if PYTHONIC.search(script)}
    wanted |= {
        name
        for name, script in scripts.items()
        if any(match["name"] in wanted for match in CALL.finditer(script))
    }
    if not wanted or text is None:
        return None
    lines = _lines(text)
    commands = TaskCommands(place, path, folder)
    tasks = {
        name: _task(name, scripts, wanted, lines.get(name, 1), commands)
        for name in scripts
        if name in wanted
    }
    return TaskFile(path, folder, tasks, "npm run ")


def _scripts(text: str, path: str, place: Place) -> dict[str, str]:
    try:
        content = json.loads(text)
    except ValueError as error:
        place.reader.unreadable(path, f"it is no JSON: {error}")
        return {}
    except RecursionError:
        place.reader.unreadable(path, "it is no JSON that people write: it nests too deeply")
        return {}
    scripts = content.get("scripts") if isinstance(content, dict) else None
    found = scripts.items() if isinstance(scripts, dict) else ()
    return {name: script for name, script in found if isinstance(script, str)}


def _lines(text: str) -> dict[str, int]:
    """Return the lines of the keys that stand behind `"scripts"`, the first ones of each name."""
    start = max(text.find('"scripts"'), 0)
    line, at = text.count("\n", 0, start) + 1, start
    found: dict[str, int] = {}
    for match in KEY.finditer(text, start):
        line += text.count("\n", at, match.start())
        at = match.start()
        if match[0].endswith(":"):
            found.setdefault(match[1], line)
    return found


def _task(
    name: str, scripts: Mapping[str, str], wanted: set[str], line: int, commands: TaskCommands
) -> Task:
    parts = commands.parts(scripts[name], name, line, commands.folder)
    needs = [*_around(name, wanted)]
    return Task(name, f"{commands.path}:{name}:{line}", parts, tuple(needs))


def _around(name: str, wanted: set[str]) -> Iterator[str]:
    for one in (f"pre{name}", f"post{name}"):
        if one in wanted:
            yield one
