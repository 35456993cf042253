"""Creates the environments that a project's checks need, with the project's own commands."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp_server import process
from mcp_server.checkers.base import tail
from mcp_server.conventions import read_conventions
from mcp_server.conventions.environment.find import satisfies
from mcp_server.models import Report, Step
from mcp_server.repository import Conventions, Project
from mcp_server.turns import turn

SETUP_SECONDS = 1800.0
"""How long one command of the set-up may run: a first install downloads everything."""
PYTHON = re.compile(r"^python3?(?:\.\d+)?$")
INSTALL_HINTS = {
    "uv": "install it with `python3 -m pip install uv`",
    "poetry": "install it with `pipx install poetry`",
    "pdm": "install it with `pipx install pdm`",
    "pipenv": "install it with `pipx install pipenv`",
}

Say = Callable[[str], Awaitable[None]]


async def prepare_in_turn(root: Path, say: Say) -> str | None:
    """Create every missing environment of a folder, as `prepare` does, when it is our turn.

    Raises `HdbError` for a caller's mistake, and where the turn does not come.
    """
    first = read_conventions(root)

    async def waiting() -> None:
        await say("waiting: this folder is being verified already")

    async with turn(first.root, first.limits.deadline, waiting):
        # Read anew: what was missing may be there by now.
        return await prepare(read_conventions(root), say)


async def prepare(conventions: Conventions, say: Say) -> str | None:
    """Create every missing environment; return why it could not be done, or None.

    `say` is told each command before it runs.
    """
    for project in conventions.projects:
        if not _lacks_something(project):
            continue
        for argv, cwd in project.environment.create:
            folder = conventions.root / cwd
            words = await _resolved(argv, project, folder)
            if isinstance(words, str):
                return words
            await say(f"{cwd}: {shlex.join(argv)}" if cwd != "." else shlex.join(argv))
            report = await _run(words, folder, conventions.root)
            if report.status != 0:
                why = report.missing or tail(report.stdout + report.stderr)
                return f"`{shlex.join(argv)}` failed in {cwd}:\n{why}"
    return None


def _lacks_something(project: Project) -> bool:
    """Tell whether the environment is missing, or without a tool that it should hold.

    A set-up that was interrupted leaves an environment behind that looks whole.
    """
    folder = project.environment.folder
    if not project.environment.ready:
        return bool(project.commands)
    if folder is None:
        return any(shutil.which(one.start[0]) is None for one in project.commands)
    return not all((folder / "bin" / one.start[0]).exists() for one in project.commands)


async def _run(argv: tuple[str, ...], folder: Path, root: Path) -> Report:
    step = Step(
        tool="setup", argv=argv, cwd=folder, root=root, command=shlex.join(argv), source="setup"
    )
    return await process.run(step, limit=SETUP_SECONDS)


async def _resolved(argv: tuple[str, ...], project: Project, folder: Path) -> tuple[str, ...] | str:
    """Return the command with its program found, or why it cannot be."""
    program = argv[0]
    if argv[1:3] == ("-m", "venv") and PYTHON.match(program):
        python = await _suitable(project.python or "", program, folder)
        if python is None:
            return f"No Python that satisfies {project.python} was found on PATH: install one."
        return (python, *argv[1:])
    if "/" in program or shutil.which(program):
        return argv
    hint = INSTALL_HINTS.get(program, "install it")
    return f"{program} is not installed, and `{shlex.join(argv)}` needs it: {hint}."


async def _suitable(requires: str, preferred: str, folder: Path) -> str | None:
    """Return the first Python on PATH that satisfies `requires-python`, the named one first."""
    names = [preferred, *(f"python3.{minor}" for minor in range(20, 7, -1))]
    paths = [path for name in names if (path := shutil.which(name))]
    paths.append(sys.executable)
    for path in dict.fromkeys(paths):
        script = "import platform; print(platform.python_version())"
        report = await _run((path, "-I", "-c", script), folder, folder)
        if report.status == 0 and satisfies(report.stdout.strip(), requires):
            return path
    return None
