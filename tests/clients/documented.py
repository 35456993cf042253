"""Reads docs/clients.md: its code blocks, and the servers that they configure."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT

DOCUMENT = ROOT / "docs" / "clients.md"
PLACEHOLDER = "/path/to/hdb"
BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
READERS = {"toml": tomllib.loads, "json": json.loads}
SERVERS = "mcp_servers", "mcpServers", "mcp"
"""Where the clients' files keep their servers."""
SECONDS = {"tool_timeout_sec": 1.0, "timeout": 0.001}
"""The clients' names for the limit of a call, with the unit each is in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A code block of the document, and the heading of the section that it stands in."""

    section: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentedServer:
    """How one client is told to start hdb; `limit` is how many seconds a call may take."""

    command: tuple[str, ...]
    limit: float | None = None


def blocks(language: str) -> list[Block]:
    """Return the code blocks in one language, with hdb's place filled in."""
    document = DOCUMENT.read_text(encoding="utf-8")
    headings = list(HEADING.finditer(document))
    found = []
    for match in BLOCK.finditer(document):
        indent, named, text = match.groups()
        sections = [one[1] for one in headings if one.start() < match.start()]
        if named == language:
            plain = re.sub(f"^{indent}", "", text, flags=re.MULTILINE)
            filled = plain.replace(PLACEHOLDER, str(ROOT))
            found.append(Block(section=sections[-1], text=filled))
    return found


def server_of(section: str) -> DocumentedServer:
    """Return the one server that the configuration files of a section name."""
    (server,) = [
        _server(table)
        for language, read in READERS.items()
        for block in blocks(language)
        if block.section == section
        for key, tables in read(block.text).items()
        if key in SERVERS
        for table in tables.values()
    ]
    return server


def _server(table: Mapping[str, Any]) -> DocumentedServer:
    command = table["command"]
    line = command if isinstance(command, list) else [command, *table["args"]]
    limits = [float(table[name]) * unit for name, unit in SECONDS.items() if name in table]
    return DocumentedServer(command=tuple(line), limit=limits[0] if limits else None)
