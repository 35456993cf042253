"""The frozen records of what was read about a repository: its projects, commands, environments."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mcp_server.facts import Facts
from mcp_server.limits import Limits
from mcp_server.models import Filter


class Role(StrEnum):
    """What a command is for; conventions are found, and strongest sources chosen, per role."""

    TEST = "test"
    COVERAGE = "coverage"
    TYPES = "types"
    LINT = "lint"
    IMPORTS = "imports"
    FORMAT = "format"
    MIGRATIONS = "migrations"
    SECURITY = "security"
    DOCS = "docs"


REPORTED = frozenset({Role.MIGRATIONS, Role.SECURITY, Role.DOCS})
"""Roles whose commands are told and not run, so that they leave no gap in a verification."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one project's files say to its tools, read and never run.

    `tables` are pyproject's `[tool.*]`; `sections` maps an ini file's name to its sections;
    `files` are the names of the files in the project's folder; `dependencies` are normalised
    names; `sources` are the folders and modules that hold the project's own code, `tests` those
    that hold its tests.
    """

    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    files: frozenset[str] = frozenset()
    dependencies: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()

    def table(self, name: str) -> str | None:
        """Return where pyproject's `[tool.NAME]` stands, or None."""
        return f"pyproject.toml [tool.{name}]" if name in self.tables else None

    def section(self, name: str, *files: str) -> str | None:
        """Return the first of the ini `files` with a section `name`, as a source, or None."""
        for file in files:
            if name in self.sections.get(file, {}):
                return f"{file} [{name}]"
        return None

    def file(self, *names: str) -> str | None:
        """Return the first of the file `names` that the project has, or None."""
        return next((name for name in names if name in self.files), None)


@dataclass(frozen=True, slots=True)
class Found:
    """A tool that the settings configure: where, and the arguments to run it with."""

    source: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that the project names for a role.

    `start` is how the tool is started, without a runner such as `uv run`: ("pytest",),
    ("python", "-m", "pytest"), ("coverage", "run", "-m", "pytest"). `args` follow. `text` is
    the command as the project wrote it; `cwd` is relative to the verified folder ("." for it);
    `reason` says why it is not planned.
    """

    tool: str
    role: Role
    text: str
    source: str
    cwd: str = "."
    start: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    venv: str | None = None
    """The environment folder that the command itself names (`.venv` of `.venv/bin/pytest`)."""
    literal: frozenset[str] = frozenset()
    """Arguments whose pattern characters the project quoted."""
    within: Filter | None = None
    """The files that the project runs it on, where its arguments name more; None for all."""
    task: str = ""
    """The named task that the command was chosen from."""
    via: str = ""
    """How a person runs the task that it was chosen from: `make lint`, `tox -e lint`."""
    in_ci: str = ""
    """Where the project's CI runs it, "" where it does not."""
    beside: bool = False
    """Whether it runs in its task beside planned commands."""
    gap: bool = False
    """Whether a verification without it is incomplete."""
    idle: bool = False
    """Whether nobody runs it: a tool that is configured, and no more."""
    mutates: bool = False
    sure: bool = True
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The Python environment that a project's tools live in, and how it is made.

    `folder` is absolute, None where the tools of PATH serve. `create` are the commands, each
    with its folder relative to the verified one, that make a missing environment.
    """

    kind: str
    folder: Path | None = None
    ready: bool = False
    python: str | None = None
    problem: str | None = None
    create: tuple[tuple[tuple[str, ...], str], ...] = ()
    source: str = ""
    why: str = ""
    """Why it is this one, where that is not plain from its kind."""
    lacks: tuple[str, ...] = ()
    """The planned tools that are not in it."""

    @property
    def creation(self) -> str:
        """The commands that make the environment, as the line a person would type."""
        lines = [
            shlex.join(argv) if cwd == "." else f"cd {shlex.quote(cwd)} && {shlex.join(argv)}"
            for argv, cwd in self.create
        ]
        grouped = [f"({line})" if " && " in line and len(lines) > 1 else line for line in lines]
        return " && ".join(grouped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One Python project below the verified folder, with what its files say.

    `commands` are planned; `others` were found but are not, each with its reason; `reported` are
    those of roles that are told and not run.
    """

    path: str
    settings: Settings
    environment: Environment
    python: str | None = None
    commands: tuple[Command, ...] = ()
    others: tuple[Command, ...] = ()
    reported: tuple[Command, ...] = ()
    disagreements: tuple[str, ...] = ()
    facts: Facts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What was read about a folder; `problems` are files that could not be read."""

    root: Path
    projects: tuple[Project, ...] = ()
    instructions: tuple[str, ...] = ()
    disagreements: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()
    """Checks that hdb knows of and no verification runs, which each says."""
    pass_env: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
