"""Finds at which line a key of a TOML or INI file stands, which their parsers do not say."""

from __future__ import annotations

import re

HEADER = re.compile(r"\s*\[\[?([^\[\]]+)\]")
KEY = re.compile(r"""\s{0,16}([\w."'-]+)[ \t]{0,40}[=:]""")


def key_lines(text: str) -> dict[str, int]:
    """Return the 1-based line of each section and of each key, as `section.key` in lower case."""
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := HEADER.match(line):
            section = _plain(header[1])
            found.setdefault(section, number)
        elif key := KEY.match(line):
            name = _plain(key[1])
            found.setdefault(f"{section}.{name}" if section else name, number)
    return found


def line_of_key(lines: dict[str, int], key: str) -> int | None:
    """Return the line of a dotted key, or of the nearest table around it; None without any."""
    name = key.lower()
    while name and name not in lines:
        inner = next((one for one in lines if one.startswith(f"{name}.")), None)
        if inner is not None:
            return lines[inner]
        name = name.rpartition(".")[0]
    return lines.get(name)


def _plain(key: str) -> str:
    return key.strip().replace('"', "").replace("'", "").lower()
