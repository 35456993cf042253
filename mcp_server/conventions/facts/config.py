"""The configuration that holds for a project's folder: its own, then that of the folders above."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_server.conventions.facts.lines import key_lines, line_of_key
from mcp_server.conventions.files.settings import TOML_FILES, Files, mapping, read_settings
from mcp_server.conventions.shell.pieces import Place
from mcp_server.repository import Settings

PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """One folder's configuration files, and where each of their keys stands."""

    folder: str
    settings: Settings
    pyproject: Mapping[str, Any]
    place: Place
    _lines: dict[str, dict[str, int]] = field(default_factory=dict)

    def path(self, name: str) -> str:
        """Return a file of the folder as a path below the root."""
        return posixpath.normpath(posixpath.join(self.folder, name))

    def text(self, name: str) -> str | None:
        """Return the text of a file of the folder, None where there is none to read."""
        return self.place.text(self.path(name))

    def at(self, name: str, key: str) -> str:
        """Return where a dotted key of a file stands, `file:line`; the file where not found."""
        if name not in self._lines:
            self._lines[name] = key_lines(self.text(name) or "")
        line = line_of_key(self._lines[name], key)
        return f"{self.path(name)}:{line}" if line else self.path(name)

    def table(self, tool: str) -> dict[str, Any]:
        """Return a tool's table, of pyproject or of its own TOML file."""
        return mapping(self.settings.tables.get(tool))

    def setting(self, tool: str, *keys: str) -> tuple[object, str] | None:
        """Return the first of a table's dotted `keys` that is set, and where; None for none."""
        table = self.table(tool)
        for key in keys:
            value: object = table
            for part in key.split("."):
                value = mapping(value).get(part)
            if value is not None:
                return value, self.at_table(tool, key)
        return None

    def at_table(self, tool: str, key: str = "") -> str:
        """Return where a tool's table, or a key of it, stands."""
        own = [
            name for name, of in TOML_FILES.items() if of == tool and name in self.settings.files
        ]
        if own:
            return self.at(own[-1], key)
        return self.at(PYPROJECT, f"tool.{tool}.{key}".rstrip("."))

    def option(self, key: str, *places: tuple[str, str]) -> tuple[str, str] | None:
        """Return an INI option of the first (file, section) that has it, and where."""
        for name, section in places:
            value = self.settings.sections.get(name, {}).get(section, {}).get(key)
            if value:
                return value, self.at(name, f"{section}.{key}")
        return None


def config_chain(folder: str, files: Files, place: Place, names: frozenset[str]) -> list[Config]:
    """Return the configurations that hold for a folder, the nearest first.

    `names` are the paths of the repository's files: only folders that hold configuration are read.
    """
    shared: dict[object, Config] = place.reader.shared
    chain = [Config(folder, files.settings, files.pyproject, place)]
    for parent in parents(folder):
        prefix = "" if parent == "." else f"{parent}/"
        if any(f"{prefix}{name}" in names for name in CONFIGURATION):
            if ("config", parent) not in shared:
                above = read_settings(place.root / parent, "", place.root)
                shared["config", parent] = Config(parent, above.settings, above.pyproject, place)
            chain.append(shared["config", parent])
    return chain


def parents(folder: str) -> Iterator[str]:
    """Yield the folders above a folder below the root, the nearest first, "." last."""
    while folder not in {".", ""}:
        folder = posixpath.dirname(folder) or "."
        yield folder


CONFIGURATION = (PYPROJECT, "setup.cfg", "tox.ini", ".editorconfig", ".flake8", *TOML_FILES)
