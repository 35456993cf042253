"""Puts findings with one root cause together, across test parameters and across tools."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_server.checkers import checkers
from mcp_server.models import Diagnostic
from mcp_server.repository import Role
from mcp_server.stable import stable

ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
NUMBER = re.compile(r"\d+")
QUOTED = re.compile(r"['\"`](\w+)['\"`]")
QUOTATION = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
WHOLE_FILE_TOPICS = frozenset({"syntax", "format", "import-order"})
"""Topics of which one finding a file says all: their lines differ from tool to tool."""
HEADS = (
    *(Role.TYPES, Role.LINT, Role.TEST, Role.COVERAGE, Role.MIGRATIONS),
    *(Role.SECURITY, Role.DOCS, Role.IMPORTS, Role.FORMAT),
)
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
    """Return the groups of all findings, those that block others first, then by place.

    The order in which the findings arrive changes nothing.
    """
    found = sorted(dict.fromkeys(diagnostics), key=_canonical)
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


def _canonical(one: Diagnostic) -> tuple[tuple[bool, Any], ...]:
    """Order findings by what is the same in every run; the rest settles what looks the same."""
    parts = (
        *(one.file and stable(one.file), one.line, one.column, one.tool, one.code),
        *(one.test and stable(one.test), one.symbol, stable(one.message), one.severity),
        *(one.fix, one.topic, one.file, one.test, one.message, one.brief, one.detail),
    )
    return tuple((part is not None, 0 if part is None else part) for part in parts)


def _led(members: list[tuple[str, Diagnostic]]) -> list[tuple[str, Diagnostic]]:
    """Order the findings of a group so that the head says most for all of them.

    Where several findings say the same, they need to say it only once, in the head.
    """
    says = {key: (one.tool, one.code, normalised(one.message)) for key, one in members}
    said = Counter(says.values())
    most = max(said.values())

    def order(member: tuple[str, Diagnostic]) -> tuple[bool, int, int, str]:
        key, one = member
        repeated = most > 1 and said[says[key]] == most
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
    """Return an identity for each finding that stays when lines shift and numbers change.

    Equal findings are told apart by their order.
    """
    seen: Counter[str] = Counter()
    ids: list[str] = []
    for one in diagnostics:
        # A test says what it is by its name; its message may hold what changes in every run.
        message = "" if one.test and "::" in one.test else normalised(one.message)
        file, test = one.file and stable(one.file), one.test and stable(one.test)
        parts = (one.tool, file, one.symbol, test, one.code, message)
        identity = "\0".join(part or "" for part in parts)
        seen[identity] += 1
        digest = hashlib.sha256(
            f"{identity}\0{seen[identity]}".encode("utf-8", "backslashreplace")
        ).hexdigest()
        ids.append(digest[:DIGEST_LENGTH])
    return ids


def normalised(message: str) -> str:
    """Return a message without the numbers and addresses that change from run to run."""
    return NUMBER.sub("#", ADDRESS.sub("0x", stable(message)))


def _keys(diagnostics: Sequence[Diagnostic]) -> Iterator[set[Hashable]]:
    """Yield for each finding the keys that join it with others of the same cause."""
    typed: dict[Hashable, list[Diagnostic]] = defaultdict(list)
    for one in diagnostics:
        if _role(one) is Role.TYPES and one.line is not None:
            typed[one.file, one.line].append(one)
    several = {place for place, found in typed.items() if _repeats(one.tool for one in found)}
    for one in diagnostics:
        keys: set[Hashable] = set()
        place = (one.file, one.line)
        if one.topic in WHOLE_FILE_TOPICS:
            keys.add((one.topic, one.file))
        elif one.topic and one.line is not None:
            keys.add((one.topic, *place))
        foretold: Diagnostic | None = None
        if _role(one) is Role.TEST and one.line is not None:
            function = _function(one.test or "")
            if one.code == "AssertionError":
                # The cases of a test compare different values; other tests compare other things.
                compared = stable(one.message) or function
                keys |= {(one.code, *place, function), (one.code, *place, compared)}
            else:
                raised = normalised(one.message)
                keys |= {(one.code, *place, raised)}
                keys |= {(one.code, *place, function, QUOTATION.sub("", raised))}
            foretold = _seen_before(typed.get(place, ()), one)
        elif _role(one) is Role.TYPES and one.line is not None:
            foretold = one
        if foretold is not None:
            # Type checkers on a line are joined by its column where one says more than one thing.
            keys.add(("types", *place, foretold.column if place in several else None))
        yield keys


def _repeats(names: Iterable[str]) -> bool:
    return max(Counter(names).values()) > 1


def _seen_before(same_line: Sequence[Diagnostic], one: Diagnostic) -> Diagnostic | None:
    """Return the type checker's finding that foretold a raised error: it names the same things."""
    names = set(QUOTED.findall(one.message))
    if one.code == "AssertionError" or not names:
        return None
    shared = {other: len(names & set(QUOTED.findall(other.message))) for other in same_line}
    best = max(shared, key=lambda other: shared[other], default=None)
    return best if best is not None and shared[best] else None


def _function(test: str) -> str:
    """Return a test id without its parameters."""
    return test.partition("[")[0] if test.endswith("]") else test


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
