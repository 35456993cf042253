"""Tells which paths git ignores, by the rules of `.gitignore` files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from mcp_server.conventions.layout.globs import (
    ANY,
    ESCAPED,
    WILD,
    Segments,
    compile_segments,
    fits,
    segment_pattern,
    split,
)

MOST_PATTERNS = 500
"""How many rules with wildcards or inner slashes one file may have; plain names cost nothing.

Templates that people start from have at most 150 rules in all.
"""

Shape: TypeAlias = tuple[int | None, str | None]
"""How many segments the paths of a rule have, None for a rule with `**`, and their first segment,
None where that has wildcards."""


@dataclass(slots=True)
class Rules:
    """The rules of one file: for names that stand anywhere below it, and for whole paths.

    Each rule is known by its number: the last one that matches decides.
    """

    prefix: str = ""
    """What stands before a path below the root, for a file that lies above the root."""
    skip: int = 0
    """How many characters of a path below the root lead to the file's own folder."""
    ignores: list[bool] = field(default_factory=list)
    folders_only: list[bool] = field(default_factory=list)
    names: dict[str, list[int]] = field(default_factory=dict)
    globs: list[tuple[int, re.Pattern[str]]] = field(default_factory=list)
    paths: dict[Shape, list[tuple[int, Segments]]] = field(default_factory=dict)
    any_glob: re.Pattern[str] | None = None

    def verdict(self, path: str, name: str, *, folder: bool) -> bool | None:
        """Tell whether a path below the root is ignored, None where no rule concerns it."""
        last = -1
        for number in self.names.get(name, ()):
            if folder or not self.folders_only[number]:
                last = number
        if self.any_glob is not None and self.any_glob.match(name):
            last = max(last, self._last(name, last, folder=folder))
        if self.paths:
            parts = (self.prefix + path[self.skip :]).split("/")
            size, first = len(parts), parts[0]
            for key in ((size, first), (size, None), (None, first), (None, None)):
                for number, segments in self.paths.get(key, ()):
                    meant = folder or not self.folders_only[number]
                    if number > last and meant and fits(segments, parts):
                        last = number
        return self.ignores[last] if last >= 0 else None

    def _last(self, name: str, beaten: int, *, folder: bool) -> int:
        for number, pattern in reversed(self.globs):
            if number <= beaten:
                break
            if (folder or not self.folders_only[number]) and pattern.match(name):
                return number
        return -1


def parse_rules(text: str, prefix: str = "", skip: int = 0) -> Rules:
    """Return the rules of a `.gitignore` file; what git would discard is discarded."""
    rules = Rules(prefix, skip)
    left = MOST_PATTERNS
    for line in text.splitlines():
        rule = line if line.endswith("\\ ") else line.rstrip(" \t\r")
        if not rule or rule.startswith("#"):
            continue
        ignores = not rule.startswith("!")
        rule = rule if ignores else rule[1:]
        folders_only = rule.endswith("/")
        segments = split(rule)
        if not segments:
            continue
        if len(segments) > 1 or WILD.search(segments[0]):
            left -= 1
            if left < 0:
                continue
        rules.ignores.append(ignores)
        rules.folders_only.append(folders_only)
        _add(rules, len(rules.ignores) - 1, rule, segments)
    if rules.globs:
        rules.any_glob = re.compile("|".join(one.pattern for _, one in rules.globs))
    return rules


def _add(rules: Rules, number: int, rule: str, segments: list[str]) -> None:
    anywhere = len(segments) == 1 and not rule.startswith("/")
    if len(segments) == 2 and segments[0] == ANY and segments[1] != ANY:
        anywhere, segments = True, segments[1:]
    if not anywhere:
        length = None if ANY in segments else len(segments)
        first = None if WILD.search(segments[0]) else ESCAPED.sub(r"\1", segments[0])
        rules.paths.setdefault((length, first), []).append((number, compile_segments(segments)))
    elif WILD.search(segments[0]):
        rules.globs.append((number, segment_pattern(segments[0])))
    else:
        rules.names.setdefault(ESCAPED.sub(r"\1", segments[0]), []).append(number)
