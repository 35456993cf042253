"""Reads the tasks of pixi, from pyproject or pixi.toml."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_server.conventions.scripts.toml_file import (
    ScriptFile,
    Scripts,
    settings,
    table_of,
    text_of,
    texts,
)
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile

TEMPLATE = re.compile(r"\{\{\s*(?P<name>\w+)?[^{}]*\}\}")
SYSTEMS = frozenset({"unix", "osx" if sys.platform == "darwin" else "linux"})


def pixi_tasks(file: ScriptFile, keys: tuple[str, ...]) -> TaskFile | None:
    """Return the tasks below the table at `keys`, with those of its features and our system."""
    scripts = Scripts(file, keys)
    whole = table_of(file.content, *keys)
    found: dict[str, Task] = {}
    places: list[tuple[str, ...]] = [("tasks",)]
    places += [("target", name, "tasks") for name in _own(whole)]
    for feature, value in table_of(whole, "feature").items():
        places.append(("feature", feature, "tasks"))
        places += [("feature", feature, "target", name, "tasks") for name in _own(value)]
    for place in places:
        for name, value in scripts.bounded(table_of(whole, *place).items()):
            task = _task(scripts, (*place, name), value)
            if len(place) > 2 and place[-3] == "target":
                found[name] = task
            else:
                found.setdefault(name, task)
    return scripts.tasks([*found.values()], "pixi run ")


def _own(table: object) -> Iterator[str]:
    for name in table_of(table, "target"):
        if name.partition("-")[0] in SYSTEMS:
            yield name


def _task(scripts: Scripts, keys: tuple[str, ...], value: object) -> Task:
    name = keys[-1]
    stated: Mapping[str, Any] = value if isinstance(value, dict) else {"cmd": value}
    arguments = _arguments(stated.get("args"))
    env = settings(stated.get("env"))
    cwd = scripts.folder(stated.get("cwd"))
    needs = stated.get("depends-on", stated.get("depends_on"))
    listed = value if isinstance(value, list) else needs if isinstance(needs, list) else [needs]
    needed = [one.get("task") if isinstance(one, dict) else one for one in listed]
    command = stated.get("cmd") if isinstance(value, (dict, str)) else None
    joined = shlex.join(texts(command)) if isinstance(command, list) else text_of(command)
    parts: list[Part] = []
    if joined:
        text = TEMPLATE.sub(lambda match: arguments.get(match["name"] or "", UNKNOWN), joined)
        parts += scripts.shell(text, name, scripts.line(*keys, "cmd"), cwd, env)
    return scripts.task(
        name, parts, [one for one in needed if isinstance(one, str)], scripts.line(*keys)
    )


def _arguments(stated: object) -> dict[str, str]:
    """Return a task's arguments with their defaults."""
    found: dict[str, str] = {}
    for one in stated if isinstance(stated, list) else ():
        name = one.get("arg") if isinstance(one, dict) else one
        default = text_of(one.get("default")) if isinstance(one, dict) else None
        if isinstance(name, str):
            found[name] = UNKNOWN if default is None else default
    return found
