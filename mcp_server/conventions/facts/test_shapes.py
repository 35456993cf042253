"""Finds test functions and what each of them has: async, a class, marks and fixtures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from mcp_server.conventions.facts.module import Module

DEFINITION = re.compile(rb"([ \t]{0,12})((?:async[ ])?)def[ ](test_\w{0,200}|test)\(")
MARK = re.compile(rb"@pytest\.mark\.(\w{1,60})")
ARGNAMES = re.compile(rb"parametrize\(\s{0,80}(?:argnames=)?[(\[]?([\"'][^)\]\n]{1,200})")
BRACKETS = re.compile(rb"\[[^\[\]]{0,500}\]")
PARAMETER = re.compile(rb"(?:^|,)\s{0,40}(\w{1,80})\s{0,9}(?=[:,=]|$)")
WORD = re.compile(rb"\w+")
MOST_TESTS = 600
"""How many tests of a folder are looked at, the first of each file; shapes repeat long before."""
LONGEST_SIGNATURE = 2_000


@dataclass(frozen=True, slots=True)
class Test:
    """A test function: where it stands and its kind in words; the rest is read when asked for."""

    __test__ = False

    module: Module
    offset: int
    name: str
    kind: tuple[str, ...]
    opened: int
    """Where its parameters begin."""

    @property
    def closed(self) -> int:
        """Where its parameters end."""
        limit = self.opened + LONGEST_SIGNATURE
        return max(self.module.content.find(b")", self.opened, limit), self.opened)

    @property
    def fixtures(self) -> tuple[str, ...]:
        """The parameters that are fixtures: all but `self` and what parametrize gives."""
        plain = self.module.content[self.opened : self.closed]
        for _ in range(3 * (b"[" in plain)):
            plain = BRACKETS.sub(b"", plain)
        head = _head(self.module.content, self.offset)
        given = {word for text in ARGNAMES.findall(head) for word in WORD.findall(text)}
        names = [one for one in PARAMETER.findall(plain) if one != b"self" and one not in given]
        return tuple(sorted(one.decode("ascii", "replace") for one in names))

    @property
    def length(self) -> int:
        """How many lines its body has."""
        start = self.module.content[self.offset : self.offset + 40]
        indent = len(start) - len(start.lstrip())
        return self.module.indented(self.closed, indent).count(b"\n")


def find_tests(modules: Sequence[Module]) -> list[Test]:
    """Return about `MOST_TESTS` of the test functions of modules, as many of each."""
    every = sum(module.content.count(b"def test") for module in modules)
    share = MOST_TESTS if every <= MOST_TESTS else max(MOST_TESTS // len(modules), 4)
    return [test for module in modules for test in islice(_tests(module), share)]


def _tests(module: Module) -> Iterator[Test]:
    for offset in module.find(b"def test"):
        start = module.line_start(offset)
        match = DEFINITION.match(module.content, start)
        if match is None or match.start(3) != offset + 4:
            continue
        head = _head(module.content, start)
        marks = sorted(set(MARK.findall(head))) if b"@pytest.mark." in head else []
        yield Test(
            module,
            start,
            match[3].decode("ascii", "replace"),
            (
                *(["async"] if match[2] else []),
                *(["in a class"] if match[1] else []),
                *(f"mark {one.decode('ascii', 'replace')}" for one in marks),
            ),
            match.end(),
        )


def _head(content: bytes, start: int) -> bytes:
    """Return the decorators above a function: what stands above it without an empty line."""
    return content[max(content.rfind(b"\n\n", max(start - 6_000, 0), start), 0) : start]
