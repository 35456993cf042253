"""Finds which folders a project declares as members of its workspace, or as what it builds on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_server.conventions.files.toml import parse_toml
from mcp_server.conventions.layout.globs import matches

HINT = re.compile(r"workspace|path|PROJECT_ROOT|root:uri")
"""What stands in every file that declares a member; reading TOML takes milliseconds a file."""
BESIDE = re.compile(r"(?:\$\{PROJECT_ROOT\}|\{root:uri\})/([^#\s;'\"]+)")
"""How pdm and hatch name a folder of the project in a requirement."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The patterns of a workspace's members and of those left out, below the folder it is in."""

    members: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Tell whether a path below the workspace's folder is one of its members."""
        inside = any(matches(one, path) for one in self.members)
        return inside and not any(matches(one, path) for one in self.exclude)


def declared_members(folder: str, text: str, candidates: Iterable[str]) -> frozenset[str]:
    """Return which of the `candidates` a project's pyproject.toml declares.

    `folder` is the project's, "" for the root; all paths are below the root. Whatever the file
    holds, nothing is raised: what cannot be understood declares nothing.
    """
    if not HINT.search(text):
        return frozenset()
    try:
        tool = _table(parse_toml(text).get("tool"))
    except ValueError:
        return frozenset()
    prefix = f"{folder}/" if folder else ""
    below = [(one, one[len(prefix) :]) for one in candidates if one.startswith(prefix)]
    paths = {posixpath.normpath(posixpath.join(folder, one)) for one in _paths(tool, text)}
    workspaces = [one for one in _workspaces(tool) if one.members]
    return frozenset(
        one
        for one, inside in below
        if inside and (one in paths or any(workspace.has(inside) for workspace in workspaces))
    )


def uv_workspace(pyproject: Mapping[str, Any]) -> Workspace | None:
    """Return the workspace that a pyproject.toml makes its folder the root of, if any."""
    uv = _table(_table(pyproject.get("tool")).get("uv"))
    return _workspace(uv["workspace"]) if "workspace" in uv else None


def _workspaces(tool: Mapping[str, Any]) -> Iterator[Workspace]:
    hatch = _table(tool.get("hatch"))
    owners = [tool.get("uv"), tool.get("rye"), hatch, *_table(hatch.get("envs")).values()]
    for owner in owners:
        yield _workspace(_table(owner).get("workspace"))


def _workspace(table: object) -> Workspace:
    """Return what a workspace table says; hatch also writes members as `{path = ...}`."""
    found = _table(table)
    stated = (
        tuple(str(_table(one).get("path", "")) if isinstance(one, dict) else one for one in listed)
        for listed in (_list(found.get("members")), _list(found.get("exclude")))
    )
    members, exclude = (tuple(one for one in names if isinstance(one, str)) for names in stated)
    return Workspace(members, exclude)


def _paths(tool: Mapping[str, Any], text: str) -> Iterator[str]:
    """Yield the folders that dependencies of a project lie in."""
    poetry, pixi = _table(tool.get("poetry")), _table(tool.get("pixi"))
    tables = [
        _table(tool.get("uv")).get("sources"),
        poetry.get("dependencies"),
        poetry.get("dev-dependencies"),
        *(_table(one).get("dependencies") for one in _table(poetry.get("group")).values()),
        pixi.get("pypi-dependencies"),
        *(_table(one).get("pypi-dependencies") for one in _table(pixi.get("feature")).values()),
    ]
    for table in tables:
        for value in _table(table).values():
            for one in value if isinstance(value, list) else [value]:
                path = _table(one).get("path")
                if isinstance(path, str):
                    yield path
    yield from BESIDE.findall(text)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
