"""Parses shell text into commands, pipelines, groups and conditions, as far as that is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from mcp_server.conventions.shell.nodes import Block, Group, If, Item, Node, Pipe, Plain
from mcp_server.conventions.shell.words import Token, Word, tokens

CONNECTORS = frozenset({"&&", "||", ";", "\n", "&", ";;"})
BLOCKS = {
    "for": ("do", "done"),
    "while": ("do", "done"),
    "until": ("do", "done"),
    "select": ("do", "done"),
    "case": ("case", "esac"),
}
ASSIGNED = re.compile(r"([A-Za-z_]\w*)\+?=")
MAX_DEPTH = 50
"""How deep groups and conditions may be nested; more is no script that people write."""
MAX_KEPT = 4000
"""How long a text may be, in characters, whose commands are kept for when it comes again: what is
kept is some 40 times as large."""
NO_STOP: frozenset[str] = frozenset()


def parse_shell(text: str) -> tuple[Item, ...]:
    """Return the commands of shell text; raises `ValueError`, with the reason, where it cannot."""
    return _parsed(text) if len(text) <= MAX_KEPT else _parse(text)


def _parse(text: str) -> tuple[Item, ...]:
    parser = _Parser(list(tokens(text)))
    items = parser.items(NO_STOP)
    if not parser.ended:
        msg = "its brackets cannot be read"
        raise ValueError(msg)
    return items


_parsed = lru_cache(maxsize=512)(_parse)
"""A matrix leads to the same text many times; what it comes apart into never changes."""


def assigned(text: str) -> set[str]:
    """Return the variables that shell text may set."""
    return set(ASSIGNED.findall(text))


def written(found: Iterable[Token]) -> str:
    """Return tokens as one line of text."""
    return " ".join(one.raw if isinstance(one, Word) else one for one in found).strip()


class _Parser:
    """A cursor over tokens, with one method for each form of command."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._tokens)

    def items(self, stop: frozenset[str]) -> tuple[Item, ...]:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            msg = "it is nested too deeply"
            raise ValueError(msg)
        found: list[Item] = []
        before = ""
        while not self.ended:
            one = self._tokens[self._at]
            if one == ")" or self._keyword() in stop:
                break
            if isinstance(one, str) and one in CONNECTORS:
                self._at += 1
                # A line may break after `&&`; the break then means nothing.
                before = before if one == "\n" and before in {"&&", "||"} else one
                continue
            node = self._pipeline()
            found.append(Item(before, node, self._operator()))
            before = ""
        self._depth -= 1
        return tuple(found)

    def _operator(self) -> str:
        following = self._tokens[self._at : self._at + 1]
        return next((one for one in following if isinstance(one, str)), "")

    def _keyword(self) -> str | None:
        one = None if self.ended else self._tokens[self._at]
        return one.keyword if isinstance(one, Word) else None

    def _pipeline(self) -> Node:
        parts = [self._node()]
        while not self.ended and self._tokens[self._at] in {"|", "|&"}:
            self._at += 1
            self._skip_breaks()
            parts.append(self._node())
        return parts[0] if len(parts) == 1 else Pipe(tuple(parts))

    def _skip_breaks(self) -> None:
        while not self.ended and self._tokens[self._at] == "\n":
            self._at += 1

    def _node(self) -> Node:
        word = self._keyword()
        if not self.ended and self._tokens[self._at] == "(":
            return self._group(")", apart=True)
        if word == "{":
            return self._group("}", apart=False)
        if word == "if":
            return self._if()
        if word in BLOCKS:
            return self._block(*BLOCKS[word])
        return self._plain()

    def _group(self, end: str, *, apart: bool) -> Node:
        self._at += 1
        items = self.items(frozenset({end}))
        self._expect(end)
        return Group(items, apart)

    def _expect(self, end: str) -> None:
        one = None if self.ended else self._tokens[self._at]
        if one != end and self._keyword() != end:
            msg = "its shell logic cannot be read"
            raise ValueError(msg)
        self._at += 1

    def _if(self) -> Node:
        start = self._at
        branches = []
        word: str | None = "if"
        while word in {"if", "elif"}:
            self._at += 1
            condition = self.items(frozenset({"then"}))
            self._expect("then")
            branches.append((condition, self.items(frozenset({"elif", "else", "fi"}))))
            word = self._keyword()
        if word == "else":
            self._at += 1
            branches.append(((), self.items(frozenset({"fi"}))))
        self._expect("fi")
        return If(tuple(branches), written(self._tokens[start : self._at]))

    def _block(self, opening: str, closing: str, *, defines: bool = False) -> Node:
        start, depth = self._at, 0
        while not self.ended:
            word = self._keyword()
            depth += (word == opening) - (word == closing)
            self._at += 1
            if word == closing and depth == 0:
                return Block(written(self._tokens[start : self._at]), defines)
        msg = "its shell logic cannot be read"
        raise ValueError(msg)

    def _plain(self) -> Node:
        words: list[Word] = []
        bracketed = self._keyword() == "[["
        start = self._at
        while not self.ended:
            one = self._tokens[self._at]
            if isinstance(one, Word):
                words.append(one)
                self._at += 1
                if bracketed and one.raw == "]]":
                    break
            elif one == "(" and words:
                return self._function(start)
            elif bracketed and one != "\n":
                return self._bracketed(start)
            else:
                break
        if not words:
            msg = "its shell logic cannot be read"
            raise ValueError(msg)
        return Plain(tuple(words))

    def _function(self, start: int) -> Node:
        """Pass over `name() { ... }`, which runs nothing where it stands."""
        while not self.ended and self._keyword() != "{":
            if self._tokens[self._at] not in {"(", ")", "\n"}:
                msg = "its brackets cannot be read"
                raise ValueError(msg)
            self._at += 1
        self._block("{", "}", defines=True)
        return Block(written(self._tokens[start : self._at]), defines=True)

    def _bracketed(self, start: int) -> Node:
        """Take `[[ a && b ]]` as one word of logic."""
        while not self.ended and self._keyword() != "]]":
            self._at += 1
        self._expect("]]")
        return Block(written(self._tokens[start : self._at]))
