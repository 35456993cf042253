"""Reads the folders that a hook's `files` pattern plainly names; the pattern is never run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

MAX_PATTERN = 1000
MAX_FOLDERS = 20
COMMENT = re.compile(r"#[^\n]*")
PLAIN = re.compile(
    r"\^(?P<folder>(?:[\w/-]|\\?\.(?![*+?])|\\[/-])+?)\\?/"
    r"(?:\.[*+]\??)?(?:\\\.(?:py|pyi|pyi\?|py\[i\]|pyx))?\$?\Z"
)


@lru_cache(maxsize=256)
def folders_of(pattern: str) -> tuple[str, ...] | None:
    r"""Return the folders whose Python files a pattern matches, None where it says anything else.

    `^src/`, `^(src|tests)/.*\.py$` and `(?x)^( a/.* | b/.* )$` name folders; what is not
    anchored, looks around or chooses among files does not.
    """
    text = pattern.strip()
    if not text or len(text) > MAX_PATTERN:
        return None
    if text.startswith("(?x)"):
        text = "".join(COMMENT.sub("", text.removeprefix("(?x)")).split())
    found: dict[str, None] = {}
    waiting = [text]
    while waiting:
        one = waiting.pop()
        spread = _spread(one)
        if not spread or len(found) + len(waiting) + len(spread) > MAX_FOLDERS:
            return None
        if spread != [one]:
            waiting += reversed(spread)
            continue
        match = PLAIN.match(one)
        if match is None:
            return None
        found[match["folder"].replace("\\", "")] = None
    return tuple(found)


def _spread(text: str) -> list[str]:
    """Return the patterns that one stands for by its outermost choice; none for odd brackets."""
    choices = alternatives(text)
    if len(choices) > 1:
        return choices
    start = next((index for index, char in _special(text) if char == "("), None)
    if start is None:
        return [text]
    end = _closing(text, start)
    inner = text[start + 1 : end].removeprefix("?:")
    if end < 0 or inner.startswith("?") or text[end + 1 : end + 2] in {"*", "+", "?", "{"}:
        return []
    return [f"{text[:start]}{one}{text[end + 1 :]}" for one in alternatives(inner)]


def _special(text: str) -> Iterator[tuple[int, str]]:
    """Yield the brackets and bars of a pattern that are not escaped, with their places."""
    for index, char in enumerate(text):
        if char in "(|)" and (not index or text[index - 1] != "\\"):
            yield index, char


def _closing(text: str, start: int) -> int:
    depth = 0
    for index, char in _special(text):
        if index >= start:
            depth += (char == "(") - (char == ")")
            if depth == 0:
                return index
    return -1


def alternatives(text: str) -> list[str]:
    """Return the alternatives of a pattern; those of groups in it stay whole."""
    depth, edges = 0, [-1]
    for index, char in _special(text):
        depth += (char == "(") - (char == ")")
        if char == "|" and depth == 0:
            edges.append(index)
    edges.append(len(text))
    return [text[start + 1 : end] for start, end in pairwise(edges)]
