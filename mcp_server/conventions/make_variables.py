"""Expands make's variables; what only running something would tell becomes `UNKNOWN`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mcp_server.conventions.words import UNKNOWN

REFERENCE = re.compile(r"\$(?:\(([^()$]*)\)|\{([^{}$]*)\}|([^({$]))")
DOLLAR = "\1"
MAX_DEPTH = 20
"""How deep variables may refer to each other, so that a loop of them ends."""
MAX_LENGTH = 100_000
INHERITED = frozenset({"HOME", "PATH", "USER", "PWD", "TMPDIR", "LOGNAME"})
"""Variables that make takes from its environment, whose values are nobody's convention."""
PREDEFINED = {"MAKE": "make", "CURDIR": ".", "RM": "rm -f", "MAKEFILE_LIST": "Makefile"}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` with its references replaced; an unset variable is empty, as for make."""
    text = text.replace(DOLLAR, "").replace("$$", DOLLAR)
    for _ in range(MAX_DEPTH):
        expanded = REFERENCE.sub(lambda match: _value(match, variables), text)
        if expanded == text:
            break
        text = expanded.replace("$$", DOLLAR)
        if len(text) > MAX_LENGTH:
            return UNKNOWN
    return text.replace(DOLLAR, "$")


def _value(match: re.Match[str], variables: Mapping[str, str]) -> str:
    name = match[1] if match[1] is not None else match[2] or match[3] or ""
    name = name.strip()
    # A function or a substitution reference: only make could tell.
    if not name or any(character in name for character in " \t:,"):
        return UNKNOWN
    return variables.get(name, UNKNOWN if name in INHERITED else "")


def assign(variables: dict[str, str], name: str, operator: str, value: str) -> None:
    """Set a variable as make's assignment `operator` does."""
    if operator == "!=":
        variables[name] = UNKNOWN
    elif operator == "+=":
        variables[name] = f"{variables.get(name, '')} {value}".strip()
    elif operator != "?=" or name not in variables:
        immediate = operator.startswith(":")
        # Expanded once: a dollar that remains is one that was written twice.
        variables[name] = expand(value, variables).replace("$", "$$") if immediate else value


def decide(word: str, rest: str, variables: Mapping[str, str]) -> bool | None:
    """Tell whether `ifeq`, `ifneq`, `ifdef` or `ifndef` holds; None where nobody knows."""
    if word in {"ifdef", "ifndef"}:
        value = variables.get(expand(rest, variables).strip(), "")
        return None if UNKNOWN in value else bool(value) == (word == "ifdef")
    match = re.match(r"\((.*?),(.*)\)\s*$", rest) or re.match(
        r"[\"'](.*?)[\"']\s+[\"'](.*)[\"']\s*$", rest
    )
    if match is None:
        return None
    left, right = (expand(side, variables).strip() for side in match.groups())
    if UNKNOWN in left + right:
        return None
    return (left == right) == (word == "ifeq")
