"""Judges environments that lie outside the project: an active one, and the Python of PATH."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.environment.dependencies import Declared
from mcp_server.conventions.environment.installed import distributions, python_version
from mcp_server.conventions.environment.interpreters import satisfies
from mcp_server.conventions.environment.soundness import damage
from mcp_server.conventions.layout.projects import is_marked

ACTIVE = {"VIRTUAL_ENV": "active", "CONDA_PREFIX": "conda", "PATH": "path"}
"""Where an environment outside the project is named, and what kind that is."""
NAMED_MOST = 3
"""How many missing packages are named."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an environment outside the project serves it: its Python, or why it does not."""

    prefix: Path
    python: str | None = None
    objection: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a project asks of an environment, where it lies, and the process's variables."""

    folder: Path
    declared: Declared
    requires: str | None
    variables: Mapping[str, str]


def judge_active(name: str, needs: Needs) -> Verdict | None:
    """Return the verdict on what the variable `name` names, None where it names nothing.

    An environment serves where its Python is one that the project may have, every package that
    running the project needs is in it and it lies in no other project.
    """
    variables, requires = needs.variables, needs.requires
    prefix = _of_path(variables) if name == "PATH" else _of_variable(variables.get(name))
    if prefix is None:
        return None
    if not prefix.is_dir():
        return Verdict(prefix, None, "is not there")
    version = python_version(prefix)
    broken = damage(prefix) if name == "VIRTUAL_ENV" else None
    if broken is not None:
        return Verdict(prefix, version, f"cannot be used: {broken}")
    if version and requires and not satisfies(version, requires):
        return Verdict(prefix, version, f"has Python {version}")
    owner = _owner(prefix, needs.folder) if name != "PATH" else None
    if owner is not None:
        return Verdict(prefix, version, f"belongs to the project in {owner}")
    return Verdict(prefix, version, lacking(prefix, needs.declared))


def lacking(prefix: Path, declared: Declared) -> str:
    """Say which packages that running the project needs are not in an environment, "" for none.

    Where nothing is declared for running it, what is declared for verifying it is asked for.
    """
    missing = sorted((declared.runtime or declared.every) - distributions(prefix).keys())
    if not missing:
        return ""
    more = f" and {len(missing) - NAMED_MOST} more" if len(missing) > NAMED_MOST else ""
    return f"lacks {', '.join(missing[:NAMED_MOST])}{more}"


def _owner(prefix: Path, folder: Path) -> Path | None:
    """Return the project that an environment lies in, where that is neither this nor above it."""
    holder = prefix.parent
    if folder.is_relative_to(holder) or holder.is_relative_to(folder):
        return None
    return holder if is_marked(holder) else None


def _of_variable(text: str | None) -> Path | None:
    return Path(text) if text and Path(text).is_absolute() else None


def _of_path(variables: Mapping[str, str]) -> Path | None:
    """Return the installation of the `python3` on PATH, where it can be told from its place."""
    for folder in variables.get("PATH", "").split(os.pathsep):
        python = Path(folder) / "python3"
        if folder and python.exists() and not (Path(folder).parent / "pyvenv.cfg").exists():
            prefix = python.resolve().parent.parent
            return prefix if any(prefix.glob("lib/python3*")) else None
    return None
