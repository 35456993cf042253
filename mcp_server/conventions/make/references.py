"""Takes text with make's references apart: what is literal, and what stands in `$(...)`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

from mcp_server.conventions.shell.words import UNKNOWN

TOKEN = re.compile(r"\$\$|\$[({]|\$[^({$]|[(){},]", re.DOTALL)
FUNCTION = re.compile(r"([a-z-]+)(?:[ \t\n]+|(?=[)}]))")
OPENERS = {")": "(", "}": "{"}
CLOSERS = {"$(": ")", "${": "}"}
MAX_NESTING = 50
"""How deep references may stand in each other; in the Makefiles of 20 real projects it is 2."""
MOST_ARGUMENTS = {
    "subst": 3, "patsubst": 3, "strip": 1, "findstring": 2, "filter": 2, "filter-out": 2,
    "sort": 1, "word": 2, "wordlist": 3, "words": 1, "firstword": 1, "lastword": 1, "dir": 1,
    "notdir": 1, "suffix": 1, "basename": 1, "addsuffix": 2, "addprefix": 2, "join": 2,
    "wildcard": 1, "realpath": 1, "abspath": 1, "if": 3, "or": 0, "and": 0, "foreach": 3,
    "file": 2, "call": 0, "value": 1, "eval": 1, "origin": 1, "flavor": 1, "error": 1,
    "warning": 1, "info": 1, "shell": 1, "guile": 1, "let": 3, "intcmp": 5,
}  # fmt: skip
"""The functions of GNU make 4.4 and how many arguments they take; 0 means any number."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A function with its arguments; without a function its one argument is a variable's name."""

    function: str
    arguments: tuple[tuple[Node, ...], ...]


Node: TypeAlias = str | Reference


@dataclass(slots=True)
class _Open:
    """A reference that is being read."""

    closer: str
    function: str = ""
    depth: int = 0
    arguments: list[list[Node]] = field(default_factory=lambda: [[]])

    def add(self, node: Node) -> None:
        if node:
            self.arguments[-1].append(node)

    def ends(self, mark: str) -> bool:
        return mark == self.closer and not self.depth

    def take(self, mark: str) -> None:
        """Take what is neither the beginning nor the end of a reference in brackets."""
        if mark == "," and self._splits():
            self.arguments.append([])
        elif mark.startswith("$"):
            self.add("$" if mark == "$$" else Reference("", ((mark[1],),)))
        else:
            if self.closer:
                self.depth += (mark == OPENERS[self.closer]) - (mark == self.closer)
            self.add(mark)

    def _splits(self) -> bool:
        """Tell whether a comma begins another argument."""
        most = MOST_ARGUMENTS.get(self.function)
        return most is not None and not self.depth and (not most or len(self.arguments) < most)

    def closed(self) -> Reference:
        return Reference(self.function, tuple(tuple(one) for one in self.arguments))


def parse(text: str) -> tuple[Node, ...]:
    """Return the literal texts and the references of `text`.

    What is open at the end of the text, or nests too deep, is `UNKNOWN`: make would stop there.
    """
    stack = [_Open("")]
    position = 0
    for match in TOKEN.finditer(text):
        if match.start() < position:
            continue
        stack[-1].add(text[position : match.start()])
        position = match.end()
        if match[0] in CLOSERS:
            if len(stack) > MAX_NESTING:
                return (UNKNOWN,)
            opened = _Open(CLOSERS[match[0]])
            named = FUNCTION.match(text, position)
            if named and named[1] in MOST_ARGUMENTS:
                opened.function, position = named[1], named.end()
            stack.append(opened)
        elif stack[-1].ends(match[0]):
            closed = stack.pop().closed()
            stack[-1].add(closed)
        else:
            stack[-1].take(match[0])
    stack[-1].add(text[position:])
    whole = stack[0].arguments[0]
    return tuple(whole) if len(stack) == 1 else (*whole, UNKNOWN)
