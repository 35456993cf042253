"""Evaluates the expressions of CI files (`${{ a == 'b' }}`) as far as their values are known."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from mcp_server.conventions.ci.functions import both, call, either
from mcp_server.conventions.ci.values import MAX_TEXT, Known, equal, known_of, spelled, truth
from mcp_server.conventions.shell.words import UNKNOWN

MAX_EXPRESSION = 4000
"""How long an expression may be, in characters; people write none of a tenth of it."""
MAX_DEPTH = 40
"""How deep calls and brackets may nest."""
TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w-]*)|(?P<number>-?\d[\w.]*)"
    r"|(?P<operator>&&|\|\||[=!<>]=|[<>!()\[\],.*]))"
)
PROPERTY = re.compile(r"\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)+)\s*")
"""What most expressions are: the name of one property."""
LITERALS: dict[str, Known] = {"true": True, "false": False, "null": None}
COMPARISONS = frozenset({"==", "!=", "<", ">", "<=", ">="})

Lookup: TypeAlias = Callable[[tuple[str, ...]], Known]
"""Returns the value of a context's property: `("matrix", "os")`; `UNKNOWN` where nobody knows."""


def evaluate(text: str, lookup: Lookup) -> Known:
    """Return the value of an expression, `UNKNOWN` where only a run would tell."""
    if len(text) > MAX_EXPRESSION or UNKNOWN in text:
        return UNKNOWN
    if simple := PROPERTY.fullmatch(text):
        return lookup(tuple(simple[1].split(".")))
    found = _tokens(text)
    try:
        return UNKNOWN if found is None else _Evaluation(found, lookup).whole()
    except ValueError:
        return UNKNOWN


@lru_cache(maxsize=1024)
def _tokens(text: str) -> tuple[tuple[str, str], ...] | None:
    """Return the kinds and texts of an expression's tokens, None where it is no expression."""
    found: list[tuple[str, str]] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None:
            return None
        found.append((str(match.lastgroup), match[match.lastgroup or 0]))
        position = match.end()
    return tuple(found)


def fill(text: str, lookup: Lookup, opening: str = "${{", closing: str = "}}") -> str:
    """Return a text with its expressions replaced by their values, `UNKNOWN` where not known."""
    if opening not in text:
        return text if len(text) <= MAX_TEXT else UNKNOWN
    kept: list[str] = []
    size = position = 0
    while (start := text.find(opening, position)) >= 0:
        end = text.find(closing, start)
        if end < 0:
            break
        inner = text[start + len(opening) : end]
        kept += [text[position:start], spelled(evaluate(inner, lookup))]
        size += len(kept[-1]) + len(kept[-2])
        if size > MAX_TEXT:
            return UNKNOWN
        position = end + len(closing)
    kept.append(text[position:])
    return "".join(kept) if size + len(kept[-1]) <= MAX_TEXT else UNKNOWN


def whole(text: str, lookup: Lookup) -> Known:
    """Return the value of a field that may be one expression: a list, a mapping or a text."""
    inner = text.strip()
    if inner.startswith("${{") and inner.find("}}") == len(inner) - 2:
        return evaluate(inner[3:-2], lookup)
    return fill(text, lookup)


def condition(text: str, lookup: Lookup) -> bool | None:
    """Tell whether an `if` holds, with or without its `${{ }}`; None where nobody knows."""
    inner = text.strip()
    if inner.startswith("${{") and inner.find("}}") == len(inner) - 2:
        inner = inner[3:-2]
    elif "${{" in inner:
        # GitHub takes a mixed text for a string, which is true; what is meant cannot be told.
        return None
    return truth(evaluate(inner, lookup)) if inner else True


class _Evaluation:
    """A cursor over tokens that computes while it reads; raises `ValueError` for no expression."""

    def __init__(self, found: Sequence[tuple[str, str]], lookup: Lookup) -> None:
        self._tokens = found
        self._lookup = lookup
        self._at = 0
        self._depth = 0

    def whole(self) -> Known:
        value = self._either()
        if self._at < len(self._tokens):
            raise ValueError
        return value

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, wanted: str) -> bool:
        if self._peek() == wanted and self._tokens[self._at][0] == "operator":
            self._at += 1
            return True
        return False

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise ValueError

    def _either(self) -> Known:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError
        value = self._both()
        while self._take("||"):
            value = either(value, self._both())
        self._depth -= 1
        return value

    def _both(self) -> Known:
        value = self._compared()
        while self._take("&&"):
            value = both(value, self._compared())
        return value

    def _compared(self) -> Known:
        value = self._single()
        while self._peek() in COMPARISONS:
            operator = self._tokens[self._at][1]
            self._at += 1
            same = equal(value, self._single())
            if operator not in {"==", "!="} or same is None:
                value = UNKNOWN
            else:
                value = same == (operator == "==")
        return value

    def _single(self) -> Known:
        negations = 0
        while self._take("!"):
            negations += 1
        if self._take("("):
            value = self._either()
            self._expect(")")
            value = self._property(value)
        else:
            value = self._atom()
        if negations:
            held = truth(value)
            return UNKNOWN if held is None else held == (negations % 2 == 0)
        return value

    def _atom(self) -> Known:
        if self._at >= len(self._tokens):
            raise ValueError
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind == "number":
            return text
        if kind != "name":
            raise ValueError
        if text in LITERALS:
            return LITERALS[text]
        if self._take("("):
            return self._property(self._call(text.lower()))
        return self._context(text)

    def _call(self, name: str) -> Known:
        args: list[Known] = []
        while not self._take(")"):
            args.append(self._either())
            if self._peek() != ")":
                self._expect(",")
        return call(name, args)

    def _context(self, first: str) -> Known:
        path = [first]
        while True:
            if self._take("."):
                if self._at >= len(self._tokens):
                    raise ValueError
                path.append(self._tokens[self._at][1])
                self._at += 1
            elif self._take("["):
                path.append(spelled(self._either()))
                self._expect("]")
            else:
                break
        return UNKNOWN if any(UNKNOWN in one for one in path) else self._lookup(tuple(path))

    def _property(self, value: Known) -> Known:
        """Follow what comes after a bracket or a call: `fromJSON(x).y`."""
        while self._peek() in {".", "["}:
            bracketed = self._take("[")
            if bracketed:
                name = spelled(self._either())
                self._expect("]")
            else:
                self._expect(".")
                name = self._atom_name()
            value = known_of(value.get(name)) if isinstance(value, dict) else UNKNOWN
        return value

    def _atom_name(self) -> str:
        self._at += 1
        if self._at > len(self._tokens):
            raise ValueError
        return self._tokens[self._at - 1][1]
