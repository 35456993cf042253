"""Reads the scripts of pdm and of rye, and the tasks of taskipy, from pyproject."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
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

ARGS = re.compile(r"\{args(?::(?P<default>[^{}]*))?\}")
NAMED = re.compile(r"\{(?P<name>\w+)\}")
SHARED = "_"


def pdm_scripts(file: ScriptFile) -> TaskFile | None:
    """Return the scripts of `[tool.pdm.scripts]`; those before and after another are needed."""
    scripts = Scripts(file, ("tool", "pdm", "scripts"))
    table = table_of(file.content, *scripts.table)
    shared = settings(table_of(table, SHARED).get("env"))
    found = [
        _pdm_script(scripts, table, name, shared)
        for name in scripts.bounded(table)
        if name != SHARED
    ]
    return scripts.tasks(found, "pdm run ")


def _pdm_script(
    scripts: Scripts, table: Mapping[str, Any], name: str, shared: Mapping[str, str]
) -> Task:
    value = table[name]
    stated = value if isinstance(value, dict) else {"cmd": value}
    env = {**shared, **settings(stated.get("env"))}
    cwd = scripts.folder(stated.get("working_dir"))
    key = next((one for one in ("cmd", "shell", "call", "composite") if one in stated), "cmd")
    keys = (name, key) if isinstance(value, dict) else (name,)
    needs = _around(table, name)
    parts: list[Part] = []
    if key == "composite":
        for index, line in enumerate(texts(stated[key])):
            if line.strip() in table:
                needs.append(line.strip())
                continue
            first = line.split(" ", 1)[0]
            text = f"pdm run {line}" if first in table else line
            parts += scripts.shell(_plain(text), name, scripts.line(*keys, index), cwd, env)
    elif key == "call":
        parts += scripts.function(str(stated[key]), name, scripts.line(*keys))
    else:
        listed = stated.get(key)
        text = _joined(texts(listed)) if isinstance(listed, list) else _plain(text_of(listed) or "")
        parts += scripts.shell(text, name, scripts.line(*keys), cwd, env)
    return scripts.task(name, parts, needs)


def _joined(words: Sequence[str]) -> str:
    """Return a list of words as one command; a word that only stands for arguments may be none."""
    return " ".join(
        _plain(word) if ARGS.fullmatch(word) else shlex.quote(_plain(word)) for word in words
    ).strip()


def _plain(text: str) -> str:
    """Fill in what pdm fills in: arguments by their default, and its own program."""
    return ARGS.sub(lambda match: match["default"] or "", text).replace("{pdm}", "pdm").strip()


def _around(table: Mapping[str, Any], name: str) -> list[str]:
    """Return the scripts that run before and after another because of their names."""
    return [one for one in (f"pre_{name}", f"post_{name}") if one in table]


def rye_scripts(file: ScriptFile) -> TaskFile | None:
    """Return the scripts of `[tool.rye.scripts]`."""
    scripts = Scripts(file, ("tool", "rye", "scripts"))
    table = table_of(file.content, *scripts.table)
    return scripts.tasks(
        [_rye_script(scripts, table, name) for name in scripts.bounded(table)], "rye run "
    )


def _rye_script(scripts: Scripts, table: Mapping[str, Any], name: str) -> Task:
    value = table[name]
    stated = value if isinstance(value, dict) else {"cmd": value}
    env = settings(stated.get("env"))
    line = scripts.line(name)
    parts: list[Part] = []
    needs: list[str] = []
    for one in texts(stated.get("chain")):
        words = one.split()
        if len(words) == 1 and words[0] in table:
            needs += words
        elif words:
            text = f"rye run {one}" if words[0] in table else one
            parts += scripts.shell(text, name, line, env=env)
    if isinstance(call := stated.get("call"), str):
        if ":" in call:
            parts += scripts.function(call, name, line)
        else:
            parts += scripts.shell(f"python -m {call}", name, line, env=env)
    command = stated.get("cmd")
    if isinstance(command, list):
        parts += scripts.shell(shlex.join(texts(command)), name, line, env=env)
    elif isinstance(command, str):
        parts += scripts.shell(command, name, line, env=env)
    return scripts.task(name, parts, needs)


def taskipy_tasks(file: ScriptFile) -> TaskFile | None:
    """Return the tasks of `[tool.taskipy.tasks]`, each with its runner and its variables."""
    scripts = Scripts(file, ("tool", "taskipy", "tasks"))
    found = [*_taskipy(scripts, table_of(file.content, "tool", "taskipy"))]
    return scripts.tasks(found, "task ")


def _taskipy(scripts: Scripts, taskipy: Mapping[str, Any]) -> Iterator[Task]:
    table, stated = table_of(taskipy, "tasks"), table_of(taskipy, "settings")
    runner = text_of(stated.get("runner")) or ""
    variables = _variables(table_of(taskipy, "variables"))
    for name, value in scripts.bounded(table.items()):
        task = value if isinstance(value, dict) else {"cmd": value}
        text = text_of(task.get("cmd"))
        if text is None:
            continue
        if task.get("use_vars", stated.get("use_vars")) is True:
            text = NAMED.sub(lambda match: variables.get(match["name"], UNKNOWN), text)
        cwd = scripts.folder(task.get("cwd", stated.get("cwd")))
        line = scripts.line(name, "cmd")
        parts = scripts.shell(f"{runner} {text}".strip(), name, line, cwd)
        yield scripts.task(name, parts, _around(table, name))


def _variables(table: Mapping[str, Any]) -> dict[str, str]:
    """Return taskipy's variables; a recursive one holds those that stand before it."""
    found: dict[str, str] = {}
    for name, value in table.items():
        one = value if isinstance(value, dict) else {"var": value}
        text = text_of(one.get("var"))
        if text is not None and one.get("recursive") is True:
            text = NAMED.sub(lambda match: found.get(match["name"], UNKNOWN), text)
        found[name] = UNKNOWN if text is None or len(text) > 10_000 else text
    return found
