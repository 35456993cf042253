"""Finds the configuration of ruff that holds for a file, as ruff finds it, and what it extends."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_server.conventions.files.reading import read_inside
from mcp_server.conventions.files.settings import mapping
from mcp_server.conventions.files.toml import parse_toml

NAMES = (".ruff.toml", "ruff.toml", "pyproject.toml")
"""In one folder the first of these that configures ruff is taken."""
MOST_EXTENDED = 10
ADDED = frozenset({"extend-exclude", "extend-select", "extend-ignore", "extend-per-file-ignores"})
"""What a configuration adds to that of the one that it extends; the rest takes its place."""


@dataclass(frozen=True, slots=True)
class RuffConfig:
    """A configuration, and the folder that its patterns begin at, relative to the root."""

    folder: str
    table: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuffConfigs:
    """The configurations below a root; each is read once."""

    root: Path
    _known: dict[str, RuffConfig | None] = field(default_factory=dict)

    def holding(self, path: str) -> RuffConfig | None:
        """Return the nearest configuration above a file, None where there is none."""
        folder = posixpath.dirname(path)
        while True:
            found = self._in(folder or ".")
            if found is not None or not folder:
                return found
            folder = posixpath.dirname(folder)

    def _in(self, folder: str) -> RuffConfig | None:
        if folder not in self._known:
            self._known[folder] = None
            for name in NAMES:
                table = self._table(posixpath.join(folder, name), MOST_EXTENDED)
                if table is not None:
                    self._known[folder] = RuffConfig(folder, table)
                    break
        return self._known[folder]

    def _table(self, name: str, left: int) -> dict[str, Any] | None:
        text = read_inside(self.root, posixpath.normpath(name))
        try:
            document = parse_toml(text) if text is not None else {}
        except ValueError:
            # What is wrong with it the project's own run of ruff says.
            document = {}
        if posixpath.basename(name) == "pyproject.toml":
            tool = mapping(document.get("tool"))
            table = mapping(tool.get("ruff")) if "ruff" in tool else None
        else:
            table = document if text is not None else None
        if table is None:
            return None
        base = table.get("extend")
        if isinstance(base, str) and left:
            below = self._table(posixpath.join(posixpath.dirname(name), base), left - 1)
            return extended(below or {}, table)
        return dict(table)


def extended(base: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with what it does not say itself from the one that it extends."""
    found = dict(base)
    for name, value in table.items():
        held = found.get(name)
        if isinstance(value, dict) and isinstance(held, dict):
            found[name] = extended(held, value)
        elif name in ADDED and isinstance(value, list) and isinstance(held, list):
            found[name] = [*held, *value]
        else:
            found[name] = value
    return found
