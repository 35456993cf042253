"""The variables of a Makefile: what they hold, where they are seen, and the work left on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mcp_server.conventions.make.references import Node, parse
from mcp_server.conventions.shell.words import UNKNOWN

WORK = 5_000_000
"""How many characters are looked at before a Makefile counts as too large to follow: 0.5 s."""
VISIT = 60
"""What following one reference costs, in characters."""
INHERITED = frozenset({"HOME", "PATH", "USER", "PWD", "TMPDIR", "LOGNAME"})
"""Variables that make takes from its environment, whose values are nobody's convention."""
PREDEFINED = {
    "MAKE": "make",
    "MAKE_COMMAND": "make",
    "CURDIR": ".",
    "RM": "rm -f",
    "SHELL": "/bin/sh",
    "MAKECMDGOALS": UNKNOWN,
    ".SHELLFLAGS": "-c",
}

Wildcard = Callable[[str], str]
"""Gives the names, with spaces between, that exist for the patterns of `$(wildcard)`."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A value: expanded at each use where it is recursive; `fixed` ones no file may change."""

    text: str
    recursive: bool = True
    fixed: bool = False
    origin: str = "file"


@dataclass(slots=True)
class Effort:
    """What all scopes of one Makefile share: the work that is left and what is being expanded."""

    wildcard: Wildcard = lambda _: UNKNOWN
    left: int = WORK
    depth: int = 0
    active: set[str] = field(default_factory=set)
    trees: dict[str, tuple[Node, ...]] = field(default_factory=dict)

    def spend(self, amount: int) -> bool:
        """Take from the work that is left; return whether there was enough."""
        self.left -= amount
        return self.left > 0

    def parsed(self, text: str) -> tuple[Node, ...]:
        """Return a text taken apart, each text once."""
        if text not in self.trees:
            self.trees[text] = parse(text) if self.spend(len(text)) else (UNKNOWN,)
        return self.trees[text]


class Scope:
    """The variables of a file, a target or a call, which sees those of the scope around it."""

    def __init__(self, outer: Scope | None = None, effort: Effort | None = None) -> None:
        self.outer = outer
        self.effort: Effort = effort or (outer.effort if outer else Effort())
        self.own: dict[str, Variable] = {}

    def find(self, name: str) -> Variable | None:
        """Return a variable as it stands in the nearest scope that has it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.own:
                return scope.own[name]
            scope = scope.outer
        return None

    def set(self, values: Mapping[str, str], origin: str = "automatic") -> None:
        """Set variables to texts that are not expanded again."""
        for name, text in values.items():
            self.own[name] = Variable(text, recursive=False, origin=origin)
