"""Says what a task is for by its name, and how well the name fits a command."""

from __future__ import annotations

import re

from mcp_server.repository import Role

ROLE_WORDS = {
    Role.TEST: {"test", "tests", "pytest", "unittest", "testenv"},
    Role.COVERAGE: {"coverage", "cov", "test", "tests", "testenv"},
    Role.TYPES: {"type", "types", "typecheck", "typing", "typed", "mypy", "pyright"},
    Role.LINT: {"lint", "linter", "linters", "linting", "style", "flake8", "ruff"},
    Role.IMPORTS: {"imports", "isort", "lint"},
    Role.FORMAT: {"format", "fmt", "formatting", "style", "black"},
}
AGGREGATES = frozenset("check checks ci qa verify validate all quality lint".split())
NARROWING = frozenset(
    "unit integration e2e cov coverage fast slow smoke parallel watch debug failed one".split()
)
FOREIGN = frozenset(
    "docs doc release publish deploy bench benchmark benchmarks profile clean build package "
    "snapshot snapshots update record generate regen migrate migration migrations serve run "
    "watch docker image".split()
)
SETUP = frozenset("install setup sync deps dev develop bootstrap init venv env".split())
OTHER_FOLDERS = frozenset("frontend front web ui js ts node npm client rust go".split())
"""Words that give a task to another language, whose checks are not ours."""
MUTATING = 4
"""A mutating command is worse than the same tool's check under a less fitting name."""
FOREIGN_RANK = 20


def name_words(name: str) -> set[str]:
    """Return the words of a task's name."""
    return set(re.split(r"[-_/.: ]", name.lower()))


def role_of(name: str) -> Role | None:
    """Return the role that a task's name states, None where it states none."""
    words = name_words(name)
    if words & (FOREIGN | OTHER_FOLDERS):
        return None
    named = (role for role, of_role in ROLE_WORDS.items() if words & of_role)
    return next(named, Role.LINT if words & AGGREGATES else None)


def is_aggregate(name: str) -> bool:
    """Tell whether a name states that something is checked, but not what."""
    words = name_words(name)
    return bool(words & AGGREGATES) and not any(words & one for one in ROLE_WORDS.values())


def is_narrow(name: str) -> bool:
    """Tell whether a name states a part of a check, or a way of running it."""
    return bool(name_words(name) & NARROWING)


def rank(name: str, role: Role, tool: str, *, mutates: bool) -> int:
    """Say how far a task's name is from naming what a command is for; 0 names it."""
    words = name_words(name)
    if words & FOREIGN:
        return FOREIGN_RANK
    penalty = MUTATING * mutates
    if words & (ROLE_WORDS[role] | name_words(tool)):
        narrow = words & NARROWING and role is not Role.COVERAGE
        return (2 if narrow else 0) + penalty
    return (3 if words & AGGREGATES else 5) + penalty
