"""Splits a Makefile into its logical lines, and these where make would split them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARK = re.compile(r"\\[\\#:;%]|\$\$|\$[({]|[(){}:=;#,\s]")
SIMPLE = re.compile(r"([A-Za-z0-9_.-]+)[ \t]*(:{1,3}=|[?+!]?=)[ \t]*")
MODIFIER = re.compile(r"\s*(export|override|private)\s+")
COLONS = re.compile(r":{1,3}=")
ESCAPED = re.compile(r"\\([#:%\\])")
OPENERS = {")": "(", "}": "{"}
CLOSERS = {"$(": ")", "${": "}"}
CONTINUATION = "\\\n"


@dataclass(frozen=True, slots=True)
class Assignment:
    """`NAME OPERATOR VALUE` as it is written, and what is said before it."""

    name: str
    operator: str
    value: str
    modifiers: frozenset[str] = frozenset()


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line as it is written, after the number of the line it begins on."""
    pending: list[str] = []
    start = 1
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.removesuffix("\r")
        if not pending:
            start = number
        pending.append(line)
        if not _continues(line):
            yield start, "\n".join(pending)
            pending = []
    if pending:
        yield start, "\n".join(pending)


def _continues(line: str) -> bool:
    return line.endswith("\\") and (len(line) - len(line.rstrip("\\"))) % 2 == 1


def collapse(line: str) -> str:
    """Return a logical line with its continuations as make reads them outside of recipes."""
    if "\n" not in line:
        return line
    first, *rest = line.split(CONTINUATION)
    return " ".join([first.rstrip(" \t"), *(part.strip(" \t") for part in rest)])


def outside(text: str, wanted: str, start: int = 0) -> Iterator[int]:
    """Yield where the characters `wanted` stand unescaped and in no reference."""
    closers: list[str] = []
    for match in MARK.finditer(text, start):
        mark = match[0]
        if mark in CLOSERS:
            closers.append(CLOSERS[mark])
        elif not closers:
            if mark in wanted:
                yield match.start()
        elif mark == closers[-1]:
            closers.pop()
        elif mark == OPENERS[closers[-1]]:
            closers.append(closers[-1])


def without_comment(line: str) -> str:
    """Return a line up to its comment."""
    if "#" not in line:
        return line
    return line[: next(outside(line, "#"), len(line))].replace("\\#", "#")


def unescape(name: str) -> str:
    r"""Return the name of a target whose special characters were written as `\:` or `\#`."""
    return ESCAPED.sub(r"\1", name) if "\\" in name else name


def assignment(line: str) -> Assignment | None:
    """Return what a line, which has no comment, assigns; None where it is something else."""
    if match := SIMPLE.match(line):
        return Assignment(match[1], match[2], line[match.end() :])
    modifiers: set[str] = set()
    position = 0
    while match := MODIFIER.match(line, position):
        modifiers.add(match[1])
        position = match.end()
    index = next(outside(line, ":=", position), None)
    if index is None:
        return None
    if line[index] == ":":
        colons = COLONS.match(line, index)
        if colons is None:
            return None
        operator, end = colons[0], index
    else:
        end = index - 1 if line[index - 1 : index] in {"?", "+", "!"} else index
        operator = line[end : index + 1]
    name = line[position:end].strip()
    if not name or next(outside(name, " \t\n\r\f\v"), None) is not None:
        return None
    value = line[end + len(operator) :].lstrip()
    return Assignment(name, operator, value, frozenset(modifiers))
