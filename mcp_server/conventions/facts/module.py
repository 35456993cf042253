"""The bytes of one Python file, searched by fixed texts; parsing every file would cost too much."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

NEWLINE = b"\n"
TRIPLES = (b'"""', b"'''")
LONGEST_HEAD = 8_000
"""How many bytes of a file can hold its imports; some 150 lines."""
OPENINGS = (b"\ndef ", b"\nasync def ", b"\nclass ")
SPACED = bytes(one if (chr(one).isalnum() and one < 128) or one == 95 else 32 for one in range(256))
LONGEST_FUNCTION = 20_000
"""How many bytes of a function are looked at; longer ones are long enough by then."""
ENDS = [re.compile(rb"\n[ \t]{0,%d}[^\s#)\]}]" % indent) for indent in range(41)]
"""What ends a block that is indented deeper than so many columns."""


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: its path below the root, its bytes, and whether it belongs to the tests."""

    path: str
    content: bytes
    test: bool = False
    _quotes: list[int] = field(default_factory=list)
    _words: list[frozenset[bytes]] = field(default_factory=list)

    @property
    def words(self) -> frozenset[bytes]:
        """The words above the first function or class: whatever the module imports is there."""
        if not self._words:
            head = self.content[:LONGEST_HEAD]
            for opening in OPENINGS:
                head = head.partition(opening)[0]
            self._words.append(frozenset(head.translate(SPACED).split()))
        return self._words[0]

    def at(self, offset: int) -> str:
        """Return a place in the file as `file:line`."""
        return f"{self.path}:{1 + self.content.count(NEWLINE, 0, offset)}"

    def code(self, offset: int) -> bool:
        """Tell whether an offset lies outside of the texts in triple quotes (examples in them)."""
        if not self._quotes:
            self._quotes.extend((-1, *_borders(self.content)))
        return bisect_right(self._quotes, offset) % 2 == 1

    def find(self, needle: bytes) -> Iterator[int]:
        """Yield the offsets of a text outside of triple quotes."""
        offset = self.content.find(needle)
        while offset >= 0:
            if self.code(offset):
                yield offset
            offset = self.content.find(needle, offset + len(needle))

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of an offset begins."""
        return self.content.rfind(b"\n", 0, offset) + 1

    def line(self, offset: int) -> bytes:
        """Return the whole line of an offset, without its end."""
        end = self.content.find(b"\n", offset)
        return self.content[self.line_start(offset) : end if end >= 0 else len(self.content)]

    def indented(self, start: int, indent: int) -> bytes:
        """Return the block below `start`: the lines indented deeper than `indent` columns."""
        found = ENDS[min(indent, 40)].search(self.content, start, start + LONGEST_FUNCTION)
        return self.content[start : found.start() if found else start + LONGEST_FUNCTION]


def _borders(content: bytes) -> Iterator[int]:
    """Yield where triple-quoted texts begin and end, in turns."""
    after = 0
    nexts = {quote: content.find(quote) for quote in TRIPLES}
    while True:
        # Finding again only what was passed keeps this linear.
        for quote, known in nexts.items():
            if 0 <= known < after:
                nexts[quote] = content.find(quote, after)
        begins = [(known, quote) for quote, known in nexts.items() if known >= 0]
        if not begins:
            return
        begin, quote = min(begins)
        yield begin
        end = content.find(quote, begin + 3)
        if end < 0:
            return
        yield end
        after = end + 3
