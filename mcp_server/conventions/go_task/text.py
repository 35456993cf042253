"""Reads a Taskfile and what it includes into tasks as they are written, names resolved."""

from __future__ import annotations

import posixpath
import sys
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp_server.conventions.files.yaml import (
    Located,
    Value,
    as_list,
    as_mapping,
    line_of,
    parse_yaml,
)
from mcp_server.conventions.go_task.templates import fill_in
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import HERE, task_text

FILES = tuple(
    f"{name}{suffix}"
    for suffix in (".yml", ".yaml", ".dist.yml", ".dist.yaml")
    for name in ("Taskfile", "taskfile")
)
MAX_FILES = 40
"""How many files one Taskfile may include, each time that it includes one counted."""
SYSTEMS = frozenset("aix android darwin dragonfly freebsd linux netbsd openbsd windows".split())
OWN_SYSTEM = "darwin" if sys.platform == "darwin" else "linux"


Scope = ChainMap[str, str]


@dataclass(frozen=True, slots=True)
class Written:
    """A task as it is written, with the file and the namespace that it stands in.

    `scope` and `env` are the variables and settings of its file, `lists` those of its variables
    that are lists; `folder` is where it runs unless it says otherwise, None where nobody knows.
    """

    name: str
    value: Value
    line: int
    path: str
    namespace: str
    folder: str | None
    scope: Scope
    env: Mapping[str, str]
    lists: Mapping[str, Value]


@dataclass(slots=True)
class Taskfile:
    """The tasks of a file and of those that it includes, by their whole names."""

    path: str
    tasks: dict[str, Written] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)

    def named(self, name: str, namespace: str) -> str:
        """Return the whole name of a task that is called from within a namespace."""
        if name.startswith(":"):
            return name[1:]
        return next(
            (
                one
                for one in (f"{namespace}{name}", name)
                if one in self.tasks or one in self.aliases
            ),
            f"{namespace}{name}",
        )


def variables(stated: object, scope: Scope) -> Scope:
    """Return a scope with further variables; `sh:`, `ref:` and collections are unknown."""
    found: dict[str, str] = {}
    inner = scope.new_child(found)
    for name, value in as_mapping(stated).items():
        told = fill_in(value, inner) if isinstance(value, Located) else UNKNOWN
        found[name] = UNKNOWN if told.startswith(UNREADABLE) else told
    return inner


def is_for_this_system(stated: object) -> bool:
    """Tell whether `platforms` holds the system we are on; without any, each does."""
    names = {one.partition("/")[0] for one in as_list(stated) if isinstance(one, Located)}
    systems = names & SYSTEMS
    return not systems or OWN_SYSTEM in systems


def find_taskfile(place: Place, folder: str) -> Taskfile | None:
    """Return the Taskfile of a folder, relative to the root, with what it includes."""
    for name in FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = task_text(place, path)
        if text is not None:
            loader = _Loader(place, Taskfile(path))
            scope = Scope({"ROOT_DIR": HERE, "USER_WORKING_DIR": HERE, "CLI_ARGS": ""})
            loader.load(_File(path, text, "", folder, scope, {}))
            return loader.found
    return None


@dataclass(frozen=True, slots=True)
class _File:
    """A file that is to be read, and where its tasks go and run."""

    path: str
    text: str
    namespace: str
    folder: str | None
    scope: Scope
    env: Mapping[str, str]


class _Loader:
    """Reads a Taskfile and its includes, as many as people write."""

    def __init__(self, place: Place, found: Taskfile) -> None:
        self.found = found
        self._place = place
        self._base = posixpath.dirname(found.path)
        self._files = 0

    def load(self, file: _File) -> None:
        self._files += 1
        try:
            content = as_mapping(parse_yaml(file.text))
        except ValueError as error:
            self._place.reader.unreadable(file.path, str(error))
            return
        own = posixpath.relpath(posixpath.dirname(file.path) or ".", self._base or ".")
        here = {"TASKFILE_DIR": HERE if own == "." else f"{HERE}/{own}"}
        scope = variables(content.get("vars"), file.scope.new_child(here))
        env = {**file.env, **variables(content.get("env"), scope).maps[0]}
        lists = as_mapping(content.get("vars"))
        for name, value in as_mapping(content.get("tasks")).items():
            whole = f"{file.namespace}{name}"
            self.found.tasks.setdefault(
                whole,
                Written(
                    whole, value, line_of(name), file.path, file.namespace, file.folder, scope,
                    env, lists,
                ),
            )  # fmt: skip
            for alias in as_list(as_mapping(value).get("aliases")):
                if isinstance(alias, Located):
                    self.found.aliases[f"{file.namespace}{alias}"] = whole
        for name, value in as_mapping(content.get("includes")).items():
            self._include(name, value, file, scope, env)

    def _include(
        self, name: str, value: Value, file: _File, scope: Scope, env: Mapping[str, str]
    ) -> None:
        stated = as_mapping(value)
        where = value if isinstance(value, Located) else stated.get("taskfile", "")
        where = fill_in(where, scope) if isinstance(where, str) else UNKNOWN
        if UNKNOWN in where or "://" in where or self._files >= MAX_FILES:
            return
        base = posixpath.join(posixpath.dirname(file.path), where.replace(HERE, self._base or "."))
        names = [base] if base.endswith((".yml", ".yaml")) else [f"{base}/{one}" for one in FILES]
        for path in dict.fromkeys(posixpath.normpath(one) for one in names):
            text = task_text(self._place, path)
            if text is None:
                continue
            namespace = (
                file.namespace if stated.get("flatten") == "true" else f"{file.namespace}{name}:"
            )
            folder = self._folder(stated.get("dir"), file, scope)
            inner = variables(stated.get("vars"), scope)
            before = set(self.found.tasks)
            self.load(_File(path, text, namespace, folder, inner, env))
            self._alias(stated, namespace, file.namespace, before)
            return

    def _folder(self, stated: Value | None, file: _File, scope: Scope) -> str | None:
        """Return where included tasks run: where the including ones do, unless `dir` is given."""
        if not isinstance(stated, Located):
            return file.folder
        told = fill_in(stated, scope).replace(
            HERE, posixpath.relpath(self._base or ".", posixpath.dirname(file.path) or ".")
        )
        moved = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), told))
        return None if UNKNOWN in moved or moved.startswith(("..", "/", "~")) else moved

    def _alias(
        self, stated: Mapping[str, Value], namespace: str, outer: str, before: set[str]
    ) -> None:
        """Give an included file's tasks the further names that they have."""
        new = [name for name in self.found.tasks if name not in before]
        if f"{namespace}default" in new:
            self.found.aliases[namespace.removesuffix(":")] = f"{namespace}default"
        for alias in as_list(stated.get("aliases")):
            for name in new if isinstance(alias, Located) else ():
                self.found.aliases[f"{outer}{alias}:{name.removeprefix(namespace)}"] = name
