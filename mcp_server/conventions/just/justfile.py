"""Reads the recipes of a justfile as tasks; just itself is never asked."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mcp_server.conventions.just.expressions import Scope
from mcp_server.conventions.just.modules import Module, find_justfile
from mcp_server.conventions.just.syntax import Dependency, Recipe, literal
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import TaskCommands
from mcp_server.conventions.tasks.tasks import SHEBANG, SHELLS, Part, Task, TaskFile

SIGILS = re.compile(r"[@-]*")
POSITIONAL = re.compile(r"\"\$@\"|\$[@*]|\$\{?(?P<number>[1-9])\}?")
MAX_DEPTH = 8
"""How deep recipes with arguments may call each other."""
MAX_CALLS = 2_000
"""How many times recipes with arguments may be called in one file."""


def justfile_tasks(place: Place, folder: str) -> TaskFile | None:
    """Return the recipes of the justfile in `folder`, relative to the root, as tasks.

    The recipe that just runs without a name comes first; those of modules are `module::recipe`.
    A parameter without a default, a backtick and `env()` are unknown, and what uses them opaque.
    """
    module = find_justfile(place, folder)
    if module is None:
        return None
    reader = _Reader(TaskCommands(place, module.path, module.folder), module.folder)
    tasks = {task.name: task for task in reader.tasks(module, "")}
    return TaskFile(module.path, folder, tasks, "just ")


@dataclass(frozen=True, slots=True)
class _Call:
    """A recipe with what its parameters stand for."""

    recipe: Recipe
    path: str
    module: Module
    scope: Scope
    values: tuple[str, ...]


class _Reader:
    """Turns recipes into tasks, their commands counted."""

    def __init__(self, commands: TaskCommands, invoked: str) -> None:
        self._commands = commands
        self._invoked = invoked
        self._calls = 0
        self._exported: dict[str, dict[str, str]] = {}

    def tasks(self, module: Module, prefix: str) -> Iterator[Task]:
        scope = Scope(module.variables)
        recipes = sorted(
            module.recipes.values(), key=lambda one: "default" not in one[0].attributes
        )
        for recipe, path in recipes:
            call = _bound(recipe, path, module, scope, ())
            parts, needs = self._parts(call, prefix, 0)
            source = f"{path}:{recipe.name}:{recipe.line}"
            yield Task(f"{prefix}{recipe.name}", source, tuple(parts), tuple(needs))
        for alias, (target, line) in module.aliases.items():
            source = f"{module.path}:{alias}:{line}"
            yield Task(f"{prefix}{alias}", source, (), (f"{prefix}{target}",))
        for name, inner in module.modules.items():
            yield from self.tasks(inner, f"{prefix}{name}::")

    def _parts(self, call: _Call, prefix: str, depth: int) -> tuple[list[Part], list[str]]:
        """Return what a recipe runs, and the recipes without arguments that it needs."""
        parts: list[Part] = []
        needs: list[str] = []
        for need in call.recipe.needs:
            if not need.arguments:
                needs.append(f"{prefix}{need.name}")
                continue
            inner, further = self._needed(need, call, prefix, depth)
            parts += inner
            needs += further
        return [*parts, *self._own(call)], needs

    def _needed(
        self, need: Dependency, call: _Call, prefix: str, depth: int
    ) -> tuple[list[Part], list[str]]:
        known = call.module.recipes.get(need.name)
        self._calls += 1
        if known is None or depth >= MAX_DEPTH or self._calls > MAX_CALLS:
            return [], []
        values = [call.scope.evaluate(one) for one in need.arguments]
        bound = _bound(*known, call.module, Scope(call.module.variables), values)
        return self._parts(bound, prefix, depth + 1)

    def _own(self, call: _Call) -> Iterator[Part]:
        cwd = self._cwd(call)
        env = self._environment(call)
        name = call.recipe.name
        positional = "positional-arguments" in {*call.module.settings, *call.recipe.attributes}
        for line, text in _scripts(call):
            told = _positional(text, call.values) if positional else text
            yield from self._commands.parts(told, name, line, cwd, env, path=call.path)

    def _environment(self, call: _Call) -> dict[str, str]:
        module = call.module
        if module.path not in self._exported:
            names = {*module.exported, *(module.variables if "export" in module.settings else ())}
            scope = Scope(module.variables)
            self._exported[module.path] = {name: scope.value(name) for name in sorted(names)}
        own = {
            one.name: call.scope.value(one.name)
            for one in call.recipe.parameters
            if "$" in one.sigils or "export" in module.settings
        }
        return {**self._exported[module.path], **own} if own else self._exported[module.path]

    def _cwd(self, call: _Call) -> str | None:
        attributes, settings = call.recipe.attributes, call.module.settings
        if "no-cd" in attributes:
            return self._invoked
        cwd: str | None = call.module.folder
        if "working-directory" in settings:
            stated = call.scope.evaluate(settings["working-directory"])
            cwd = self._commands.moved(cwd, stated)
        for stated in attributes.get("working-directory", ()):
            cwd = self._commands.moved(cwd, stated)
        return cwd


def _bound(recipe: Recipe, path: str, module: Module, scope: Scope, values: Sequence[str]) -> _Call:
    """Bind a recipe's parameters to values, and to their defaults after those."""
    bound: dict[str, str] = {}
    for index, parameter in enumerate(recipe.parameters):
        given = values[index:] if set("*+") & set(parameter.sigils) else values[index : index + 1]
        if given:
            bound[parameter.name] = " ".join(given)
        elif parameter.default is not None:
            bound[parameter.name] = scope.inner(bound).evaluate(parameter.default)
        else:
            bound[parameter.name] = "" if "*" in parameter.sigils else UNKNOWN
    return _Call(recipe, path, module, scope.inner(bound), tuple(bound.values()))


def _positional(text: str, values: Sequence[str]) -> str:
    """Fill in what a recipe's arguments are where the shell is given them."""

    def value(match: re.Match[str]) -> str:
        number = match["number"]
        given = values[int(number) - 1 : int(number)] if number else [one for one in values if one]
        return shlex.join(given)

    return POSITIONAL.sub(value, text)


def _scripts(call: _Call) -> Iterator[tuple[int, str]]:
    """Yield the shell texts that a recipe runs one after another, each with its line."""
    body = call.recipe.body
    first = next((text for _, text in body if text.strip()), "")
    named = call.recipe.attributes.get("script")
    if first.startswith("#!") or named is not None:
        whole = "\n".join(call.scope.interpolate(text) for _, text in body)
        script = (
            bool(SHEBANG.match(first)) if first.startswith("#!") else _is_shell(named or ["sh"])
        )
        yield body[0][0] if body else 1, whole if script else f"{UNREADABLE}{whole}"
        return
    shell = call.module.settings.get("shell")
    readable = shell is None or _is_shell(
        [literal(text) for kind, text in shell if kind == "string"]
    )
    for line, text in _logical_lines(body):
        told = call.scope.interpolate(SIGILS.sub("", text, count=1).strip())
        if told:
            yield line, told if readable else f"{UNREADABLE}{told}"


def _is_shell(words: Sequence[str]) -> bool:
    return any(posixpath.basename(word) in SHELLS for word in words)


def _logical_lines(body: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    pending, start = "", 0
    for number, text in body:
        start = start if pending else number
        whole = pending + (text.lstrip() if pending else text)
        if text.endswith("\\"):
            pending = whole[:-1]
            continue
        yield start, whole
        pending = ""
    if pending:
        yield start, pending
