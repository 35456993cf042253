"""Finds the environment of a project by its files: which one, why, and whether it is ready."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mcp_server.conventions.environment.active import ACTIVE, Needs, judge_active, lacking
from mcp_server.conventions.environment.creation import Target, creation
from mcp_server.conventions.environment.installed import python_version, tools_in
from mcp_server.conventions.environment.interpreters import (
    interpreter,
    minor,
    missing_python,
    pinned,
    satisfies,
)
from mcp_server.conventions.environment.kept import Candidate, kept_elsewhere
from mcp_server.conventions.environment.managers import LOCKS, find_manager
from mcp_server.conventions.environment.soundness import damage, is_environment
from mcp_server.conventions.files.settings import Files
from mcp_server.repository import Environment

__all__ = ["Where", "find_environment", "satisfies"]

FOLDERS = (".venv", "venv", "env")
MISSING = "there is no environment"
FETCHING = frozenset({"uv", "pixi", "conda", "hatch"})
"""Managers that bring the Python they need."""
RUNNERS = {".tox": "tox", ".nox": "nox"}


@dataclass(frozen=True, slots=True)
class Where:
    """The project's folder, the verified folder above it, and the process's variables."""

    folder: Path
    root: Path
    variables: Mapping[str, str]


def find_environment(
    where: Where, files: Files, requires: str | None, named: str | None = None
) -> Environment:
    """Return the environment of a project, found without running anything.

    `named` is the environment that the project's own commands name (`.venv` of
    `.venv/bin/pytest`), relative to the verified folder; `requires` the Python it asks for.
    """
    kind, home = find_manager(where.folder, where.root, files.settings.tables)
    own = where.root / named if named else None
    found = [
        one for one in _candidates(where, kind, home, own, files) if is_environment(one.folder)
    ]
    made = Environment(
        kind=kind,
        create=creation(kind, home, where.root, files, _target(where, home, requires, own, found)),
        source=next(
            (lock for lock, of in LOCKS.items() if of == kind and (home / lock).exists()), ""
        ),
    )
    judged = [
        _judge(replace(made, folder=one.folder, why=one.why, kind=one.kind or kind), requires)
        for one in found
        # Another manager's environment of that name serves only with the project's packages.
        if one.kind in {"", kind} or not lacking(one.folder, files.declared)
    ]
    ready = next((one for one in judged if one.ready), None)
    if ready is not None:
        return _with_pin(ready, where)
    # Commands that name an environment mean it and no other.
    objections: list[str] = []
    if own is None:
        # What manages the lock file makes an environment of its own, and one that is there but
        # cannot be used is mended, not passed over.
        names = [one for one in ACTIVE if one != "PATH" or not (made.source or judged)]
        needs = Needs(where.folder, files.declared, requires, where.variables)
        outside, objections = _outside(made, names, needs)
        if outside is None and not judged:
            outside = _of_runner(made, needs)
        if outside is not None:
            return outside
    best = judged[0] if judged else replace(made, problem=MISSING)
    lines = [best.problem or MISSING, *objections]
    if best.kind not in FETCHING and (absent := missing_python(requires, where.variables)):
        lines.append(absent)
    return replace(best, problem="; ".join(lines))


def _outside(
    made: Environment, names: Iterable[str], needs: Needs
) -> tuple[Environment | None, list[str]]:
    """Return the first environment outside the project that serves, and why others do not."""
    objections: list[str] = []
    for name in names:
        verdict = judge_active(name, needs)
        if verdict is not None and not verdict.objection:
            return replace(
                made,
                kind=ACTIVE[name],
                folder=None if name == "PATH" else verdict.prefix,
                python=verdict.python,
                ready=True,
                source=name,
                why=f"{name} names it, and it holds what the project needs",
            ), objections
        if verdict is not None and name != "PATH":
            objections.append(f"{name} names {verdict.prefix}, which {verdict.objection}")
    return None, objections


def _target(
    where: Where, home: Path, requires: str | None, own: Path | None, found: Iterable[Candidate]
) -> Target:
    """Return which folder is made with which Python, and whether what is there is in the way."""
    folder = ".venv" if own is None else os.path.relpath(own, home)
    pin = minor(pinned(where.folder, where.root))
    python = interpreter(requires, pin, where.variables)
    mended = any(one.kind == "conda" for one in found)
    if is_environment(home / folder):
        # Over what is broken, `venv` would leave the broken links as they are.
        mended = mended or not _judge(Environment(kind="", folder=home / folder), requires).ready
    return Target(folder, python, mended)


def _candidates(
    where: Where, kind: str, home: Path, own: Path | None, files: Files
) -> Iterator[Candidate]:
    if own is not None:
        yield Candidate(own, "the project's commands name it")
    if kind == "uv" and (stated := where.variables.get("UV_PROJECT_ENVIRONMENT")):
        yield Candidate(home / stated, "UV_PROJECT_ENVIRONMENT names it")
    for base in dict.fromkeys((where.folder, home)):
        yield from (Candidate(base / name) for name in FOLDERS)
    yield from kept_elsewhere(kind, home, where.root, files.pyproject, where.variables)
    if kind == "venv":
        # A plain monorepo often has one environment for all its parts.
        for base in where.folder.parents:
            if not base.is_relative_to(where.root):
                break
            for name in FOLDERS:
                if is_environment(base / name) and not lacking(base / name, files.declared):
                    yield Candidate(base / name, "it lies above and holds what the project needs")


def _judge(environment: Environment, requires: str | None) -> Environment:
    """Say whether an environment folder can be used: it is whole and its Python is asked for."""
    folder = environment.folder or Path()
    broken = damage(folder)
    if broken is not None:
        return replace(environment, problem=broken)
    version = python_version(folder)
    if version and requires and not satisfies(version, requires):
        why = f"it has Python {version}, but the project requires {requires}"
        return replace(environment, python=version, problem=why)
    return replace(environment, python=version, ready=True)


def _with_pin(environment: Environment, where: Where) -> Environment:
    """Say where the Python is another one than the project pins, or another one is active."""
    said = [environment.why] if environment.why else []
    pin = minor(pinned(where.folder, where.root))
    if pin and environment.python and minor(environment.python) != pin:
        said.append(f"it has Python {environment.python}, .python-version names {pin}")
    active = where.variables.get("VIRTUAL_ENV")
    if active and environment.folder and Path(active) != environment.folder:
        said.append(f"VIRTUAL_ENV names {active}, which is not the project's")
    return replace(environment, why="; ".join(said))


def _of_runner(made: Environment, needs: Needs) -> Environment | None:
    """Return an environment that tox or nox left behind, where it holds what is needed."""
    found = []
    for name, kind in RUNNERS.items():
        try:
            folders = sorted((needs.folder / name).iterdir())
        except OSError:
            continue
        for folder in folders:
            if not (folder / "pyvenv.cfg").is_file() or lacking(folder, needs.declared):
                continue
            if not needs.declared.runtime and "pytest" not in tools_in(folder, ["pytest"]):
                continue
            why = f"{kind} made it for its own runs; there is no other"
            found.append(_judge(replace(made, folder=folder, kind=kind, why=why), needs.requires))
    ready = [one for one in found if one.ready]
    return max(ready, key=lambda one: _order(one.python), default=None)


def _order(version: str | None) -> tuple[int, ...]:
    return tuple(int(one) for one in (version or "0").split("."))
