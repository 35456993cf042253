"""Keeps the variables that a Makefile gives to single targets, and those it exports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcp_server.conventions.make.functions import matched
from mcp_server.conventions.make.text import Assignment
from mcp_server.conventions.make.variables import INHERITED, PREDEFINED, Scope, Variable

WRITTEN = frozenset({"file", "override", "command line"})
"""Where the value of a variable comes from that a Makefile or its caller set."""
NAME = re.compile(r"[A-Za-z_]\w*$")


@dataclass(slots=True)
class Locals:
    """The variables of targets and of patterns of targets, as they are assigned."""

    named: dict[str, list[Assignment]] = field(default_factory=dict)
    patterns: list[tuple[str, Assignment]] = field(default_factory=list)

    def add(self, names: Iterable[str], one: Assignment) -> None:
        """Keep an assignment for targets, or for the patterns among their names."""
        for name in names:
            if "%" in name:
                self.patterns.append((name, one))
            else:
                self.named.setdefault(name, []).append(one)

    def of(self, name: str) -> list[Assignment]:
        """Return what is assigned for a target; the pattern that fits it closest comes last."""
        met = [(matched(pattern, name), one) for pattern, one in self.patterns]
        fitting = [(-len(stem), one) for stem, one in met if stem]
        general = [one for _, one in sorted(fitting, key=lambda pair: pair[0])]
        return general + self.named.get(name, [])


@dataclass(slots=True)
class Exports:
    """Which variables recipes get in their environment."""

    names: dict[str, bool] = field(default_factory=dict)
    every: bool = False

    def chosen(self, scope: Scope, own: Iterable[Assignment]) -> list[str]:
        """Return the names of the variables that the recipe of a target gets."""
        local = {one.name for one in own if "export" in one.modifiers}
        known = dict.fromkeys([*scope.own, *self.names, *local])
        return [name for name in known if NAME.match(name) and self._has(name, scope, local)]

    def _has(self, name: str, scope: Scope, local: set[str]) -> bool:
        found = scope.find(name)
        if name in local or found is None or found.origin not in WRITTEN:
            return name in local
        given = found.fixed or name in INHERITED
        every = self.every and name not in {*PREDEFINED, "MAKEFILE_LIST"}
        return self.names.get(name, every or given)


def fixed(values: Mapping[str, str]) -> dict[str, Variable]:
    """Return variables given on a command line, which no file may change."""
    return {
        name: Variable(text, fixed=True, origin="command line") for name, text in values.items()
    }
