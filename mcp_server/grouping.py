"""Puts findings with one root cause together, across test parameters and across tools."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mcp_server.checkers import checkers
from mcp_server.models import Diagnostic, Role

ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
NUMBER = re.compile(r"\d+")
QUOTED = re.compile(r"['\"`](\w+)['\"`]")
QUOTATION = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)
WHOLE_FILE_TOPICS = frozenset({"syntax", "format", "import-order"})
"""Topics of which one finding a file says all: their lines differ from tool to tool."""
HEADS = (Role.TYPES, Role.LINT, Role.TEST, Role.COVERAGE, Role.IMPORTS, Role.FORMAT)
"""Whose finding leads a group: the one that names the cause before the one that shows it."""
SHORTEST_ID = 4
DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one root cause, the clearest first, each with its stable identity.

    `id` is the shortest beginning of the head's identity that no other group's has.
    """

    id: str
    members: tuple[tuple[str, Diagnostic], ...]

    @property
    def head(self) -> Diagnostic:
        """The finding that leads."""
        return self.members[0][1]


def group(diagnostics: Iterable[Diagnostic]) -> tuple[Group, ...]:
    """Return the groups of all findings, those that block others first, then by place."""
    found = list(dict.fromkeys(diagnostics))
    ids = identify(found)
    parents = list(range(len(found)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    first: dict[Hashable, int] = {}
    for index, keys in enumerate(_keys(found)):
        for key in keys:
            parents[root(index)] = root(first.setdefault(key, index))
    members: dict[int, list[int]] = defaultdict(list)
    for index in range(len(found)):
        members[root(index)].append(index)
    led = [_led([(ids[one], found[one]) for one in each]) for each in members.values()]
    names = shortest([each[0][0] for each in led])
    groups = [Group(name, tuple(each)) for name, each in zip(names, led, strict=True)]
    return tuple(sorted(groups, key=_order))


def _led(members: list[tuple[str, Diagnostic]]) -> list[tuple[str, Diagnostic]]:
    """Order the findings of a group so that the head says most for all of them.

    Where several findings say the same, they need to say it only once, in the head.
    """
    said = Counter((one.tool, one.code, normalised(one.message)) for _, one in members)
    most = max(said.values())

    def order(member: tuple[str, Diagnostic]) -> tuple[bool, int, int, str]:
        one = member[1]
        repeated = most > 1 and said[one.tool, one.code, normalised(one.message)] == most
        role = _role(one)
        return (
            not repeated,
            HEADS.index(role) if role else len(HEADS),
            one.line or 0,
            one.test or "",
        )

    return sorted(members, key=order)


def shortest(identities: Sequence[str]) -> list[str]:
    """Return for each identity its shortest beginning that none of the others has."""
    ordered = sorted(identities)
    lengths = dict.fromkeys(ordered, SHORTEST_ID)
    for one, other in itertools.pairwise(ordered):
        common = next(
            (at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one)
        )
        common += 1
        for each in (one, other):
            lengths[each] = max(lengths[each], common)
    return [one[: lengths[one]] for one in identities]


def identify(diagnostics: Sequence[Diagnostic]) -> list[str]:
    """Return an identity for each finding that stays when lines shift and numbers change."""
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for one in diagnostics:
        # A test says what it is by its name; its message may hold what changes in every run.
        message = "" if one.test and "::" in one.test else normalised(one.message)
        parts = (one.tool, one.file, one.symbol, one.test, one.code, message)
        identity = "\0".join(part or "" for part in parts)
        seen[identity] += 1
        digest = hashlib.sha256(
            f"{identity}\0{seen[identity]}".encode("utf-8", "backslashreplace")
        ).hexdigest()
        ids.append(digest[:DIGEST_LENGTH])
    return ids


def normalised(message: str) -> str:
    """Return a message without the numbers and addresses that change from run to run."""
    return NUMBER.sub("#", ADDRESS.sub("0x", message))


def _keys(diagnostics: Sequence[Diagnostic]) -> Iterator[set[Hashable]]:
    """Yield for each finding the keys that join it with others of the same cause."""
    typed: dict[tuple[str | None, int | None], list[Diagnostic]] = defaultdict(list)
    for one in diagnostics:
        if _role(one) is Role.TYPES and one.line is not None:
            typed[one.file, one.line].append(one)
    for one in diagnostics:
        keys: set[Hashable] = set()
        place = (one.file, one.line)
        if one.topic in WHOLE_FILE_TOPICS:
            keys.add((one.topic, one.file))
        elif one.topic and one.line is not None:
            keys.add((one.topic, *place))
        if _role(one) is Role.TEST and one.line is not None:
            function = PARAMETERS.sub("", one.test or "")
            if one.code == "AssertionError":
                # The cases of a test compare different values; other tests compare other things.
                keys |= {(one.code, *place, function), (one.code, *place, one.message or function)}
            else:
                keys.add((one.code, *place, normalised(one.message)))
                keys.add((one.code, *place, function, QUOTATION.sub("", normalised(one.message))))
            if (seen := _seen_before(typed[place], one)) is not None:
                keys.add(_typed_key(typed[place], seen))
        elif one in typed[place]:
            keys.add(_typed_key(typed[place], one))
        yield keys


def _typed_key(same_line: Sequence[Diagnostic], one: Diagnostic) -> Hashable:
    """Join type checkers on a line: by its column where one of them says more than one thing."""
    several = max(Counter(other.tool for other in same_line).values()) > 1
    return ("types", one.file, one.line, one.column if several else None)


def _seen_before(same_line: Sequence[Diagnostic], one: Diagnostic) -> Diagnostic | None:
    """Return the type checker's finding that foretold a raised error: it names the same things."""
    names = set(QUOTED.findall(one.message))
    if one.code == "AssertionError" or not names:
        return None
    shared = {other: len(names & set(QUOTED.findall(other.message))) for other in same_line}
    best = max(shared, key=lambda other: shared[other], default=None)
    return best if best is not None and shared[best] else None


def _role(one: Diagnostic) -> Role | None:
    checker = checkers().get(one.tool)
    return checker.ROLE if checker else None


def _order(each: Group) -> tuple[bool, bool, str, int, int, str]:
    head = each.head
    blocking = any(one.topic == "syntax" for _, one in each.members)
    return (
        not blocking,
        head.file is None,
        head.file or "",
        head.line or 0,
        head.column or 0,
        head.tool,
    )
