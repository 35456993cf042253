"""What every rule states and finds; a rule is one module that knows nothing of the others."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mcp_server.semantic import Module

Severity: TypeAlias = Literal["warning", "note"]
Part: TypeAlias = Literal["service", "tests", "scripts"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One place where a rule does not hold.

    `message` says what is wrong here and what to do instead, in one sentence or two.
    """

    node: ast.AST
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One of hdb's own checks: its name, its reasons, its examples, and how it is found.

    `wrong` and `right` are whole files; a line `# file: PATH` begins another. `taught` is where
    the skills teach it, from `skills/` on. `source` are the addresses that it rests on.
    """

    name: str
    why: str
    """What goes wrong, in one sentence."""
    wrong: str
    right: str
    taught: str
    source: tuple[str, ...]
    severity: Severity = "warning"
    """A `note` is too often a matter of taste to be shown unasked."""
    looks_at: frozenset[Part] = frozenset({"service", "scripts"})
    """Which files it is asked about: the service's own, tests, or scripts run by hand."""
    once: bool = False
    """Whether one finding a project is enough."""
    same_as: tuple[str, ...] = ()
    """Codes of ruff and flake8 that say the same, whose `noqa` silences it."""
    check: Callable[[Module], Iterator[Hit]] | None = None
    """Finds its hits in a module; None where another step of a verification finds them."""
    reported_as: tuple[str, ...] = ()
    """The codes under which that step reports them."""
