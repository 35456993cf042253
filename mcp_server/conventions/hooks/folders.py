"""Reads a hook's patterns, without running them: the folders they name, and what they may cost."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from mcp_server.models import Filter

MAX_PATTERN = 1000
LENGTH = Filter.LONGEST
MOST_WAYS = 20_000_000
"""In how many ways a pattern may be tried on one path; measured: some 0.6 s at worst."""
MAX_FOLDERS = 20
COMMENT = re.compile(r"#[^\n]*")
PLAIN = re.compile(
    r"\^(?P<folder>(?:[\w/-]|\\?\.(?![*+?])|\\[/-])+?)\\?/"
    r"(?:\.[*+]\??)?(?:\\\.(?:py|pyi|pyi\?|py\[i\]|pyx))?\$?\Z"
)
UNICODE = re.compile(r"\\[uUN]")
VERBOSE = re.compile(r"\(\?[a-z]*x[a-z]*\)")
TOKENS = r"""
    (?P<refused>\\[1-9] | \(\?P= | \(\?\( | \(\?[a-z]*-[a-z]*: | \(\?[a-wyz]*x[a-z]*:)
    | (?P<skipped>\(\?[a-zA-Z]+\) | \(\?\#[^)]*\) {more})
    | (?P<repeated>(?:(?P<sign>[*+?]) | \{{(?=[\d,])(?P<low>\d*)(?P<comma>,?)(?P<high>\d*)\}})[?+]?)
    | (?P<single>\\. | \[\^?\]?(?:\\.|[^\]\\])*\] | \((?:\?(?:[a-z]+:|P<\w+>|<?[=!]|[:>]))? | .)
"""
"""`low` and `high` have as many digits as a pattern; Python limits what it makes a number of."""
TOKEN = re.compile(TOKENS.format(more=""), re.DOTALL | re.VERBOSE)
VERBOSE_TOKEN = re.compile(TOKENS.format(more=r"| \s+ | \#[^\n]*"), re.DOTALL | re.VERBOSE)


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


def reasons(files: Sequence[str], exclude: Iterable[str]) -> tuple[list[str], bool]:
    """Return which files patterns let through where folders cannot say it.

    The second tells whether all of the patterns may be searched.
    """
    told = [f"only files matching {one}" for one in files if len(files) > 1 or not folders_of(one)]
    left = list(exclude)
    told += [f"no files matching {one}" for one in left]
    return told, all(is_searchable(one) for one in (*files, *left))


@lru_cache(maxsize=256)
def is_searchable(pattern: str) -> bool:
    """Tell whether a pattern can be searched in a path at a small cost, whatever the path.

    It is for ASCII patterns only: a set of Unicode's characters takes long to compile.
    """
    if len(pattern) > MAX_PATTERN or not pattern.isascii() or UNICODE.search(pattern):
        return False
    if _ways(pattern) > MOST_WAYS:
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, ValueError, OverflowError, RecursionError, Warning):
        return False
    return True


@dataclass(slots=True)
class _Group:
    """A group while it is read: in how many ways its alternatives and its current one match."""

    ended: float = 0
    current: float = 1
    atom: float = 1
    """Of what a repetition would repeat."""
    plain: bool = True
    """Whether the atom holds no choice."""
    choosing: bool = False

    def put(self, ways: float, *, plain: bool) -> None:
        self.current *= self.atom
        self.atom, self.plain = ways, plain
        self.choosing |= not plain

    def close(self) -> float:
        return self.ended + self.current * self.atom


def _ways(pattern: str) -> float:
    """Return a limit of the ways in which a search tries a pattern, infinite where there is none.

    Each repetition of a character has as many ways as a path has characters, each choice as many
    as its alternatives together, and what follows each other multiplies. A choice that is itself
    repeated has exponentially many.
    """
    token = VERBOSE_TOKEN if VERBOSE.match(pattern) else TOKEN
    groups = [_Group()]
    # Without an anchor a search begins at every character.
    begins = True
    for match in token.finditer(pattern):
        text, kind = match[0], match.lastgroup
        top = groups[-1]
        if kind == "refused":
            return math.inf
        if kind == "skipped":
            continue
        if begins and text not in {"^", r"\A"}:
            top.current = LENGTH
        begins = text == "|" and len(groups) == 1
        if text.startswith("("):
            groups.append(_Group())
        elif text == ")" and len(groups) > 1:
            groups.pop()
            groups[-1].put(top.close(), plain=not top.choosing)
        elif text == "|":
            top.ended += top.current * top.atom
            top.current, top.atom, top.choosing = 1, 1, True
        elif kind == "repeated":
            top.atom = _repeated(match, top)
            top.plain, top.choosing = False, True
        else:
            top.put(1, plain=True)
    return groups[0].close()


def _repeated(match: re.Match[str], group: _Group) -> float:
    """Return the ways of an atom that is repeated."""
    if match["sign"] == "?":
        return group.atom + 1
    low = int(match["low"] or 0)
    high = int(match["high"] or LENGTH) if match["comma"] or match["sign"] else low
    if not group.plain or max(low, high) > LENGTH:
        return math.inf
    return max(high - low, 0) + 1
