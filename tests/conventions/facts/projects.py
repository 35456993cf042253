"""Writes small projects and reads their facts, for the tests beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mcp_server.conventions.facts import read_facts
from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.conventions.shell.pieces import Place
from mcp_server.facts import Facts


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        target = root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        target.write_bytes(data)


def facts_of(root: Path, files: Mapping[str, str | bytes], folder: str = ".") -> Facts:
    write(root, files)
    place = Place(root, {})
    return read_facts(folder, list_tree(root), read_settings(root / folder), place)
