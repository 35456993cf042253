"""Turns conventions and a request into the steps to run; pure, but for looking where tools lie."""

from __future__ import annotations

import os
import posixpath
import shlex
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

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
    def is_python(self) -> bool:
        """Whether a static tool would read it: a Python file or a folder."""
        name = posixpath.basename(self.path)
        return name.endswith((".py", ".pyi")) or "." not in name or self.path == "."

    def below(self, cwd: str) -> str:
        """Return it as a command in the folder `cwd` names it."""
        return posixpath.relpath(self.path, cwd) + (f"::{self.node}" if self.node else "")

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
            chosen = _targets_of(command, project, targets)
            if targets and not chosen:
                continue
            tests += command.role is Role.TEST
            known = command.tool in checkers()
            # What shares ports, databases or measured data with the tests waits for them.
            after = command.role is Role.COVERAGE or (command.role is Role.TEST and tests > 1)
            alone = after or not known
            steps.append(_step(command, project, conventions, chosen, alone=alone))
        if not targets:
            steps += _unserved(project, conventions.root)
    return tuple(steps)


def _unserved(project: Project, root: Path) -> Iterator[Step]:
    """Yield, for each role that nothing planned serves, what was found but cannot be run."""
    served = {command.role for command in project.commands}
    for command in project.others:
        if command.role not in served:
            served.add(command.role)
            yield Step(
                tool=command.tool,
                argv=(),
                cwd=root / command.cwd,
                root=root,
                command=command.text,
                source=command.source,
                refused=(Verdict.NOT_RUN, command.reason or "hdb is not sure of it"),
            )


def _targets_of(
    command: Command, project: Project, targets: tuple[Target, ...]
) -> tuple[Target, ...]:
    """Return the targets that a command can check."""
    if command.tool not in checkers() or command.role is Role.COVERAGE:
        return ()
    inside = [
        target
        for target in targets
        if "." in {project.path, target.path} or f"{target.path}/".startswith(f"{project.path}/")
    ]
    if command.role is Role.TEST:
        return tuple(target for target in inside if target.is_test)
    return tuple(target for target in inside if target.is_python)


def _step(
    command: Command,
    project: Project,
    conventions: Conventions,
    targets: tuple[Target, ...],
    *,
    alone: bool,
) -> Step:
    cwd = conventions.root / command.cwd
    # Tests are picked by name; any other tool is run as the project runs it and its findings
    # are picked, since a path that is named outright bypasses the tool's own `files` and `exclude`.
    tests = command.role is Role.TEST
    named = tuple(dict.fromkeys(one.below(command.cwd) for one in targets)) if tests else ()
    only = () if tests else tuple(dict.fromkeys(one.path for one in targets))
    checker = checkers().get(command.tool)
    args = tuple(_globbed(command.args, cwd))
    if checker is None:
        return Step(
            tool=command.tool, argv=(*command.start, *args), cwd=cwd,
            root=conventions.root, command=command.text, source=command.source,
            env={**dict(command.env), "PYTEST_ADDOPTS": _addopts()},
            venv=_venv(project), inject=True, alone=alone,
            refused=_without(project, conventions.root),
        )  # fmt: skip
    invocation = checker.invoke(args, named)
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
        targets=named,
        only=only,
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


def _without(project: Project, root: Path) -> tuple[Verdict, str] | None:
    """Return why nothing of a project can run where its environment is not ready."""
    environment = project.environment
    if environment.ready:
        return None
    where = os.path.relpath(environment.folder, root) if environment.folder else "the project"
    why = f"{environment.problem} ({where}); create it with `hdb verify --setup`"
    make = f" or: {environment.creation}" if environment.creation else ""
    return Verdict.MISSING, why + make


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
    if not environment.ready:
        return command.start, _without(project, root)
    if environment.folder is None:
        found = shutil.which("python3" if program.startswith("python") else program)
    else:
        candidate = environment.folder / "bin" / program
        found = str(candidate) if candidate.exists() else None
    if found is None:
        where = os.path.relpath(environment.folder, root) if environment.folder else "PATH"
        if canonicalize_name(program) in project.settings.dependencies:
            how = f"to install what the project declares: {environment.creation}"
        else:
            how = "the project does not declare it as a dependency: add it and install it there"
        return command.start, (Verdict.MISSING, f"{program} is not installed in {where}; {how}")
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
