"""Reads the sessions of a noxfile as tasks; the file is parsed and never imported."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcp_server.conventions.python_files.commands import EXHAUSTED, CommandHost
from mcp_server.conventions.python_files.expressions import Frame
from mcp_server.conventions.python_files.files import Function, functions, parse_python
from mcp_server.conventions.python_files.follower import Follower
from mcp_server.conventions.python_files.hosts import Call
from mcp_server.conventions.python_files.values import UNTOLD, Ref, Value, items_of, word
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import TaskCommands
from mcp_server.conventions.tasks.tasks import Task, TaskFile

OWN = "<session>"
SETUP = frozenset({"run_always", "run_install"})
INSTALLS = {"install": ("pip", "install"), "conda_install": ("conda", "install")}
NOTHING = frozenset("debug log warn warning interactive".split())
ENDING = frozenset({"error", "skip"})


@dataclass(frozen=True, slots=True)
class NoxFile:
    """The sessions of a noxfile, which of them nox runs unasked, and the tags each one has.

    `default` is None where only running the file would tell.
    """

    tasks: TaskFile
    default: tuple[str, ...] | None
    tags: Mapping[str, tuple[str, ...]]


def nox_tasks(place: Place, folder: str) -> TaskFile | None:
    """Return the sessions of the noxfile in `folder`, relative to the root, as tasks."""
    found = read_noxfile(place, folder)
    return found.tasks if found else None


def read_noxfile(place: Place, folder: str) -> NoxFile | None:
    """Return what the noxfile in `folder` states.

    Arguments after `--` are none. Of a parametrized session the first set of parameters is read;
    what depends on the Python version, or on what else only nox knows, is opaque.
    """
    path = posixpath.normpath(posixpath.join(folder, "noxfile.py"))
    tree = parse_python(place, path)
    if tree is None:
        return None
    host = _Nox(TaskCommands(place, path, folder))
    follower = Follower(host, path)
    follower.module(tree)
    sessions = [one for node in functions(tree.body) for one in _sessions(node, follower)]
    tasks = {one.name: _task(one, host, follower, path) for one in sessions}
    unasked = tuple(dict.fromkeys(one.name for one in sessions if one.default))
    return NoxFile(
        TaskFile(path, folder, tasks, "nox -s "),
        _stated(host.default) if host.stated else unasked,
        {one.name: one.tags for one in sessions},
    )


@dataclass(frozen=True, slots=True)
class _Session:
    """A function that nox runs, with what its decorators say."""

    name: str
    function: Function
    python: Value
    default: bool
    tags: tuple[str, ...]
    requires: tuple[str, ...]
    parameters: Mapping[str, Value] = field(default_factory=dict)


class _Nox(CommandHost):
    """What a noxfile calls on its session."""

    def __init__(self, commands: TaskCommands) -> None:
        super().__init__(commands, OWN)
        self.default: Value = None
        self.stated = False
        self.python: Value = None

    def attribute(self, path: str) -> Value:
        known: Mapping[str, Value] = {
            f"{OWN}.env": self.env,
            f"{OWN}.name": self.task,
            f"{OWN}.posargs": [],
            f"{OWN}.python": self.python,
            "nox.options.sessions": [] if self.default is None else self.default,
        }
        return known[path] if path in known else super().attribute(path)

    def assign(self, path: str, value: Value) -> None:
        if path == "nox.options.sessions":
            self.stated = True
            self.default = UNTOLD if self.doubt else value

    def call(self, call: Call) -> Value:
        owner, _, name = call.path.rpartition(".")
        if call.path == "nox.param" and call.values:
            return call.values[0] if len(call.values) == 1 else call.values
        if owner != OWN:
            return super().call(call)
        words = [word(one) for one in call.values]
        if name in INSTALLS:
            self.setup((*INSTALLS[name], *words), call.line)
        elif name in SETUP and words:
            self.setup(words, call.line)
        elif name == "run" and words:
            self._run(call, words)
        elif name in {"cd", "chdir"} and call.values:
            self.move(call.values[0])
        elif name == "notify" and words:
            self.needs += [one for one in words[:1] if UNKNOWN not in one]
        elif name in ENDING and not self.doubt:
            self.ended = True
        return None if name in NOTHING else UNTOLD

    def _run(self, call: Call, words: list[str]) -> None:
        if isinstance(call.values[0], str):
            self.argv(words, call.line, call.named.get("env"))
        else:
            self.told("session.run(...)", "it calls a function or a computed command", call.line)


def _sessions(function: Function, follower: Follower) -> Iterator[_Session]:
    """Yield the session that a function is, where its decorators say that it is one."""
    frame = Frame(follower.names)
    parameters: dict[str, Value] = {}
    stated: dict[str, Value] | None = None
    for node in function.decorator_list:
        call = node if isinstance(node, ast.Call) else None
        target = follower.evaluator.value(call.func if call else node, frame)
        values = [*follower.evaluator.items(call.args, frame)] if call else []
        named = {
            one.arg: follower.evaluator.value(one.value, frame)
            for one in (call.keywords if call else ())
            if one.arg
        }
        if target in {Ref("nox.session"), Ref("nox.registry.session_decorator")}:
            stated = named
        elif target == Ref("nox.parametrize") and len(values) > 1:
            parameters.update(_first(values[0], values[1]))
    if stated is not None:
        python = parameters.get("python", stated.get("python"))
        several = items_of(python) if isinstance(python, list) else None
        named_so = stated.get("name")
        yield _Session(
            named_so if isinstance(named_so, str) and UNKNOWN not in named_so else function.name,
            function,
            (several[0] if len(several) == 1 else UNTOLD) if several else python,
            stated.get("default") is not False,
            _stated(stated.get("tags")) or (),
            _stated(stated.get("requires")) or (),
            parameters,
        )


def _first(names: Value, values: Value) -> Iterator[tuple[str, Value]]:
    """Yield the parameters of a parametrized session with their first values."""
    told = names.split(",") if isinstance(names, str) else items_of(names) or []
    found = items_of(values)
    first = found[0] if found else UNTOLD
    spread = items_of(first) if len(told) > 1 and not isinstance(first, str) else [first]
    known = spread if spread is not None and len(spread) == len(told) else [UNTOLD] * len(told)
    for name, value in zip(told, known, strict=True):
        yield word(name).strip(), value


def _stated(value: Value) -> tuple[str, ...] | None:
    """Return a collection of texts, None where it is none or not wholly known."""
    found = items_of(value) if not isinstance(value, str) else None
    if found is None or not all(isinstance(one, str) and UNKNOWN not in one for one in found):
        return None
    return tuple(found)


def _task(session: _Session, host: _Nox, follower: Follower, path: str) -> Task:
    host.begin(session.name)
    host.python = session.python
    follower.evaluator.begin()
    follower.call(session.function, (Ref(OWN),), session.parameters)
    line = session.function.lineno
    if follower.exhausted:
        host.told(session.name, EXHAUSTED, line)
    needs = tuple(dict.fromkeys((*session.requires, *host.needs)))
    return Task(session.name, f"{path}:{session.name}:{line}", tuple(host.parts), needs)
