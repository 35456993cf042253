"""Reads the tasks of invoke's tasks.py as tasks; the file is parsed and never imported."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcp_server.conventions.python_files.commands import EXHAUSTED, CommandHost
from mcp_server.conventions.python_files.expressions import Frame
from mcp_server.conventions.python_files.files import Function, functions, parse_python
from mcp_server.conventions.python_files.follower import Follower
from mcp_server.conventions.python_files.hosts import Call
from mcp_server.conventions.python_files.values import Ref, Value, items_of, word
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import TaskCommands, task_text
from mcp_server.conventions.tasks.tasks import Task, TaskFile

OWN = "<context>"
FILES = ("tasks.py", "tasks/__init__.py")
PACKAGES = ("invoke", "invocations")
DECORATORS = frozenset({"invoke.task", "invoke.tasks.task", "invocations.task"})
RUNNING = frozenset({f"{OWN}.run", f"{OWN}.local", "invoke.run"})
PRIVILEGED = frozenset({f"{OWN}.sudo", "invoke.sudo"})
CALLS = frozenset({"invoke.call", "invoke.tasks.call"})


def invoke_tasks(place: Place, folder: str) -> TaskFile | None:
    """Return the tasks of invoke's tasks.py or tasks package in `folder`, relative to the root.

    The default task comes first. A file of that name which does not import from invoke is none.
    """
    for name in FILES:
        path = posixpath.normpath(posixpath.join(folder, name))
        text = task_text(place, path)
        if text is None or not any(package in text for package in PACKAGES):
            continue
        tree = parse_python(place, path)
        if tree is not None and _is_for_invoke(tree):
            return _read(tree, place, path, folder)
    return None


def _is_for_invoke(tree: ast.Module) -> bool:
    return any(
        (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").partition(".")[0] in PACKAGES
            and not node.level
        )
        or (
            isinstance(node, ast.Import)
            and any(one.name.partition(".")[0] in PACKAGES for one in node.names)
        )
        for node in ast.walk(tree)
    )


@dataclass(frozen=True, slots=True)
class _Decorated:
    """A function that invoke runs as a task, with what its decorator says."""

    name: str
    function: Function
    named: Mapping[str, Value]
    before: tuple[Value, ...]


class _Invoke(CommandHost):
    """What a task calls on its context."""

    def __init__(self, commands: TaskCommands) -> None:
        super().__init__(commands, OWN)

    def call(self, call: Call) -> Value:
        first = call.values[0] if call.values else call.named.get("command", None)
        if call.path in RUNNING:
            if isinstance(first, str):
                self.shell(first, call.line, call.named.get("env"))
            else:
                self.told("c.run(...)", "it computes the command when it runs", call.line)
        elif call.path in PRIVILEGED:
            self.told(f"sudo {word(first)}", "it runs as another user", call.line)
        elif call.path == f"{OWN}.cd":
            self.move(first)
        elif call.path == f"{OWN}.prefix":
            self.prefixes = (*self.prefixes, word(first))
        elif call.path in CALLS:
            return first
        return super().call(call)


def _read(tree: ast.Module, place: Place, path: str, folder: str) -> TaskFile:
    host = _Invoke(TaskCommands(place, path, folder))
    follower = Follower(host, path)
    follower.module(tree)
    found = [one for node in functions(tree.body) for one in _decorated(node, follower)]
    host.names = {one.function.name: one.name for one in found}
    tasks: dict[str, Task] = {}
    for one in sorted(found, key=lambda one: one.named.get("default") is not True):
        task = _task(one, host, follower, path)
        tasks[task.name] = task
        for alias in items_of(one.named.get("aliases")) or ():
            if isinstance(alias, str) and UNKNOWN not in alias:
                tasks.setdefault(alias, Task(alias, task.source, (), (task.name,)))
    return TaskFile(path, folder, tasks, "invoke ")


def _decorated(function: Function, follower: Follower) -> Iterator[_Decorated]:
    """Yield the task that a function is, where a decorator says that it is one."""
    frame = Frame(follower.names)
    for node in function.decorator_list:
        call = node if isinstance(node, ast.Call) else None
        target = follower.evaluator.value(call.func if call else node, frame)
        if not isinstance(target, Ref) or target.path not in DECORATORS:
            continue
        values = tuple(follower.evaluator.items(call.args, frame)) if call else ()
        named = {
            one.arg: follower.evaluator.value(one.value, frame)
            for one in (call.keywords if call else ())
            if one.arg
        }
        stated = named.get("name")
        name = stated if isinstance(stated, str) and UNKNOWN not in stated else function.name
        yield _Decorated(name.replace("_", "-").strip("-"), function, named, values)
        return


def _task(one: _Decorated, host: _Invoke, follower: Follower, path: str) -> Task:
    host.begin(one.name)
    follower.evaluator.begin()
    lists: dict[str, Value] = {word(name): [] for name in items_of(one.named.get("iterable")) or ()}
    follower.call(one.function, (Ref(OWN),), lists)
    line = one.function.lineno
    if follower.exhausted:
        host.told(one.name, EXHAUSTED, line)
    needed = [*one.before, *(items_of(one.named.get("pre")) or ())]
    needed += items_of(one.named.get("post")) or ()
    names = [
        host.names[other.name]
        for other in needed
        if isinstance(other, (ast.FunctionDef, ast.AsyncFunctionDef)) and other.name in host.names
    ]
    return Task(one.name, f"{path}:{one.name}:{line}", tuple(host.parts), tuple(names))
