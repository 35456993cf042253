"""The values of CI expressions: texts, truths, lists and mappings, in part unknown."""

from __future__ import annotations

from typing import TypeAlias

from mcp_server.conventions.files.yaml import Located
from mcp_server.conventions.shell.words import UNKNOWN

Known: TypeAlias = "str | bool | list[object] | dict[str, object] | None"
"""A value; a text that holds `UNKNOWN` is known in part, the text `UNKNOWN` not at all."""
MAX_TEXT = 50_000
"""How long a text may grow, in characters, before it says nothing any more."""
TRUTHS = {"true": True, "false": False}


def known_of(value: object) -> Known:
    """Return a value of YAML or JSON as one of an expression: `true` is a truth, 3 is a text."""
    if isinstance(value, Located):
        return TRUTHS.get(value, value)
    if isinstance(value, (str, bool, list, dict)) or value is None:
        return value
    return str(value) if isinstance(value, (int, float)) else UNKNOWN


def text_of(value: object) -> str:
    """Return a field that holds a text, "" for any other: a list of aliases has no bound."""
    return str(value) if isinstance(value, Located) else ""


def spelled(value: Known) -> str:
    """Return a value as it stands in a text; a list or a mapping has no form that could."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else UNKNOWN


def truth(value: Known) -> bool | None:
    """Tell whether a value counts as true, None where nobody knows."""
    return None if value == UNKNOWN else bool(value)


def equal(first: Known, second: Known) -> bool | None:
    """Compare as `==` does, case ignored; None where nobody knows.

    `true` equals the text `true`: which of the two a file means depends on who reads it.
    """
    if isinstance(first, (list, dict)) or isinstance(second, (list, dict)):
        return None
    one, other = spelled(first).lower(), spelled(second).lower()
    if UNKNOWN not in one and UNKNOWN not in other:
        return one == other
    # What stands before the unknown is sure, and may already tell two texts apart.
    sure, wanted = one.partition(UNKNOWN)[0], other.partition(UNKNOWN)[0]
    if UNKNOWN not in one or UNKNOWN not in other:
        sure, wanted = (sure, wanted) if UNKNOWN in one else (wanted, sure)
        return None if wanted.startswith(sure) else False
    return None if sure.startswith(wanted) or wanted.startswith(sure) else False
