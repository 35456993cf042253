"""Reads the tasks of a Taskfile; task itself is never asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping, line_of
from mcp_server.conventions.go_task.templates import fill_in
from mcp_server.conventions.go_task.text import (
    Scope,
    Taskfile,
    Written,
    find_taskfile,
    is_for_this_system,
    variables,
)
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import TaskCommands, doubted
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile

MAX_DEPTH = 8
"""How deep tasks with variables may call each other."""
MAX_CALLS = 2_000
"""How many times tasks with variables may be called in one file."""
MAX_ITEMS = 100
"""How many times a command may be repeated by `for`."""


def taskfile_tasks(place: Place, folder: str) -> TaskFile | None:
    """Return the tasks of the Taskfile in `folder`, relative to the root, with its includes.

    The `default` task comes first. What `sh:` computes is unknown, and what uses it opaque.
    """
    file = find_taskfile(place, folder)
    if file is None:
        return None
    reader = _Reader(TaskCommands(place, file.path, folder), file)
    return TaskFile(file.path, folder, {one.name: one for one in reader.tasks()}, "task ")


class _Found:
    """What a task was found to run, and the tasks that it needs as they are."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.needs: list[str] = []

    def add(self, other: _Found) -> None:
        self.parts += other.parts
        self.needs += other.needs


class _Reader:
    """Turns written tasks into tasks, their commands counted."""

    def __init__(self, commands: TaskCommands, file: Taskfile) -> None:
        self._commands = commands
        self._file = file
        self._calls = 0

    def tasks(self) -> Iterator[Task]:
        order = sorted(self._file.tasks.values(), key=lambda one: one.name != "default")
        for written in order:
            found = self._task(written, {}, 0)
            source = f"{written.path}:{written.name}:{written.line}"
            yield Task(written.name, source, tuple(found.parts), tuple(found.needs))
        for alias, name in self._file.aliases.items():
            if alias not in self._file.tasks and name in self._file.tasks:
                written = self._file.tasks[name]
                yield Task(alias, f"{written.path}:{alias}:{written.line}", (), (name,))

    def _task(self, written: Written, given: Mapping[str, str], depth: int) -> _Found:
        stated = as_mapping(written.value)
        found = _Found()
        if not is_for_this_system(stated.get("platforms")):
            return found
        outer = written.scope.new_child({"TASK": written.name, **given})
        for name in as_list(as_mapping(stated.get("requires")).get("vars")):
            one = name if isinstance(name, Located) else as_mapping(name).get("name")
            if isinstance(one, Located) and one not in outer:
                # It has to be given, so that nobody knows it here.
                outer[one] = UNKNOWN
        run = _Run(self, written, variables(stated.get("vars"), outer), depth)
        for need in as_list(stated.get("deps")):
            found.add(run.dependency(need))
        found.add(run.commands(written.value, stated))
        if "if" in stated:
            found.parts = [*doubted(found.parts)]
        return found

    def called(self, name: str, given: Mapping[str, str], caller: Written, depth: int) -> _Found:
        """Return what a call of a task comes to; without variables it is only needed."""
        found = _Found()
        whole = self._file.named(name, caller.namespace)
        if not given:
            found.needs.append(whole)
            return found
        self._calls += 1
        written = self._file.tasks.get(self._file.aliases.get(whole, whole))
        if written is None or depth >= MAX_DEPTH or self._calls > MAX_CALLS:
            return found
        return self._task(written, given, depth + 1)

    def shell(self, text: str, run: _Run, line: int) -> tuple[Part, ...]:
        """Return the parts of a command of a task."""
        written = run.written
        name = written.name.removeprefix(written.namespace)
        return self._commands.parts(text, name, line, run.cwd, run.env, path=written.path)

    def moved(self, folder: str | None, target: str) -> str | None:
        """Return a folder as seen from another one."""
        return self._commands.moved(folder, target)


class _Run:
    """One way of running a task: its variables, its settings and its folder."""

    def __init__(self, reader: _Reader, written: Written, scope: Scope, depth: int) -> None:
        stated = as_mapping(written.value)
        self.written = written
        self._reader = reader
        self._scope = scope
        self._depth = depth
        self.env = {**written.env, **variables(stated.get("env"), scope).maps[0]}
        folder = stated.get("dir")
        self.cwd = written.folder
        if isinstance(folder, Located):
            self.cwd = reader.moved(written.folder, fill_in(folder, scope))

    def commands(self, value: Value, stated: Mapping[str, Value]) -> _Found:
        """Return what the commands of a task come to, in order."""
        found = _Found()
        listed = stated.get("cmds", stated.get("cmd")) if isinstance(value, dict) else value
        for item in as_list(listed):
            for one in self._commands_of(item):
                found.add(one)
        return found

    def dependency(self, item: Value) -> _Found:
        """Return what a task that this one depends on comes to."""
        found = _Found()
        if isinstance(item, Located):
            item = {"task": item}
        for one in self._commands_of(item):
            found.add(one)
        return found

    def _commands_of(self, item: Value) -> Iterator[_Found]:
        if isinstance(item, Located):
            yield self._shell(item, self._scope)
            return
        stated = as_mapping(item)
        if not is_for_this_system(stated.get("platforms")):
            return
        if isinstance(deferred := stated.get("defer"), (Located, dict)):
            yield from self._commands_of(deferred)
            return
        for scope in self._repeated(stated.get("for")):
            found = self._command(stated, scope)
            if "if" in stated:
                found.parts = [*doubted(found.parts)]
            yield found

    def _command(self, stated: Mapping[str, Value], scope: Scope) -> _Found:
        command, task = stated.get("cmd"), stated.get("task")
        if isinstance(command, Located):
            return self._shell(command, scope)
        if isinstance(task, Located):
            given = variables(stated.get("vars"), scope).maps[0] if "vars" in stated else {}
            return self._reader.called(fill_in(task, scope), given, self.written, self._depth)
        return _Found()

    def _shell(self, text: Located, scope: Scope) -> _Found:
        found = _Found()
        told = fill_in(text, scope)
        if told.strip():
            found.parts += self._reader.shell(told, self, line_of(text))
        return found

    def _repeated(self, stated: Value | None) -> Iterator[Scope]:
        """Yield a scope for each time that a command is run; an unknown list is one of one."""
        if stated is None:
            yield self._scope
            return
        mapped = as_mapping(stated)
        name = mapped.get("as", "ITEM")
        for item in self._items(stated, mapped)[:MAX_ITEMS]:
            yield self._scope.new_child({str(name) if isinstance(name, str) else "ITEM": item})

    def _items(self, stated: Value, mapped: Mapping[str, Value]) -> list[str]:
        listed: Value | None = stated
        if mapped:
            own = as_mapping(as_mapping(self.written.value).get("vars"))
            name = mapped.get("var")
            key = name if isinstance(name, Located) else ""
            listed = own.get(key, self.written.lists.get(key))
            if isinstance(listed, Located):
                text = self._scope.get(key, UNKNOWN)
                split = mapped.get("split")
                return (
                    [text]
                    if UNKNOWN in text
                    else text.split(split if isinstance(split, str) and split else None)
                )
        if not isinstance(listed, list):
            return [UNKNOWN]
        return [
            fill_in(one, self._scope) if isinstance(one, Located) else UNKNOWN for one in listed
        ]
