"""Recognises the checks that hdb tells and does not run: migrations, security, documentation."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcp_server.conventions.choice.roles import reported_role, states_check
from mcp_server.conventions.shell.pieces import Simple
from mcp_server.conventions.tasks.runner import Started, unwrap
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile
from mcp_server.repository import Command, Role

PROGRAMS = {
    "bandit": Role.SECURITY,
    "pip-audit": Role.SECURITY,
    "pip_audit": Role.SECURITY,
    "safety": Role.SECURITY,
    "semgrep": Role.SECURITY,
    "zizmor": Role.SECURITY,
    "gitleaks": Role.SECURITY,
    "detect-secrets": Role.SECURITY,
    "detect-secrets-hook": Role.SECURITY,
    "sphinx-build": Role.DOCS,
    "sphinx": Role.DOCS,
    "mkdocs": Role.DOCS,
    "zensical": Role.DOCS,
    "doc8": Role.DOCS,
    "sphinx-lint": Role.DOCS,
    "check_migrations": Role.MIGRATIONS,
    "squawk": Role.MIGRATIONS,
}
"""Tools of which every run is a check of its role, but for `SHOWING`."""
DOC_TARGETS = frozenset({"html", "dirhtml", "singlehtml", "linkcheck", "doctest"})
"""Targets of the Makefile that Sphinx writes."""
SHOWING = frozenset({"serve", "gh-deploy", "new", "--version", "-V", "version", "login", "deploy"})
MAKING = re.compile(
    r"\b(serve|deploy|gh-deploy|publish|autobuild|livehtml|sphinx-autobuild|watch|revision)\b"
)
ALEMBIC = frozenset({"check", "upgrade", "heads", "branches"})
DJANGO = {
    "makemigrations": frozenset({"--check", "--dry-run"}),
    "migrate": frozenset({"--check", "--plan"}),
    "lintmigrations": frozenset[str](),
}
"""Commands of manage.py that check migrations, with the options of which one must be there."""
WHY = "hdb tells it and does not run it"


def reported(parts: Iterable[Part], in_ci: str = "", via: str = "") -> Iterator[Command]:
    """Yield the commands among `parts` whose role is only reported."""
    for part in parts:
        # A word that is not known makes no difference to what is not run.
        piece = part.piece if isinstance(part.piece, Simple) else part.piece.near
        if piece is not None:
            started = unwrap(piece.argv)
            role = _role(started)
            if role is not None:
                told = replace(piece, text=part.piece.text)
                found = _command(told, part.source, role, _tool(started))
                yield replace(found, in_ci=in_ci, via=via)


def whole(file: TaskFile, task: Task, role: Role, in_ci: str) -> Command:
    """Return the command that runs a task whose name says that it is such a check."""
    line = file.way(task.name)
    piece = Simple((line,), file.folder, (), line)
    found = _command(piece, task.source, role, line.split(" ")[0])
    if not in_ci and not states_check(task.name):
        # `docs` may as well serve them, and `migrate` change a database.
        found = replace(found, sure=False, reason="its name does not say that it checks")
    return replace(found, in_ci=in_ci, via=line)


def makes(task: Task) -> bool:
    """Tell whether a task plainly does something else than to check: it serves or deploys."""
    return not task.parts or any(MAKING.search(part.piece.text) for part in task.parts)


def _role(started: Started) -> Role | None:
    program, words = posixpath.basename(started.program), set(started.args)
    if words & SHOWING:
        return None
    if program == "alembic":
        return Role.MIGRATIONS if words & ALEMBIC else None
    if program == "python" and started.args and posixpath.basename(started.args[0]) == "manage.py":
        command = started.args[1] if len(started.args) > 1 else ""
        needed = DJANGO.get(command)
        return Role.MIGRATIONS if needed is not None and (not needed or words & needed) else None
    role = Role.DOCS if program == "make" and words & DOC_TARGETS else PROGRAMS.get(program)
    if role is None and program in {"python", "sh", "bash"} and started.args:
        return reported_role(posixpath.basename(started.args[0]).partition(".")[0])
    if role is None and "/" in (started.start or ("",))[-1]:
        return reported_role(posixpath.basename(started.start[-1]).partition(".")[0])
    return role


def _tool(started: Started) -> str:
    if started.program in {"python", "sh", "bash"} and started.args:
        return posixpath.basename(started.args[0])
    return posixpath.basename(started.program).replace("_", "-")


def _command(piece: Simple, source: str, role: Role, tool: str) -> Command:
    return Command(
        tool=tool,
        role=role,
        text=piece.text,
        source=source,
        cwd=piece.cwd,
        env=piece.env,
        reason=WHY,
    )
