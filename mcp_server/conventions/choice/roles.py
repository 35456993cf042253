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
    "snapshot snapshots update record generate regen migrate migration migrations serve "
    "watch docker image".split()
)
SETUP = frozenset("install setup sync deps dev develop bootstrap init venv env".split())
OTHER_FOLDERS = frozenset("frontend front web ui js ts node npm client rust go".split())
"""Words that give a task to another language, whose checks are not ours."""
GENERAL = frozenset(
    "all run py python local check checks ci dev full project code src scripts script bin "
    "sh backend server".split()
)
"""Words that take nothing away from what a task's name says."""
REPORTED_WORDS = {
    Role.MIGRATIONS: {"migration", "migrations", "migrate", "alembic"},
    Role.SECURITY: {"security", "audit", "bandit", "vulnerabilities", "safety"},
    Role.DOCS: {"docs", "doc", "documentation", "sphinx", "mkdocs"},
}
NOT_A_CHECK = frozenset(
    "serve watch live deploy publish release clean open auto autobuild create make new upgrade "
    "downgrade generate gen revision init install setup no without".split()
)
"""Words of tasks about migrations and documentation that make or show something."""
CHECKING = frozenset("check checks test tests lint verify validate audit scan strict".split())
MUTATING = 4
"""A mutating command is worse than the same tool's check under a less fitting name."""
FOREIGN_RANK = 20


def name_words(name: str) -> set[str]:
    """Return the words of a task's name."""
    return set(re.split(r"[-_/.: ]", name.lower()))


def judged(name: str) -> str:
    """Return the part of a task's name that says what it is for: `typing` of `test:typing`.

    The environment of a script comes before it; a module (`infra::test`) is a place of its own.
    """
    place, _, own = name.rpartition(":")
    whole = place and not place.endswith(":") and role_of(own) is not None
    return own if whole else name


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


def odd_words(name: str, role: Role, tool: str, known: frozenset[str] = frozenset()) -> set[str]:
    """Return the words of a name that speak of something else than a role's whole check.

    `known` are words that only say where: the names of the project's folders.
    """
    plain = ROLE_WORDS.get(role, set()) | name_words(tool) | AGGREGATES | GENERAL | known
    return {word for word in name_words(name) - plain if not re.fullmatch(r"(py)?[0-9]*", word)}


def states_check(name: str) -> bool:
    """Tell whether the name of a task about migrations, security or documentation says check."""
    return bool(name_words(name) & CHECKING)


def reported_role(name: str) -> Role | None:
    """Return the role of a task whose command is told and not run, None where it has none."""
    words = name_words(name)
    if words & (NOT_A_CHECK | OTHER_FOLDERS):
        return None
    if words >= {"db", "check"}:
        return Role.MIGRATIONS
    found = next((role for role, of_role in REPORTED_WORDS.items() if words & of_role), None)
    # Tests of what the documentation says are tests.
    return None if found is Role.DOCS and words & ROLE_WORDS[Role.TEST] else found
