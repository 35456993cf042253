"""Reads the tasks of poe the poet, from pyproject or a file of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mcp_server.conventions.scripts.toml_file import (
    MAX_ITEMS,
    ScriptFile,
    Scripts,
    script_file,
    settings,
    table_of,
    text_of,
    texts,
)
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import HERE, doubted
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile

ROOT = re.compile(r"\$\{POE_(?:ROOT|CONF_DIR)\}|\$POE_(?:ROOT|CONF_DIR)\b")
COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
SHELLS = frozenset({"posix", "sh", "bash", "zsh"})
MAX_DEPTH = 10
"""How deep sequences may nest."""
MAX_INCLUDES = 20


def poe_tasks(file: ScriptFile) -> TaskFile | None:
    """Return the tasks of `[tool.poe]`, and of the files that it includes.

    Arguments have their defaults; one that has to be given is unknown, and what uses it opaque.
    """
    nested = table_of(file.content, "tool", "poe")
    keys, table = (("tool", "poe"), nested) if nested else ((), file.content)
    found: dict[str, Task] = {}
    scripts = Scripts(file, (*keys, "tasks"))
    for task in _Poe(scripts, table).tasks():
        found[task.name] = task
    for included, inner_keys, cwd in _included(file, table):
        inner = table_of(included.content, *inner_keys)
        for task in _Poe(Scripts(included, (*inner_keys, "tasks")), inner, cwd).tasks():
            found.setdefault(task.name, task)
    return scripts.tasks([*found.values()], "poe ")


def _included(
    file: ScriptFile, table: Mapping[str, Any]
) -> Iterator[tuple[ScriptFile, tuple[str, ...], str | None]]:
    stated = table.get("include")
    for one in (stated if isinstance(stated, list) else [stated])[:MAX_INCLUDES]:
        path = one.get("path") if isinstance(one, dict) else one
        if not isinstance(path, str) or not path.endswith(".toml") or "$" in path:
            continue
        included = script_file(file.place, file.folder, path)
        if included is not None:
            keys = ("tool", "poe") if table_of(included.content, "tool", "poe") else ()
            cwd = one.get("cwd") if isinstance(one, dict) else None
            yield included, keys, cwd if isinstance(cwd, str) else None


@dataclass(frozen=True, slots=True)
class _Context:
    """What a task hands down to those inside it."""

    name: str
    keys: tuple[str | int, ...]
    cwd: str | None
    env: Mapping[str, str]
    depth: int = 0


@dataclass(slots=True)
class _Found:
    parts: list[Part] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    def add(self, other: _Found) -> None:
        self.parts += other.parts
        self.needs += other.needs


class _Poe:
    """The tasks of one file with the defaults that it states."""

    def __init__(self, scripts: Scripts, table: Mapping[str, Any], cwd: str | None = None) -> None:
        self._scripts = scripts
        self._table = table
        self._cwd = cwd
        self._text_kind = str(table.get("default_task_type", "cmd"))
        self._list_kind = str(table.get("default_array_task_type", "sequence"))
        self._item_kind = str(table.get("default_array_item_task_type", "ref"))

    def tasks(self) -> Iterator[Task]:
        env = _settings(self._table.get("env"))
        for name, value in self._scripts.bounded(table_of(self._table, "tasks").items()):
            context = _Context(name, (name,), self._folder(self._cwd), env)
            found = self._task(value, context, self._text_kind)
            yield self._scripts.task(name, found.parts, found.needs)

    def _folder(self, stated: object) -> str | None:
        return self._scripts.folder(ROOT.sub(HERE, stated) if isinstance(stated, str) else stated)

    def _task(self, value: object, context: _Context, kind: str) -> _Found:
        if isinstance(value, str):
            return self._of_kind(kind, value, {}, context)
        if isinstance(value, list):
            return self._of_kind(self._list_kind, value, {}, context)
        if not isinstance(value, dict):
            return _Found()
        found = _Found()
        uses = value.get("uses")
        for need in (*texts(value.get("deps")), *(uses.values() if isinstance(uses, dict) else ())):
            found.add(self._reference(need, context))
        inner = replace(
            context,
            cwd=self._folder(value["cwd"]) if "cwd" in value else context.cwd,
            env={
                **context.env,
                **_settings(value.get("env")),
                **_arguments(value.get("args")),
                **dict.fromkeys(uses if isinstance(uses, dict) else (), UNKNOWN),
            },
        )
        for one in ("cmd", "shell", "script", "expr", "sequence", "parallel", "ref", "switch"):
            if one in value:
                keyed = replace(inner, keys=(*context.keys, one))
                found.add(self._of_kind(one, value[one], value, keyed))
                break
        return found

    def _of_kind(
        self, kind: str, value: object, stated: Mapping[str, Any], context: _Context
    ) -> _Found:
        line = self._scripts.line(*context.keys)
        if kind in {"sequence", "parallel", "switch"} and isinstance(value, list):
            return self._sequence(kind, value, stated, context)
        if not isinstance(value, str):
            return _Found()
        if kind == "ref":
            return self._reference(value, context)
        if kind in {"script", "expr"}:
            return _Found([*self._scripts.function(value, context.name, line)])
        text = ROOT.sub(HERE, value)
        if kind == "cmd":
            # A command of several lines is one command all the same.
            text = " ".join(COMMENT.sub("", text).split("\n")).strip()
        elif not _is_posix(stated.get("interpreter", self._table.get("shell_interpreter"))):
            text = f"{UNREADABLE}{text}"
        parts = self._scripts.shell(text, context.name, line, context.cwd, context.env)
        return _Found([*parts])

    def _sequence(
        self, kind: str, items: Sequence[object], stated: Mapping[str, Any], context: _Context
    ) -> _Found:
        found = _Found()
        if context.depth >= MAX_DEPTH:
            return found
        item_kind = str(stated.get("default_item_type", self._item_kind))
        for index, item in enumerate(items[:MAX_ITEMS]):
            keyed = replace(context, keys=(*context.keys, index), depth=context.depth + 1)
            found.add(self._task(item, keyed, item_kind))
        if kind == "switch":
            found.parts = [*doubted(found.parts)]
        return found

    def _reference(self, value: object, context: _Context) -> _Found:
        words = value.split() if isinstance(value, str) else []
        if len(words) == 1:
            return _Found([], words)
        line = self._scripts.line(*context.keys)
        text = " ".join(["poe", *words])
        parts = self._scripts.shell(text, context.name, line, context.cwd) if words else ()
        return _Found([*parts])


def _is_posix(stated: object) -> bool:
    return stated is None or any(one in SHELLS for one in texts(stated))


def _settings(table: object) -> dict[str, str]:
    """Return environment variables; `{default = "x"}` is one that the user may set."""
    if not isinstance(table, dict):
        return {}
    plain = {
        name: value.get("default") if isinstance(value, dict) else value
        for name, value in table.items()
    }
    return {name: ROOT.sub(HERE, value) for name, value in settings(plain).items()}


def _arguments(stated: object) -> dict[str, str]:
    """Return the variables that a task's arguments are, as they are when none is given."""
    listed: list[tuple[object, object]] = []
    if isinstance(stated, dict):
        listed = [*stated.items()]
    elif isinstance(stated, list):
        listed = [(one.get("name"), one) if isinstance(one, dict) else (one, {}) for one in stated]
    found: dict[str, str] = {}
    for name, value in listed:
        one = value if isinstance(value, dict) else {}
        if not isinstance(name, str):
            continue
        default = text_of(one.get("default"))
        required = one.get("required") is True or (bool(one.get("positional")) and default is None)
        absent = one.get("type") == "boolean" and default in {None, "false"}
        found[name.replace("-", "_")] = (
            UNKNOWN if required else "" if default is None or absent else default
        )
    return found
