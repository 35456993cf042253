"""Reads the environments of a tox configuration, with tox's own substitutions resolved."""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Sequence
from typing import Any

from mcp_server.conventions.tox import ini as tox_ini
from mcp_server.conventions.tox import toml as tox_toml
from mcp_server.conventions.tox.choice import chosen
from mcp_server.conventions.tox.ini import Sections
from mcp_server.conventions.tox.lines import command_lines, legacy_lines
from mcp_server.conventions.tox.targets import ToxTarget

__all__ = ["ToxTarget", "chosen", "of_ini", "of_toml"]


def of_ini(
    sections: Sections, source: str, *, text: str = "", posargs: Sequence[str] | None = None
) -> list[ToxTarget]:
    """Return `[testenv]`, each environment with own commands, and those that factors make.

    `source` names a section where it has `{}`; with the `text` of the file it gets the line of
    the commands too (`tox.ini:42 [testenv:lint]`). `posargs` is what a call gives after `--`.
    """
    return tox_ini.of_ini(sections, source, lines=command_lines(text), posargs=posargs)


def of_toml(
    table: Mapping[str, Any], source: str, *, text: str = "", posargs: Sequence[str] | None = None
) -> list[ToxTarget]:
    """Return the environments of `[tool.tox]` or tox.toml; an older text in it is read as INI."""
    legacy = table.get("legacy_tox_ini")
    if isinstance(legacy, str):
        lines = legacy_lines(text, legacy)
        inner = source.replace(".{}", " {}")
        return tox_ini.of_ini(
            _sections(legacy),
            inner,
            lines={f"tool.tox {key}": at for key, at in lines.items()},
            posargs=posargs,
        )
    return tox_toml.of_tables(table, source, lines=command_lines(text), posargs=posargs)


def _sections(text: str) -> Sections:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: {k: v or "" for k, v in parser.items(name)} for name in parser.sections()}
