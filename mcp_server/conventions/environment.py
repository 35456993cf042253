"""Finds the environment of a project by its files: which one, and whether it is ready."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from mcp_server.conventions.creation import creation
from mcp_server.conventions.managers import LOCKS, find_manager, kept_elsewhere
from mcp_server.conventions.reading import read_text
from mcp_server.conventions.settings import Files
from mcp_server.repository import Environment

FOLDERS = (".venv", "venv", "env")
VERSION = re.compile(r"^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
NUMBERED = re.compile(r"python(3\.\d+)$")


ACTIVE = {"VIRTUAL_ENV": "active", "CONDA_PREFIX": "conda", "PATH": "path"}
"""Where an environment outside the project is named, and what kind that is."""


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
    made = Environment(
        kind=kind,
        create=creation(kind, home, where.root, files, _target(own, home)),
        source=next(
            (lock for lock, of in LOCKS.items() if of == kind and (home / lock).exists()), ""
        ),
    )
    judged = [
        _judge(replace(made, folder=candidate), requires)
        for candidate in _candidates(where, kind, home, own, files)
        if (candidate / "pyvenv.cfg").is_file()
    ]
    ready = next((one for one in judged if one.ready), None)
    # Commands that name an environment mean it and no other.
    if ready is None and own is None:
        names = dict(ACTIVE)
        if made.source or judged:
            # What manages the lock file makes an environment of its own, and one that is there but
            # cannot be used is mended, not passed over.
            del names["PATH"]
        ready = _active(made, names, where.variables, files, requires)
    if ready is not None:
        return ready
    return judged[0] if judged else replace(made, problem="there is no environment")


def satisfies(version: str, requires: str) -> bool:
    """Tell whether a Python version satisfies `requires-python`; an unreadable one asks nothing."""
    try:
        return SpecifierSet(requires).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _target(own: Path | None, home: Path) -> str:
    """Return the name of the environment to create, from the folder it is created in."""
    return ".venv" if own is None else os.path.relpath(own, home)


def _candidates(
    where: Where, kind: str, home: Path, own: Path | None, files: Files
) -> Iterator[Path]:
    if own is not None:
        yield own
    if kind == "uv" and (stated := where.variables.get("UV_PROJECT_ENVIRONMENT")):
        yield home / stated
    for base in dict.fromkeys((where.folder, home)):
        yield from (base / name for name in FOLDERS)
    yield from kept_elsewhere(kind, home, files.pyproject, where.variables)


def _judge(environment: Environment, requires: str | None) -> Environment:
    """Say whether an environment folder can be used: its Python is there and new enough."""
    folder = environment.folder
    if folder is None or not (folder / "bin" / "python").exists():
        return replace(environment, problem="its Python is gone, so it must be made again")
    match = VERSION.search(read_text(folder / "pyvenv.cfg") or "")
    return _of_version(environment, match[1] if match else None, requires)


def _of_version(environment: Environment, version: str | None, requires: str | None) -> Environment:
    if version and requires and not satisfies(version, requires):
        why = f"it has Python {version}, but the project requires {requires}"
        return replace(environment, python=version, problem=why)
    return replace(environment, python=version, ready=True)


def _active(
    made: Environment,
    names: Mapping[str, str],
    variables: Mapping[str, str],
    files: Files,
    requires: str | None,
) -> Environment | None:
    """Return the environment that is active or on PATH, where it holds the project's packages."""
    for name, kind in names.items():
        prefix = _path_prefix(variables) if name == "PATH" else _prefix(variables.get(name))
        if prefix is None or not _holds(prefix, files):
            continue
        found = replace(made, kind=kind, folder=None if name == "PATH" else prefix, source=name)
        judged = _of_version(found, _version_of(prefix), requires)
        if judged.ready:
            return judged
    return None


def _prefix(text: str | None) -> Path | None:
    return Path(text) if text and (Path(text) / "bin" / "python").exists() else None


def _version_of(prefix: Path) -> str | None:
    """Return the version of an installation by the name that its `python3` leads to."""
    for python in ("python3", "python"):
        match = NUMBERED.search((prefix / "bin" / python).resolve().name)
        if match:
            return match[1]
    match = VERSION.search(read_text(prefix / "pyvenv.cfg") or "")
    return match[1] if match else None


def _holds(prefix: Path, files: Files) -> bool:
    """Tell whether every package that running the project needs is installed under `prefix`.

    Where nothing is declared, the packages that verifying needs are asked for.
    """
    installed = {
        canonicalize_name(path.name.partition("-")[0].removesuffix(".egg"))
        for folder in ("site-packages", "dist-packages")
        for path in prefix.glob(f"lib/python3*/{folder}/*-info")
    }
    return (files.declared.runtime or files.declared.every) <= installed


def _path_prefix(variables: Mapping[str, str]) -> Path | None:
    """Return the installation of the `python3` on PATH, where it can be told from its place."""
    for folder in variables.get("PATH", "").split(os.pathsep):
        python = Path(folder) / "python3"
        if folder and python.exists() and not (Path(folder).parent / "pyvenv.cfg").exists():
            prefix = python.resolve().parent.parent
            return prefix if any(prefix.glob("lib/python3*")) else None
    return None
