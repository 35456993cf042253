"""Finds the lines of a tox configuration on which commands stand."""

from __future__ import annotations

import re

HEADER = re.compile(r"\[([^\[\]]+)\]")
COMMANDS = re.compile(r"[ \t]*[\"']?commands[\"']?[ \t]*[=:]")
LEGACY = re.compile(r"[ \t]*legacy_tox_ini[ \t]*=")


def command_lines(text: str) -> dict[str, int]:
    """Return the 1-based line of the `commands` of each section or table, by its header."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), 1):
        if match := HEADER.match(line.lstrip()):
            section = match[1].replace('"', "").replace("'", "").strip()
        elif COMMANDS.match(line):
            found.setdefault(section, number)
    return found


def legacy_lines(text: str, inner: str) -> dict[str, int]:
    """Return the lines of commands in the text that `legacy_tox_ini` holds in pyproject.toml."""
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines, 1) if LEGACY.match(line)), None)
    if start is None:
        return {}
    # A newline right after the opening quotes is no part of the text.
    begins = start + lines[start - 1].rstrip().endswith(('"""', "'''"))
    return {section: begins + line - 1 for section, line in command_lines(inner).items()}


def with_line(source: str, lines: dict[str, int]) -> str:
    """Return `FILE [SECTION]` as `FILE:LINE [SECTION]` where the line is known."""
    file, bracket, section = source.partition(" [")
    number = lines.get(section.removesuffix("]").replace('"', ""))
    return f"{file}:{number}{bracket}{section}" if number else source
