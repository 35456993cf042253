"""Follows the conditionals of a Makefile: which lines are read, and which only perhaps."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from mcp_server.conventions.make.expansion import expand
from mcp_server.conventions.make.text import outside
from mcp_server.conventions.make.variables import INHERITED, Scope
from mcp_server.conventions.shell.words import UNKNOWN

CONDITION = re.compile(r"[ \t]*(ifeq|ifneq|ifdef|ifndef|else|endif)\b[ \t]*")
QUOTED = re.compile(r"(?P<quote>[\"'])(.*?)(?P=quote)[ \t]*", re.DOTALL)


class Branch(Enum):
    """What is known of a branch of a conditional."""

    TAKEN = "taken"
    SKIPPED = "skipped"
    DONE = "done"
    """An earlier branch of the same conditional is the one that holds."""
    UNDECIDED = "undecided"
    """Only make could choose: nothing that such a branch sets is known."""


@dataclass(slots=True)
class Conditions:
    """The conditionals that are open at a line; `read` and `sure` say what holds for it."""

    read: bool = True
    sure: bool = True
    _open: list[tuple[bool, bool, Branch]] = field(default_factory=list)

    def follow(self, line: str, scope: Scope) -> bool:
        """Take a line where it is a conditional's; return whether it was one."""
        match = CONDITION.match(line)
        if match is None:
            return False
        word, rest = match[1], line[match.end() :]
        if word == "endif":
            if self._open:
                self.read, self.sure, _ = self._open.pop()
        elif word == "else":
            self._next(rest, scope)
        else:
            outer = (self.read, self.sure)
            branch = _branch(word, rest, scope) if self.read else Branch.DONE
            self._open.append((*outer, branch))
            self._enter()
        return True

    def _next(self, rest: str, scope: Scope) -> None:
        """Take the `else` of a conditional, with a condition of its own or without."""
        if not self._open:
            return
        read, sure, before = self._open.pop()
        after = Branch.UNDECIDED if before is Branch.UNDECIDED else Branch.DONE
        if before is Branch.SKIPPED:
            match = CONDITION.match(rest)
            after = Branch.TAKEN
            if match is not None and match[1].startswith("if"):
                after = _branch(match[1], rest[match.end() :], scope)
        self._open.append((read, sure, after))
        self._enter()

    def _enter(self) -> None:
        read, sure, branch = self._open[-1]
        self.read = read and branch in {Branch.TAKEN, Branch.UNDECIDED}
        self.sure = sure and branch is not Branch.UNDECIDED


def _branch(word: str, rest: str, scope: Scope) -> Branch:
    verdict = _defined(rest, scope) if word.endswith("def") else _equal(rest, scope)
    if verdict is None:
        return Branch.UNDECIDED
    return Branch.TAKEN if verdict == (word in {"ifdef", "ifeq"}) else Branch.SKIPPED


def _defined(rest: str, scope: Scope) -> bool | None:
    name = expand(scope, rest).strip()
    found = scope.find(name)
    if UNKNOWN in name or (found is None and name in INHERITED):
        return None
    if found is None or found.text != UNKNOWN:
        return bool(found and found.text)
    return None


def _equal(rest: str, scope: Scope) -> bool | None:
    sides = _sides(rest.strip())
    if sides is None:
        return None
    left, right = (expand(scope, side) for side in sides)
    if UNKNOWN not in left + right:
        return left == right
    return None if _could_equal(left, right) else False


def _could_equal(left: str, right: str) -> bool:
    """Tell whether two texts, of which parts are unknown, may turn out to be the same."""
    known, other = (left, right) if UNKNOWN not in left else (right, left)
    if UNKNOWN in known:
        return True
    begin, end = other.partition(UNKNOWN)[0], other.rpartition(UNKNOWN)[2]
    fits = len(known) >= len(begin) + len(end)
    return fits and known.startswith(begin) and known.endswith(end)


def _sides(rest: str) -> tuple[str, str] | None:
    """Return what `ifeq` compares: `(left,right)`, or two quoted texts."""
    if rest.startswith("("):
        comma = _comma(rest)
        end = rest.rfind(")")
        if comma is None or end < comma:
            return None
        return rest[1:comma].rstrip(), rest[comma + 1 : end].lstrip()
    left = QUOTED.match(rest)
    right = QUOTED.match(rest, left.end()) if left else None
    return (left[2], right[2]) if left and right else None


def _comma(rest: str) -> int | None:
    depth = 0
    for index in outside(rest, "(),", 1):
        if rest[index] == "," and not depth:
            return index
        depth += (rest[index] == "(") - (rest[index] == ")")
    return None
