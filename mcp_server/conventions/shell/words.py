"""Splits shell text into words and operators."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

UNKNOWN = "\0"
"""Stands in a text for what only running something would tell."""
TOKEN = re.compile(
    r"""
    (?P<joined>\\\r?\n)
    |(?P<space>[ \t\r\f\v]+)
    |(?P<operator>&&|\|\||;;|\|&|&>>|&>|>>|>&|>\||<<<|<<|<&|[()<>|&;\n])
    |(?P<single>'[^']*')
    |(?P<double>"[^"\\]*+(?:\\.[^"\\]*+)*+")
    |(?P<computed>\$\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)|`[^`]*`)
    |(?P<parameter>\$\{[^{}]*\})
    |(?P<escape>\\.)
    |(?P<plain>\$?[^\s'"`\\()<>|&;$]+|\$)
    """,
    re.VERBOSE | re.DOTALL,
)
ENDING = frozenset({"space", "operator"})
REDIRECTS = frozenset({">", ">>", "<", ">&", "<&", "&>", "&>>", ">|", "<<<"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word as it is written: pieces of text, each with how it is quoted."""

    segments: tuple[tuple[str, str], ...]
    line: int = 1

    @property
    def raw(self) -> str:
        """The word as the shell reads it."""
        return "".join(text for _, text in self.segments)

    @property
    def keyword(self) -> str | None:
        """The word where no part of it is quoted, as a reserved word must be."""
        return self.raw if all(kind == "plain" for kind, _ in self.segments) else None


Token: TypeAlias = Word | str


def tokens(text: str) -> Iterator[Token]:
    """Yield the words and operators of shell text; redirections and comments are left out.

    Raises `ValueError`, with the reason, for what cannot be read.
    """
    drop = False
    for token in _raw_tokens(text):
        if drop:
            if not isinstance(token, Word):
                msg = "it redirects in a way that cannot be read"
                raise ValueError(msg)
            drop = False
        elif token in REDIRECTS:
            drop = True
        else:
            yield token


def _raw_tokens(text: str) -> Iterator[Token]:
    segments: list[tuple[str, str]] = []
    position, line, begun = 0, 1, 1
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            msg = "its quoting cannot be read"
            raise ValueError(msg)
        kind, piece = str(match.lastgroup), match[0]
        position = match.end()
        begun = begun if segments else line
        line += piece.count("\n")
        if kind == "plain" and piece.startswith("#") and not segments:
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif kind in ENDING:
            yield from _ended(segments, piece if kind == "operator" else "", begun)
            segments = []
        # A line that ends in a backslash goes on, in the middle of a word too.
        elif kind != "joined":
            segments.append((kind, piece))
    yield from _ended(segments, "", begun)


def _ended(segments: list[tuple[str, str]], operator: str, line: int) -> Iterator[Token]:
    if operator == "<<":
        msg = "it holds a here-document"
        raise ValueError(msg)
    # The number of `2>file` belongs to the redirection.
    numbered = operator in REDIRECTS and len(segments) == 1 and segments[0][1] in {"0", "1", "2"}
    if segments and not numbered:
        yield Word(tuple(segments), line)
    if operator:
        yield operator
