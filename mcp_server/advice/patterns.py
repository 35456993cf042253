"""Tells which files a pattern of `per-file-ignores` means, as ruff reads it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from dataclasses import dataclass

MOST_FORMS = 64
"""How many forms the braces and `**/` of a pattern may come to."""
LONGEST = 1_000
BRACES = re.compile(r"\{([^{}]*)\}")
ANY_FOLDERS = re.compile(r"(?:(?<=/)|^)\*\*/")
NO_FILES = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Files by a pattern: those whose path or whose name it matches; with `negated` the others.

    As ruff 0.17.5 does it, `*` also crosses folders (`tests/*` is everything below `tests`), and
    the name of a folder alone means nothing in it.
    """

    path: re.Pattern[str]
    negated: bool = False

    def holds(self, path: str) -> bool:
        """Tell whether it means a file, named relative to the folder of the pyproject.toml."""
        names = (path, posixpath.basename(path))
        return any(self.path.match(one) for one in names) != self.negated


def read_pattern(text: str) -> Pattern | None:
    """Return a pattern, None for one that is too large to be meant."""
    negated = text.startswith("!")
    forms = _forms(text.removeprefix("!").removeprefix("./"))
    if forms is None:
        return None
    # The expressions of fnmatch take linear time, whatever the pattern.
    translated = "|".join(fnmatch.translate(one.replace("[^", "[!")) for one in forms)
    try:
        return Pattern(re.compile(translated), negated)
    except re.error:
        return Pattern(NO_FILES, negated)


def _forms(text: str) -> list[str] | None:
    """Return a pattern's plain forms: one for each of its alternatives."""
    waiting = [ANY_FOLDERS.sub("{,*/}", text)]
    forms: list[str] = []
    while waiting:
        one = waiting.pop()
        if len(waiting) + len(forms) >= MOST_FORMS or len(one) > LONGEST:
            return None
        braces = BRACES.search(one)
        if braces is None:
            forms.append(one)
            continue
        start, end = braces.span()
        waiting += [f"{one[:start]}{each}{one[end:]}" for each in braces[1].split(",")]
    return forms
