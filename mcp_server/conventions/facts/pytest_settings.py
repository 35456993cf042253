"""Reads pytest's settings from the file that pytest itself would take, and where each stands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp_server.conventions.facts.config import PYPROJECT, Config
from mcp_server.conventions.files.settings import mapping
from mcp_server.facts import Fact

INI_FILES = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
LONGEST = 110
"""How many characters of a setting are shown."""


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """What pytest is told, and the file and table that tell it."""

    options: Mapping[str, Any] = field(default_factory=dict)
    config: Config | None = None
    file: str = ""
    table: str = ""

    def fact(self, key: str) -> Fact | None:
        """Return an option as it stands, None where it is not set."""
        text = " ".join(self.words(key))
        return Fact(text[:LONGEST], self.at(key)) if text else None

    def at(self, key: str = "") -> str:
        """Return where an option stands."""
        if self.config is None:
            return ""
        return self.config.at(self.file, f"{self.table}.{key}".strip("."))

    def lines(self, key: str) -> list[str]:
        """Return an option that is a list, one item a line."""
        value = self.options.get(key)
        lines = value.splitlines() if isinstance(value, str) else value
        found = lines if isinstance(lines, list) else [lines] if lines is not None else []
        return [text for one in found if (text := str(one).strip())]

    def words(self, key: str) -> list[str]:
        """Return an option as words; a list holds a word an item."""
        value = self.options.get(key)
        if isinstance(value, list):
            return [str(one) for one in value]
        try:
            return shlex.split(str(value)) if value is not None else []
        except ValueError:
            return str(value).split()


def read_pytest_settings(chain: Sequence[Config]) -> PytestSettings:
    """Return the settings of the nearest folder that has any, in pytest's own order of files."""
    for config in chain:
        tables, sections = config.settings.tables, config.settings.sections
        for name in ("pytest.toml", ".pytest.toml"):
            if name in config.settings.files:
                inner = mapping(tables.get("pytest"))
                return PytestSettings(inner, config, name, "pytest")
        for name, section in INI_FILES[:2]:
            if section in sections.get(name, {}):
                return PytestSettings(sections[name][section], config, name, section)
        if "pytest" in tables:
            own = dict(config.table("pytest"))
            old = own.pop("ini_options", None)
            if isinstance(old, dict):
                return PytestSettings(old, config, PYPROJECT, "tool.pytest.ini_options")
            return PytestSettings(own, config, PYPROJECT, "tool.pytest")
        for name, section in INI_FILES[2:]:
            if section in sections.get(name, {}):
                return PytestSettings(sections[name][section], config, name, section)
    return PytestSettings()
