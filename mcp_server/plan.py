"""Turns conventions and a request into the steps to run; pure, but for looking where tools lie."""

from __future__ import annotations

import glob
import os
import posixpath
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from packaging.utils import canonicalize_name

from mcp_server.checkers import checkers
from mcp_server.models import Step, Verdict
from mcp_server.repository import Command, Conventions, Project, Role
from mcp_server.targets import Target

SEPARATE = frozenset({"uvx", "uv", "pipx"})
"""Starters that bring an environment of their own, so that the project's is not looked in."""


def plan(
    conventions: Conventions,
    targets: tuple[Target, ...] = (),
    *,
    left_out: tuple[str, ...] = (),
    ordered: tuple[str, ...] = (),
) -> tuple[Step, ...]:
    """Return the steps of a verification, tests first; with targets only what concerns them.

    `left_out` are test files that are not to be run, `ordered` the others, nearest first. What
    measures the whole of the tests is no step then.
    """
    steps: list[Step] = []
    tests = 0
    for project in conventions.projects:
        seen: set[object] = set()
        for command in project.commands:
            how = (command.start, command.args, command.cwd, command.env, command.within)
            key = (command.tool, *how)
            if key in seen:
                continue
            seen.add(key)
            chosen = _targets_of(command, project, targets, conventions.root)
            if targets and not chosen:
                continue
            if left_out and command.role is Role.COVERAGE:
                continue
            tests += command.role is Role.TEST
            known = command.tool in checkers()
            # What shares ports, databases or measured data with the tests waits for them.
            after = command.role is Role.COVERAGE or (command.role is Role.TEST and tests > 1)
            alone = after or not known
            step = _step(command, project, conventions, chosen, alone=alone)
            if known and command.role is Role.TEST:
                step = replace(step, left_out=left_out, ordered=ordered)
            steps.append(step)
        if not targets:
            steps += _unserved(project, conventions.root)
    return tuple(steps)


def _unserved(project: Project, root: Path) -> Iterator[Step]:
    """Yield what leaves a gap: roles that nothing planned serves, and what a task runs besides."""
    for command in project.others:
        if command.gap:
            yield _refused(command, root, command.reason or "hdb is not sure of it")


def _inside(path: str) -> bool:
    """Tell whether a relative folder stays in the verified one."""
    normal = posixpath.normpath(path)
    return not posixpath.isabs(normal) and normal.split("/")[0] != ".."


def _refused(command: Command, root: Path, why: str) -> Step:
    """Return a command that is not run as a step that says why."""
    return Step(
        tool=command.tool,
        argv=(),
        cwd=root,
        root=root,
        command=command.text,
        source=command.source,
        refused=(Verdict.NOT_RUN, why),
    )


def _targets_of(
    command: Command, project: Project, targets: tuple[Target, ...], root: Path
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
        patterns = _test_files(project)
        return tuple(target for target in inside if target.is_test(root, patterns))
    return tuple(target for target in inside if target.is_python)


def _test_files(project: Project) -> tuple[str, ...]:
    """Return the patterns of the project's test files, pytest's own by default."""
    settings = project.settings
    pytest = settings.tables.get("pytest", {})
    options = pytest.get("ini_options", pytest)
    stated = [
        (options if isinstance(options, dict) else pytest).get("python_files"),
        settings.sections.get("pytest.ini", {}).get("pytest", {}).get("python_files"),
        settings.sections.get("tox.ini", {}).get("pytest", {}).get("python_files"),
        settings.sections.get("setup.cfg", {}).get("tool:pytest", {}).get("python_files"),
    ]
    usual = ["test_*.py", "*_test.py"]
    found = next((one for one in stated if isinstance(one, str | list) and one), usual)
    return tuple(found.split() if isinstance(found, str) else map(str, found))


def _step(
    command: Command,
    project: Project,
    conventions: Conventions,
    targets: tuple[Target, ...],
    *,
    alone: bool,
) -> Step:
    cwd = conventions.root / command.cwd
    if not _inside(command.cwd):
        why = f"{command.cwd} lies outside the verified folder"
        return _refused(command, conventions.root, why)
    if not cwd.is_dir():
        return _refused(command, conventions.root, f"there is no folder {command.cwd}")
    # Tests are picked by name; any other tool is run as the project runs it and its findings
    # are picked, since a path that is named outright bypasses the tool's own `files` and `exclude`.
    tests = command.role is Role.TEST
    named = tuple(dict.fromkeys(one.below(command.cwd) for one in targets)) if tests else ()
    only = () if tests else tuple(dict.fromkeys(one.path for one in targets))
    checker = checkers().get(command.tool)
    args = tuple(_globbed(command, cwd))
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
        within=command.within,
        ran=shlex.join((*command.start, *invocation.args)) if invocation.changed else None,
        env={**dict(command.env), **invocation.env},
        files=invocation.files,
        venv=_venv(project),
        remedy=project.environment.creation,
        inject=invocation.inject,
        recorded=invocation.recorded,
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


def _globbed(command: Command, cwd: Path) -> Iterator[str]:
    """Expand file patterns as the shell would have; one that is quoted or matches nothing stays."""
    for arg in command.args:
        pattern = {"*", "?"}.intersection(arg) and not arg.startswith("-")
        if pattern and arg not in command.literal:
            yield from sorted(glob.glob(arg, root_dir=cwd)) or [arg]  # noqa: PTH207 - as a shell does
        else:
            yield arg
