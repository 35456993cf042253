"""Adds the line to a source that names a table of a file: `pyproject.toml:88 [tool.ruff]`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

from mcp_server.conventions.files.toml_lines import line_of_key

SOURCE = re.compile(r"^(?P<file>[^\s:\[]+) \[(?P<table>[^\]\n]+)\](?: (?P<key>[\w-]+))?$")


def located(source: str, text_of: Callable[[str], str | None]) -> str:
    """Return a source with its line, or as it is where the line cannot be told.

    `text_of` gives the text of a file by the path that the source names.
    """
    match = SOURCE.match(source)
    text = text_of(match["file"]) if match else None
    if match is None or text is None:
        return source
    table, key = match["table"], match["key"]
    toml = posixpath.splitext(match["file"])[1] == ".toml"
    line = _header(text, table) if key is None else None
    if line is None and toml:
        keys = table.split(".")
        line = line_of_key(text, [*keys, key] if key else keys) or _header(text, table)
    if line is None:
        return source
    return f"{match['file']}:{line}{source[match.end('file') :]}"


def _header(text: str, table: str) -> int | None:
    """Return the line of a table's header as it is usually written, or of a part of the table."""
    exact = rf"^\[{{1,2}}[ \t]*{re.escape(table)}"
    found = re.search(rf"{exact}[ \t]*\]", text, re.MULTILINE)
    found = found or re.search(rf"{exact}\.", text, re.MULTILINE)
    return None if found is None else text.count("\n", 0, found.start()) + 1
