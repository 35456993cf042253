"""Reads where alembic's configuration of a history stands and what it says of its folders."""

from __future__ import annotations

import configparser
import posixpath
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_server.conventions.files.reading import read_inside
from mcp_server.conventions.files.settings import mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """The file that configures a history, relative to the root, and the section of an INI file.

    `recursive` says whether folders inside its folders count. `locations` are the folders as they
    are stated. Without a configuration `file` is the history's env.py.
    """

    file: str
    section: str = ""
    recursive: bool = False
    locations: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of the file, "" for the root."""
        return posixpath.dirname(self.file)


def read_configured(root: Path, source: str) -> Configured:
    """Return the configuration at a place `file:line` that the project's facts name."""
    file, _, line = source.rpartition(":") if ":" in source else (source, "", "")
    text = read_inside(root, file) or ""
    if file.endswith(".ini"):
        return _of_ini(file, text, int(line) if line.isdigit() else 1)
    if file.endswith(".toml"):
        return _of_toml(file, text)
    return Configured(file=file)


def _of_ini(file: str, text: str, line: int) -> Configured:
    above = [one.strip() for one in text.splitlines()[:line]]
    heads = [one[1:].partition("]")[0] for one in above if one.startswith("[")]
    section = heads[-1] if heads else "alembic"
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
        options: Mapping[str, str | None] = dict(parser.items(section))
    except (configparser.Error, AttributeError):
        options = {}
    return Configured(
        file=file,
        section=section,
        recursive=str(options.get("recursive_version_locations")).strip().lower() == "true",
        locations=tuple((options.get("version_locations") or "").replace(",", " ").split()),
    )


def _of_toml(file: str, text: str) -> Configured:
    try:
        tables: Mapping[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        tables = {}
    table = mapping(mapping(tables.get("tool")).get("alembic"))
    stated = table.get("version_locations")
    return Configured(
        file=file,
        recursive=table.get("recursive_version_locations") is True,
        locations=tuple(map(str, stated)) if isinstance(stated, list) else (),
    )
