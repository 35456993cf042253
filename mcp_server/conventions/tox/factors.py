"""Expands the names of tox environments and chooses the lines that their factors select."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

MAX_NAMES = 500
"""How many names a list of environments may stand for; the longest of 20 real projects has 70."""
BRACES = re.compile(r"\{([^{}]*)\}")
MAX_LINES = 5_000
"""How many lines of one setting are read; the longest tox.ini of 20 real projects has 358."""
MARK = re.compile(r"[{},\n]")
RANGE = re.compile(r"(\d{1,4})-(\d{1,4})$")
CONDITION = re.compile(r"\s*!?[\w.{][\w.,!{}\- \t]*$")
FACTOR = re.compile(r"!?[\w.]+(?:-!?[\w.]+)*$")
COMMENT = re.compile(r"(?<!\\)#.*")


def names_of(text: str) -> list[str]:
    """Return the names that a generative list (`py{310,311}-{a,b}, lint`) stands for."""
    every = (name for piece in _pieces(text) if piece for name in _expanded(piece))
    return list(dict.fromkeys(islice(every, MAX_NAMES)))


def _pieces(text: str) -> Iterator[str]:
    """Split a list at its newlines and at the commas that stand in no braces."""
    begin, inside = 0, False
    for match in MARK.finditer(text):
        if match[0] == "\n" or (match[0] == "," and not inside):
            yield text[begin : match.start()].strip()
            begin, inside = match.end(), False
        else:
            inside = match[0] == "{" or (inside and match[0] != "}")
    yield text[begin:].strip()


def _expanded(piece: str) -> Iterator[str]:
    """Yield the names of one piece; a number range in braces (`{10-13}`) is counted out."""
    parts = BRACES.split(piece)
    choices = [_choices(part) if index % 2 else [part] for index, part in enumerate(parts)]
    for chosen in islice(product(*choices), MAX_NAMES):
        yield re.sub(r"\s+", "", "".join(chosen))


def _choices(text: str) -> list[str]:
    found: list[str] = []
    for one in text.split(","):
        match = RANGE.match(one.strip())
        if match and int(match[1]) <= int(match[2]) <= int(match[1]) + MAX_NAMES:
            found += [str(number) for number in range(int(match[1]), int(match[2]) + 1)]
        else:
            found.append(one.strip())
    return found


@dataclass(frozen=True, slots=True)
class Conditional:
    """A line of a setting and the groups of factors of which one must be met, None for any."""

    line: str
    groups: tuple[str, ...] | None = None


def conditional(text: str) -> tuple[Conditional, ...]:
    """Return the lines of a setting, without comments, with the conditions they begin with.

    A line may begin with factors (`py{311,312}-unit,lint: `) that a name must have, or with `!`
    must not have. Lines that end in a backslash go on in the next.
    """
    kept = (COMMENT.sub("", line).replace("\\#", "#") for line in text.split("\n"))
    lines = "\n".join(line.rstrip() for line in kept).split("\\\n")
    whole = " ".join(line.strip(" \t") for line in lines).split("\n")
    stripped = (line.strip() for line in whole if line.strip())
    return tuple(map(_conditional, islice(stripped, MAX_LINES)))


def select(lines: Iterable[Conditional], name: str) -> list[str]:
    """Return the lines that concern an environment."""
    own = set(name.split("-"))
    return [
        one.line
        for one in lines
        if one.line and (one.groups is None or any(_met(group, own) for group in one.groups))
    ]


def _conditional(line: str) -> Conditional:
    condition, colon, rest = line.partition(":")
    if not colon or (rest and not rest[0].isspace()) or not CONDITION.match(condition):
        return Conditional(line)
    packed = ",".join(part.strip() for part in condition.split(","))
    groups = tuple(names_of(packed))
    if not groups or packed.split() != [packed] or not all(map(FACTOR.match, groups)):
        return Conditional(line)
    return Conditional(rest.strip(), groups)


def _met(group: str, own: set[str]) -> bool:
    asked, refused = _factors(group)
    return asked <= own and refused.isdisjoint(own)


@lru_cache(maxsize=512)
def _factors(group: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the factors that a name must have, and those that it must not have."""
    factors = group.split("-")
    refused = frozenset(one.removeprefix("!") for one in factors if one.startswith("!"))
    return frozenset(one for one in factors if not one.startswith("!")), refused
