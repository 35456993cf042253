"""Reads the scripts of hatch's environments, from pyproject or hatch.toml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mcp_server.conventions.scripts.toml_file import ScriptFile, Scripts, settings, table_of, texts
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.commands import HERE
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile

FIELD = re.compile(r"\{(?P<name>args|root|env|matrix|[a-z_]+)(?::(?P<rest>[^{}]*))?\}")
MAX_DEPTH = 10
"""How deep scripts may refer to each other, and environments to their templates."""
MAX_LINES = 200
"""How many commands one script may come to."""
MAX_TOTAL = 5_000
"""How many commands all scripts of a file may come to."""
DEFAULT = "default"
BEYOND = "its scripts refer to each other further than hdb follows"


def hatch_scripts(file: ScriptFile, keys: tuple[str, ...]) -> TaskFile | None:
    """Return the scripts of the environments in the table at `keys`, as hatch would name them.

    Those of the default environment are `SCRIPT`, all others `ENV:SCRIPT`. An environment's
    scripts are also those of its template; arguments are none, `{args:x}` is `x`.
    """
    environments = table_of(file.content, *keys)
    scripts = Scripts(file, keys)
    left = [MAX_TOTAL]
    found = [
        task
        for name, value in environments.items()
        if isinstance(value, dict)
        for task in _Environment(scripts, environments, name, left).tasks()
    ]
    return scripts.tasks(found, "hatch run ")


class _Environment:
    """The scripts of one environment, with those that it inherits."""

    def __init__(
        self, scripts: Scripts, environments: Mapping[str, Any], name: str, left: list[int]
    ) -> None:
        self._scripts = scripts
        self._name = name
        self._left = left
        self._known: dict[str, tuple[list[str], tuple[str, ...]]] = {}
        self._env: dict[str, str] = {}
        for one in _lineage(environments, name):
            self._inherit(table_of(environments, one), one)
        self._budget = MAX_LINES

    def _inherit(self, table: Mapping[str, Any], name: str) -> None:
        own = settings(table.get("env-vars"))
        self._env = {**{key: _filled(value, None) for key, value in own.items()}, **self._env}
        for key in ("scripts", "extra-scripts"):
            for script, value in table_of(table, key).items():
                self._known.setdefault(script, (texts(value), (name, key, script)))

    def tasks(self) -> Iterator[Task]:
        for script, (_, keys) in self._scripts.bounded(self._known.items()):
            name = _full(self._name, script)
            line = self._scripts.line(*keys)
            if keys[0] != self._name:
                yield self._scripts.task(name, (), (_full(keys[0], script),), line)
                continue
            self._budget = MAX_LINES
            parts: list[Part] = []
            needs: list[str] = []
            self._expand(script, None, parts, needs, 0)
            yield self._scripts.task(name, parts, needs, line)

    def _expand(
        self, script: str, args: str | None, parts: list[Part], needs: list[str], depth: int
    ) -> None:
        """Add what a script runs; `args` are those that another script gives to it."""
        commands, keys = self._known[script]
        for index, command in enumerate(commands):
            self._budget -= 1
            self._left[0] -= 1
            if self._budget < 0 or self._left[0] < 0 or depth > MAX_DEPTH:
                line = self._scripts.line(*keys)
                parts += self._scripts.told(command, BEYOND, _full(self._name, script), line)
                return
            text = _filled(command.removeprefix("- ").strip(), args)
            first, _, rest = text.partition(" ")
            if first in self._known and first != script:
                if rest.strip():
                    self._expand(first, rest.strip(), parts, needs, depth + 1)
                else:
                    needs.append(_full(self._name, first))
                continue
            line = self._scripts.line(*keys, index)
            parts += self._scripts.shell(text, _full(keys[0], script), line, env=self._env)


def _lineage(environments: Mapping[str, Any], name: str) -> list[str]:
    """Return an environment and its templates, the nearest first."""
    found = [name]
    while len(found) <= MAX_DEPTH:
        table = table_of(environments, found[-1])
        template = table.get("template", DEFAULT)
        detached = table.get("detached") is True or found[-1].startswith("hatch-")
        if detached or not isinstance(template, str) or template in found:
            break
        found.append(template)
    return found


def _full(environment: str, script: str) -> str:
    return script if environment == DEFAULT else f"{environment}:{script}"


def _filled(text: str, args: str | None) -> str:
    """Fill in the fields that hatch fills in before it runs a command."""

    def value(match: re.Match[str]) -> str:
        name, rest = match["name"], match["rest"] or ""
        if name == "args":
            return rest if args is None else args
        if name == "root" and not rest:
            return HERE
        if name in {"env", "matrix"} and ":" in rest:
            return rest.partition(":")[2]
        return UNKNOWN

    # Twice, since the default of one field may be another.
    return FIELD.sub(value, FIELD.sub(value, text))
