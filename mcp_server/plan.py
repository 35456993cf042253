"""Turns conventions and a request into the steps to run; pure, but for looking where tools lie."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_server.checkers import checkers
from mcp_server.errors import UnsafePathError, UsageError
from mcp_server.models import Command, Conventions, Project, Role, Step, Verdict

SEPARATE = frozenset({"uvx", "uv", "pipx"})
"""Starters that bring an environment of their own, so that the project's is not looked in."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file, folder or node id to verify, relative to the verified folder."""

    path: str
    node: str = ""

    @property
    def is_test(self) -> bool:
        """Whether pytest would collect it."""
        name = posixpath.basename(self.path)
        folders = self.path.split("/")
        return (
            bool(self.node)
            or name.startswith("test_")
            or name.endswith("_test.py")
            or (
                not name.endswith(".py")
                and bool({"tests", "test", "testing"}.intersection(folders))
            )
        )


def read_targets(root: Path, texts: Iterable[str]) -> tuple[Target, ...]:
    """Return the targets that an agent or a person named, checked.

    Raises `UnsafePathError` for one that leaves the folder or starts with `-`, `UsageError` for
    one that does not exist.
    """
    found = []
    for text in texts:
        if text.startswith("-") or not text.strip() or "\0" in text:
            msg = f"{text!r} is not a target: name a file, a folder or a test id of the project."
            raise UnsafePathError(msg)
        path, _, node = text.partition("::")
        absolute = (root / path).resolve()
        if not absolute.is_relative_to(root):
            msg = f"{text} lies outside {root}: targets must be inside the verified folder."
            raise UnsafePathError(msg)
        if not absolute.exists():
            msg = f"There is no {path} in {root}."
            raise UsageError(msg)
        found.append(Target(absolute.relative_to(root).as_posix(), node))
    return tuple(found)


def plan(conventions: Conventions, targets: tuple[Target, ...] = ()) -> tuple[Step, ...]:
    """Return the steps of a verification, tests first; with targets only what concerns them."""
    steps: list[Step] = []
    for project in conventions.projects:
        seen: set[tuple[str, tuple[str, ...], str]] = set()
        tests = 0
        for command in project.commands:
            key = (command.tool, command.args, command.cwd)
            if key in seen:
                continue
            seen.add(key)
            chosen = _targets_of(command, project, targets) if targets else ()
            if chosen is None:
                continue
            tests += command.role is Role.TEST
            known = command.tool in checkers()
            alone = not known or (command.role is Role.TEST and tests > 1)
            steps.append(_step(command, project, conventions, chosen, alone=alone))
    return tuple(steps)


def _targets_of(
    command: Command, project: Project, targets: tuple[Target, ...]
) -> tuple[str, ...] | None:
    """Return the targets that a command can check, relative to its folder; None where none."""
    if command.tool not in checkers():
        return None
    inside = [
        target
        for target in targets
        if project.path == "." or f"{target.path}/".startswith(f"{project.path}/")
    ]
    if command.role is Role.TEST:
        inside = [target for target in inside if target.is_test]
    else:
        inside = [
            target
            for target in inside
            if target.path.endswith((".py", ".pyi")) or "." not in posixpath.basename(target.path)
        ]
    names = dict.fromkeys(
        posixpath.relpath(target.path, command.cwd)
        + (f"::{target.node}" if target.node and command.role is Role.TEST else "")
        for target in inside
    )
    return tuple(names) or None


def _step(
    command: Command,
    project: Project,
    conventions: Conventions,
    targets: tuple[str, ...],
    *,
    alone: bool,
) -> Step:
    cwd = conventions.root / command.cwd
    checker = checkers().get(command.tool)
    args = tuple(_globbed(command.args, cwd))
    if checker is None:
        return Step(
            tool=command.tool, argv=(*command.start, *args), cwd=cwd,
            root=conventions.root, command=command.text, source=command.source,
            env={**dict(command.env), "PYTEST_ADDOPTS": _addopts()},
            venv=_venv(project), inject=True, alone=alone,
        )  # fmt: skip
    invocation = checker.invoke(args, targets)
    start, refused = _resolve(command, project, conventions.root)
    argv = (*start, *invocation.args)
    return Step(
        tool=command.tool,
        argv=argv,
        cwd=cwd,
        root=conventions.root,
        command=command.text,
        source=command.source,
        started=len(start),
        args=args,
        targets=targets,
        ran=shlex.join((*command.start, *invocation.args)) if invocation.changed else None,
        env={**dict(command.env), **invocation.env},
        files=invocation.files,
        venv=_venv(project),
        remedy=project.environment.creation,
        inject=invocation.inject,
        alone=alone,
        refused=refused,
    )


def _addopts() -> str:
    inherited = os.environ.get("PYTEST_ADDOPTS", "")
    return f"{inherited} -p hdb_pytest_reporter".strip()


def _venv(project: Project) -> Path | None:
    return project.environment.folder if project.environment.ready else None


def _resolve(
    command: Command, project: Project, root: Path
) -> tuple[tuple[str, ...], tuple[Verdict, str] | None]:
    """Return what starts the command in the project's environment, or why it cannot start."""
    program, rest = command.start[0], command.start[1:]
    if program in SEPARATE:
        found = shutil.which(program)
        missing = None if found else (Verdict.MISSING, f"{program} is not installed")
        return (found or program, *rest), missing
    environment = project.environment
    make = environment.creation
    if not environment.ready:
        where = os.path.relpath(environment.folder, root) if environment.folder else "the project"
        why = f"{environment.problem} ({where}); create it with `hdb verify --setup` or: {make}"
        return command.start, (Verdict.MISSING, why)
    if environment.folder is None:
        found = shutil.which("python3" if program.startswith("python") else program)
    else:
        candidate = environment.folder / "bin" / program
        found = str(candidate) if candidate.exists() else None
    if found is None:
        where = os.path.relpath(environment.folder, root) if environment.folder else "PATH"
        why = f"{program} is not installed in {where}; to install what the project declares: {make}"
        return command.start, (Verdict.MISSING, why)
    return (found, *rest), None


def _globbed(args: Iterable[str], cwd: Path) -> Iterator[str]:
    """Expand file patterns as the shell would have; one that matches nothing stays."""
    for arg in args:
        matches = (
            sorted(path.relative_to(cwd).as_posix() for path in cwd.glob(arg))
            if {"*", "?"}.intersection(arg) and not arg.startswith(("-", "/"))
            else []
        )
        yield from matches or [arg]
