"""Reads what the files of one project folder say to its tools."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcp_server.conventions.environment.dependencies import Declared, declared
from mcp_server.conventions.files.reading import UnreadableError, inside
from mcp_server.conventions.files.toml import parse_toml
from mcp_server.conventions.layout.sources import find_sources, find_tests
from mcp_server.repository import Settings

INI_FILES = (
    "setup.cfg tox.ini .flake8 mypy.ini .mypy.ini pytest.ini .pytest.ini .isort.cfg .pylintrc "
    "pylintrc .editorconfig".split()
)
# Files whose syntax is looser than the INI they resemble, so that a mistake is no problem of ours.
LOOSE = frozenset({".editorconfig"})
# Tool files in TOML whose content stands for the tool's table in pyproject, the strongest last.
TOML_FILES = {
    "ruff.toml": "ruff",
    ".ruff.toml": "ruff",
    "ty.toml": "ty",
    "pyrefly.toml": "pyrefly",
    "pytest.toml": "pytest",
    ".pytest.toml": "pytest",
}
CONFIGURATION = frozenset({"pyproject.toml", "tox.toml", *INI_FILES, *TOML_FILES}) - LOOSE


@dataclass(frozen=True, slots=True)
class Files:
    """What a project folder holds: the settings, pyproject's content, and what was unreadable."""

    settings: Settings
    pyproject: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    tox: Mapping[str, Any] = field(default_factory=dict)
    declared: Declared = field(default_factory=Declared)


def read_settings(folder: Path, label: str = "", root: Path | None = None) -> Files:
    """Read the configuration files of a project folder; `label` prefixes the names of problems.

    Links are followed as far as they stay below `root`, by default the folder itself.
    """
    reader = _Reader(folder, label, root or folder)
    names = reader.names()
    pyproject = reader.toml("pyproject.toml") if "pyproject.toml" in names else {}
    tables = {
        name: table
        for name, table in mapping(pyproject.get("tool")).items()
        if isinstance(table, dict)
    }
    for name, tool in TOML_FILES.items():
        if name in names:
            content = reader.toml(name)
            # pytest's own file holds the table that others' files are.
            tables[tool] = mapping(content.get(tool)) if tool == "pytest" else content
    sections = {name: reader.ini(name) for name in INI_FILES if name in names}
    tox = reader.toml("tox.toml") if "tox.toml" in names else {}
    own = declared(folder, pyproject, sections)
    return Files(
        Settings(
            tables=tables,
            sections=sections,
            files=names,
            dependencies=own.every,
            sources=find_sources(folder),
            tests=find_tests(folder),
        ),
        pyproject,
        tuple(reader.problems),
        tox,
        own,
    )


def mapping(value: object) -> dict[str, Any]:
    """Return a table, or an empty one where the file holds something else in its place."""
    return value if isinstance(value, dict) else {}


def _kind(entry: os.DirEntry[str]) -> str | None:
    """Return what an entry is; a link that leads nowhere or in a circle is nothing."""
    try:
        return "file" if entry.is_file() else "folder" if entry.is_dir() else None
    except OSError:
        return None


class _Reader:
    """Reads the files of one folder and keeps what could not be read."""

    def __init__(self, folder: Path, label: str, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._label = label
        self.problems: list[str] = []

    def names(self) -> frozenset[str]:
        """Return the names of the regular files; reading a pipe would wait for ever."""
        try:
            with os.scandir(self._folder) as entries:
                found = {entry.name: _kind(entry) for entry in entries}
        except OSError as error:
            self._problem(".", error)
            return frozenset()
        for name in CONFIGURATION.intersection(name for name in found if found[name] != "file"):
            try:
                self._read(name)
            except UnreadableError as error:
                self._problem(name, error)
        return frozenset(name for name, kind in found.items() if kind == "file")

    def toml(self, name: str) -> dict[str, Any]:
        try:
            return parse_toml(self._text(name))
        except (OSError, ValueError) as error:
            self._problem(name, error)
            return {}

    def ini(self, name: str) -> dict[str, dict[str, str]]:
        parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
        try:
            text = self._text(name)
            # What stands before the first section is a file's own preamble there.
            parser.read_string(f"[root]\n{text}" if name in LOOSE else text)
        # A line indented below a key without a value makes configparser fail with the last of them.
        except (OSError, ValueError, configparser.Error, AttributeError) as error:
            if name not in LOOSE:
                self._problem(name, error)
            return {}
        return {
            section: {key: value or "" for key, value in parser.items(section)}
            for section in parser.sections()
        }

    def _text(self, name: str) -> str:
        return self._read(name, strict=name.endswith(".toml")) or ""

    def _read(self, name: str, *, strict: bool = False) -> str | None:
        path = (self._folder / name).relative_to(self._root).as_posix()
        return inside(self._root, path, strict=strict)

    def _problem(self, name: str, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error).replace("\n", " ")
        self.problems.append(f"{self._label}{name} cannot be read: {why or type(error).__name__}")
