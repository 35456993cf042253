"""Takes SQL apart into statements whose literals and comments can no longer be taken for code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"(?P<comment>--[^\n]*)"
    r"|(?P<block>/\*)"
    r"|(?P<escaped>\b[eE]'(?:[^'\\]|\\.|'')*')"
    r"|(?P<literal>(?:\b[bBxXnN]|\b[uU]&)?'(?:[^']|'')*')"
    r"|(?P<dollar>(?<![\w$])\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)"
    r'|(?P<quoted>"(?:[^"]|"")*")'
    r"|(?P<word>[^\W\d][\w$]*)"
    r"|(?P<other>\d\w*|\S)",
    re.DOTALL,
)
EDGE = re.compile(r"/\*|\*/")
SIMPLE = re.compile(r'"([a-z_][a-z0-9_]*)"')


@dataclass
class Statement:
    """One statement: its words with a blank between them, and the contents of its literals.

    Words are in lower case, a literal is `''`, a plain quoted name stands without its quotes.
    `shallow` leaves out what stands in brackets.
    """

    words: list[str] = field(default_factory=list)
    shallow_words: list[str] = field(default_factory=list)
    literals: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all of its words."""
        return " ".join(self.words)

    @property
    def shallow(self) -> str:
        """Return its words outside brackets."""
        return " ".join(self.shallow_words)


def statements(sql: str) -> Iterator[Statement]:
    """Yield the statements of a text; what is left open at its end counts as code."""
    current, depth = Statement(), 0
    for kind, text in _tokens(sql):
        if kind == ";":
            yield current
            current, depth = Statement(), 0
            continue
        if kind == "literal":
            current.literals.append(text)
        word = "''" if kind == "literal" else text
        depth -= word == ")"
        current.words.append(word)
        if depth <= 0:
            current.shallow_words.append(word)
        depth += word == "("
    yield current


def _tokens(sql: str) -> Iterator[tuple[str, str]]:
    """Yield kinds and texts; the kinds are literal, word and `;`."""
    position = 0
    while found := TOKEN.search(sql, position):
        kind, text, position = found.lastgroup or "", found.group(0), found.end()
        kind = "dollar" if kind == "tag" else kind
        if kind == "block":
            position = _after_comment(sql, position)
        elif kind in {"escaped", "literal"}:
            inner = text[text.index("'") + 1 : -1].replace("''", "'")
            yield "literal", re.sub(r"\\(.)", r"\1", inner) if kind == "escaped" else inner
        elif kind == "dollar":
            edge = len(found.group("tag")) + 2
            yield "literal", text[edge:-edge]
        elif kind == "quoted":
            plain = SIMPLE.fullmatch(text)
            yield "word", plain.group(1) if plain else text
        elif kind == "word":
            yield "word", text.lower()
        elif kind == "other":
            yield (";" if text == ";" else "word"), text


def _after_comment(sql: str, position: int) -> int:
    """Return where a comment ends that began before `position`; PostgreSQL's contain others."""
    depth = 1
    for edge in EDGE.finditer(sql, position):
        depth += 1 if edge.group(0) == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)
