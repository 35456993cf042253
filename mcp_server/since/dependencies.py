"""Tells whether a change touched what says which packages are installed, or how checks are set."""

from __future__ import annotations

import fnmatch
import posixpath
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mcp_server.change import Change, before
from mcp_server.snapshot.relevance import is_configuration

DECLARING = (
    "*.lock requirements*.txt *requirements.txt constraints*.txt pylock*.toml environment.y*ml "
    "conda.yml pipfile pipfile.lock setup.py setup.cfg .python-version"
).split()
"""Names of files that declare or pin packages, in small letters."""
PROJECT = ("dependencies", "optional-dependencies", "requires-python", "entry-points", "scripts")
TOOLS = ("uv", "poetry", "pdm", "hatch", "pixi", "setuptools")
"""Tables of pyproject's `[tool]` that say what is installed."""


def redeclared(root: Path, change: Change) -> tuple[str, ...]:
    """Return the files of a change that declare other packages than before."""
    touched = (*change.changed, *change.deleted)
    projects = [path for path in touched if posixpath.basename(path) == "pyproject.toml"]
    old = before(change, root, projects)
    found = [path for path in touched if _declares(path)]
    found += [
        path for path in projects if _packages(old.get(path)) != _packages(_read(root / path))
    ]
    return tuple(sorted(found))


def reconfigured(change: Change) -> tuple[str, ...]:
    """Return the files of a change that say how checks are run, with other settings perhaps."""
    touched = (*change.changed, *change.deleted)
    return tuple(sorted(path for path in touched if is_configuration(path) and not _declares(path)))


def _declares(path: str) -> bool:
    *folders, name = path.lower().split("/")
    among = folders[-1:] == ["requirements"] and name.endswith((".txt", ".in"))
    return among or any(fnmatch.fnmatch(name, pattern) for pattern in DECLARING)


def _packages(content: bytes | None) -> object:
    """Return what a pyproject.toml says of packages, or all of it where it cannot be read."""
    try:
        document = tomllib.loads((content or b"").decode("utf-8"))
    except (ValueError, RecursionError):
        return content
    return dict(_declarations(document))


def _declarations(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    project, tool = (document.get(name) for name in ("project", "tool"))
    yield "build", document.get("build-system")
    yield "groups", document.get("dependency-groups")
    yield from _of(project, PROJECT)
    yield from _of(tool, TOOLS)


def _of(table: object, names: Iterable[str]) -> Iterator[tuple[str, object]]:
    if isinstance(table, dict):
        yield from ((name, table[name]) for name in names if name in table)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
