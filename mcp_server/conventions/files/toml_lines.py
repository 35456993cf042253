"""Finds the lines on which the keys of a TOML text stand, which its parser does not tell."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

Keys: TypeAlias = tuple[str | int, ...]
MAX_KEYS = 16
"""How long the path of a key may be; longer ones are passed over, so that depth costs nothing."""
TOKEN = re.compile(
    r"""
    (?P<newline>\n)
    |(?P<space>[ \t\r]++|\#[^\n]*+)
    |(?P<string>
        \"{3}(?:[^"\\]++|\\.|"(?!""))*+(?:"{3,5}|\\?\Z)
        |'{3}(?:[^']++|'(?!''))*+(?:'{3,5}|\Z)
        |"(?:[^"\\\n]++|\\.)*+"?
        |'[^'\n]*+'?
    )
    |(?P<mark>[\[\]{}=.,])
    |(?P<bare>[^\s\[\]{}=.,"'\#]++)
    |.
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class _Open:
    """A table or an array that is being read, and how far."""

    path: Keys | None
    array: bool = False
    index: int = 0
    key: list[str] = field(default_factory=list)
    line: int = 0
    valued: bool = False


@dataclass(frozen=True, slots=True)
class TomlLines:
    """The 1-based lines of a text's `keys` (and headers and array elements) and of its `values`.

    The line of a value is that of a text's content, which in three quotes may begin below the key.
    """

    keys: Mapping[Keys, int] = field(default_factory=dict)
    values: Mapping[Keys, int] = field(default_factory=dict)


def line_of_key(text: str, keys: Sequence[str | int]) -> int | None:
    """Return the 1-based line on which a key or a table's header stands, None where there is none.

    A number stands for an element of an array: `("tool", "poe", "tasks", "all", 0)`. Where many
    keys are asked for, `toml_lines` reads the text once.
    """
    return toml_lines(text).keys.get(tuple(keys))


@lru_cache(maxsize=8)
def toml_lines(text: str) -> TomlLines:
    """Return the lines of all keys and values; of text that is no TOML as far as can be told."""
    scanner = _Scanner()
    line = 1
    for match in TOKEN.finditer(text):
        kind, found = match.lastgroup, match[0]
        if kind == "newline":
            scanner.end_line()
        elif kind == "mark":
            scanner.mark(found, line)
        elif kind in {"string", "bare"}:
            scanner.word(found, line)
        line += found.count("\n")
    return TomlLines(scanner.lines, scanner.values)


class _Scanner:
    """Follows the nesting of tables and arrays, found by found."""

    def __init__(self) -> None:
        self.lines: dict[Keys, int] = {}
        self.values: dict[Keys, int] = {}
        self._stack = [_Open(())]
        self._header: list[str] | None = None
        self._brackets = 0
        self._elements: dict[Keys, int] = {}

    def end_line(self) -> None:
        if len(self._stack) == 1:
            self._header = None
            self._begin(self._stack[-1])

    def word(self, found: str, line: int) -> None:
        one = self._stack[-1]
        if self._header is not None:
            self._header.append(_unquoted(found))
        elif one.array or one.valued:
            self._element(one, line)
            path = _joined(one.path, [one.index] if one.array else one.key)
            if path:
                below = re.match(r"(?:\"{3}|'{3})\r?\n", found) is not None
                self.values.setdefault(path, line + below)
        else:
            one.line = one.line or line
            one.key.append(_unquoted(found))

    def mark(self, found: str, line: int) -> None:
        one = self._stack[-1]
        if self._header is not None:
            self._in_header(found, line)
        elif found == "," and len(self._stack) > 1:
            one.index += one.array
            self._begin(one)
        elif found in "[{" and (one.array or one.valued):
            self._element(one, line)
            inner = _joined(one.path, [one.index] if one.array else one.key)
            self._stack.append(_Open(inner, found == "["))
        elif found == "[" and not one.key:
            self._header, self._brackets = [], 1
        elif found in "]}" and len(self._stack) > 1:
            self._stack.pop()
        elif found == "=" and not one.array and not one.valued:
            one.valued = True
            for end in range(1, min(len(one.key), MAX_KEYS) + 1):
                self._record(_joined(one.path, one.key[:end]), one.line)

    def _in_header(self, found: str, line: int) -> None:
        if found == "[" and not self._header:
            self._brackets += 1
        elif found == "]" and self._header:
            path = self._resolved(self._header, array=self._brackets > 1)
            self._record(path, line)
            self._stack[-1].path = path
            # What follows on the line belongs to no key.
            self._stack[-1].valued = True
            self._header = None

    def _resolved(self, header: list[str], *, array: bool) -> Keys | None:
        """Return the path of a header, in the last element of each array of tables above it."""
        path: Keys | None = ()
        for position, key in enumerate(header[:MAX_KEYS], 1):
            path = _joined(path, [key])
            if path is None:
                return None
            if array and position == len(header):
                self._elements[path] = self._elements.get(path, -1) + 1
            if path in self._elements:
                path = _joined(path, [self._elements[path]])
        return path if len(header) <= MAX_KEYS else None

    def _element(self, one: _Open, line: int) -> None:
        if one.array and not one.valued:
            one.valued = True
            self._record(_joined(one.path, [one.index]), line)

    def _record(self, path: Keys | None, line: int) -> None:
        if path is not None:
            self.lines.setdefault(path, line)
            if isinstance(path[-1], int):
                self.lines.setdefault(path[:-1], line)

    @staticmethod
    def _begin(one: _Open) -> None:
        one.key, one.line, one.valued = [], 0, False


def _joined(path: Keys | None, keys: Sequence[str | int]) -> Keys | None:
    if path is None or len(path) + len(keys) > MAX_KEYS:
        return None
    return (*path, *keys)


def _unquoted(found: str) -> str:
    if found[0] == '"' and "\\" in found:
        try:
            return str(tomllib.loads(f"a={found}")["a"])
        except ValueError:
            return found
    return found.strip(found[0]) if found[0] in "\"'" else found
