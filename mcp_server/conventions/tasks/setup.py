"""Finds the tasks of a project that only make its environment."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.conventions.choice.roles import FOREIGN, OTHER_FOLDERS, SETUP, name_words
from mcp_server.conventions.shell.pieces import Piece, Simple
from mcp_server.conventions.tasks.runner import unwrap
from mcp_server.conventions.tasks.tasks import TaskFile, reachable

INSTALLERS = {
    "uv": frozenset({"sync", "pip", "venv"}),
    "poetry": frozenset({"install", "sync", "config", "env"}),
    "pdm": frozenset({"install", "sync"}),
    "pipenv": frozenset({"install", "sync"}),
    "pip": frozenset({"install"}),
    "pip3": frozenset({"install"}),
    "pip-sync": frozenset({""}),
}
HOOKS = frozenset({"pre-commit", "prek", "lefthook"})
ISOLATING = frozenset({"poetry", "pdm", "pipenv"})
"""Managers that install into an environment of the project's own, never into the user's Python."""
NOT_FOR_WORK = frozenset({"prod", "production", "ci", "uninstall", "upgrade", "lock", "hooks"})


@dataclass(frozen=True, slots=True)
class Setup:
    """A task that makes an environment: where it stands, how, and in which folders."""

    source: str
    kind: str
    commands: tuple[tuple[tuple[str, ...], str], ...]


def setups(file: TaskFile) -> Iterator[Setup]:
    """Yield the tasks that only make an environment, those for development first."""
    names = [name for name in file.tasks if _names_setup(name)]
    for name in sorted(names, key=lambda one: not name_words(one) & {"dev", "develop"}):
        pieces = [part.piece for task in reachable(file.tasks, name) for part in task.parts]
        kept = [piece for piece in pieces if not _is_hook(piece)]
        made = [piece for piece in kept if isinstance(piece, Simple) and installs(piece)]
        if made and len(made) == len(kept) and _is_apart(made):
            kind = unwrap(made[0].argv).program
            yield Setup(
                file.tasks[name].source,
                kind if kind in {"uv", *ISOLATING} else "venv",
                tuple((_argv(piece), piece.cwd) for piece in made),
            )


def installs(piece: Piece) -> bool:
    """Tell whether a piece installs packages or makes an environment."""
    if not isinstance(piece, Simple):
        return False
    started = unwrap(piece.argv)
    if started.start[-2:] == ("-m", "venv") or started.program == "virtualenv":
        return True
    first = started.args[0] if started.args else ""
    return first in INSTALLERS.get(started.program, ())


def _names_setup(name: str) -> bool:
    words = name_words(name)
    return bool(words & SETUP) and not words & (FOREIGN | OTHER_FOLDERS | NOT_FOR_WORK)


def _is_hook(piece: Piece) -> bool:
    """Tell whether a piece installs git hooks, which an environment does not need."""
    if not isinstance(piece, Simple):
        return False
    started = unwrap(piece.argv)
    return started.program in HOOKS or started.program in {"mkdir", "touch"}


def _is_apart(made: list[Simple]) -> bool:
    """Tell whether what is installed lands in an environment of the project, not the user's."""
    if any("--system" in piece.argv or "--user" in piece.argv for piece in made):
        return False
    first = made[0]
    started = unwrap(first.argv)
    if started.program == "uv":
        return started.args[:1] != ("pip",)
    creates = started.start[-2:] == ("-m", "venv") or started.program == "virtualenv"
    return bool(creates or started.program in ISOLATING or started.venv or first.venv)


def _argv(piece: Simple) -> tuple[str, ...]:
    """Return the words of a command as they work without the shell that it stood in."""
    program = piece.argv[0]
    if piece.venv and "/" not in program and program not in INSTALLERS.keys() - {"pip", "pip3"}:
        program = posixpath.join(posixpath.relpath(piece.venv, piece.cwd), "bin", program)
    words = (program, *piece.argv[1:])
    settings = tuple(f"{name}={value}" for name, value in piece.env)
    return ("env", *settings, *words) if settings else words
