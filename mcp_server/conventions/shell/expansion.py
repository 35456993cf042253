"""Fills in the variables of shell words that are known."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcp_server.conventions.shell.words import UNKNOWN, Word

VARIABLE = re.compile(
    r"\$\{(?P<braced>[A-Za-z_]\w*|[@*]|\d)(?::?(?P<how>[-+=?])(?P<other>[^{}]*))?\}"
    r"|\$(?P<bare>[A-Za-z_]\w*|[@*]|\d)"
    r"|(?P<odd>\$[?!$#{-])"
)
SUBSTITUTION = re.compile(r"(?<!\\)(?:\$\(|`)")
ESCAPED = re.compile(r"\\(?:([\"\\$`])|\n)")
MAX_VALUE = 100_000
"""How long a word may become, in characters, before it says nothing any more: `A=$A$A`, written
28 times, would take a second copy of all of memory."""


def expand(word: Word, known: Mapping[str, str], unset: str = UNKNOWN) -> list[str]:
    """Return the words that a word becomes: none, one, or several where a variable holds several.

    A variable that is not known becomes `unset`; `$@` and `$1` are empty, as for a script that
    is run without arguments. What goes beyond `MAX_VALUE` characters is `UNKNOWN`.
    """
    fields, kept, size = [""], False, 0
    for kind, text in word.segments:
        value = _segment(kind, text, known, unset)
        size += len(value)
        if size > MAX_VALUE:
            fields[-1] += UNKNOWN
            break
        if kind in {"plain", "parameter"} and "$" in text:
            parts = value.split()
            if parts and value[0].isspace() and fields[-1]:
                fields.append("")
            fields[-1] += parts[0] if parts else ""
            fields += parts[1:]
        else:
            fields[-1] += value
            kept = kept or (kind in {"single", "double"} and text != '"$@"')
    return [field for field in fields if field or kept]


def expand_whole(word: Word, known: Mapping[str, str], unset: str = UNKNOWN) -> str:
    """Return a word with its variables filled in but not split, as in an assignment.

    What goes beyond `MAX_VALUE` characters is `UNKNOWN`.
    """
    found: list[str] = []
    size = 0
    for kind, text in word.segments:
        found.append(_segment(kind, text, known, unset))
        size += len(found[-1])
        if size > MAX_VALUE:
            found[-1] = UNKNOWN
            break
    return "".join(found)


def _segment(kind: str, text: str, known: Mapping[str, str], unset: str) -> str:
    if kind == "computed":
        return UNKNOWN
    if kind == "single":
        return text[1:-1]
    if kind == "escape":
        return text[1:]
    if kind == "double":
        if SUBSTITUTION.search(text):
            return UNKNOWN
        return ESCAPED.sub(r"\1", _substitute(text[1:-1], known, unset))
    return _substitute(text, known, unset)


def _substitute(text: str, known: Mapping[str, str], unset: str) -> str:
    if "$" not in text:
        return text
    size = len(text)

    def value(match: re.Match[str]) -> str:
        nonlocal size
        found = filled(match) if size <= MAX_VALUE else ""
        size += len(found)
        return found

    def filled(match: re.Match[str]) -> str:
        if match["odd"]:
            return UNKNOWN
        name = match["braced"] or match["bare"]
        positional = name in "@*" or name.isdigit()
        current = "" if positional else known.get(name)
        if match["how"] in {"-", "="}:
            return current or match["other"]
        if match["how"] == "+":
            return match["other"] if current else ""
        if match["how"] == "?" and not current:
            return UNKNOWN
        return unset if current is None else current

    whole = VARIABLE.sub(value, text)
    return whole if size <= MAX_VALUE else text.partition("$")[0] + UNKNOWN
