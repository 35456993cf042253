"""Reads the comments of a file that silence a finding: hdb's own, and those of its linters."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from functools import cached_property

from mcp_server.rules import Rule
from mcp_server.semantic import Module

OWN = re.compile(r"#\s*hdb:\s*ignore\b(?:\[([^\]]*)\])?", re.IGNORECASE)
CODES = r"noqa\b(?::\s*((?:[A-Z]+[0-9]+[,\s]*)+))?"
NOQA = re.compile(rf"#\s*{CODES}", re.IGNORECASE)
RUFF = re.compile(r"#\s*ruff:\s*ignore\[([^\]]*)\]")
WHOLE = re.compile(rf"#\s*(?:ruff|flake8):\s*{CODES}", re.IGNORECASE)
COMMENT = re.compile(r"#[^\n]*$")
SEPARATOR = re.compile(r"[,\s]+")
HOLDERS = (ast.stmt, ast.excepthandler, ast.match_case)
"""What a finding stands in; of those with a body only the head counts."""
LINTERS = (b"noqa", b"NOQA", b"ruff:")
OWNERS = (b"hdb:", b"HDB:", b"Hdb:")


class Silences:
    """The comments of one file that silence findings, and which of them did."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._used: set[tuple[int, str]] = set()

    def hold(self, rule: Rule, node: ast.AST) -> bool:
        """Tell whether a comment silences a rule's finding at a node."""
        content = self._module.content
        stated = is_addressed(content)
        if not stated and not (rule.same_as and any(one in content for one in LINTERS)):
            return False
        lines = places(self._module, node)
        mine = [(line, rule.name) for line in lines if rule.name in self.own.get(line, ())]
        self._used.update(mine)
        return bool(mine) or any(self._by_linter(rule, line) for line in lines)

    @cached_property
    def own(self) -> dict[int, tuple[str, ...]]:
        """The rules that hdb's own comments name, by line; `()` where one names none."""
        found = ((line, OWN.search(text)) for line, text in self._comments)
        return {line: _split(one[1]) for line, one in found if one is not None}

    def names(self, name: str) -> bool:
        """Tell whether one of hdb's own comments names a rule."""
        addressed = is_addressed(self._module.content)
        return addressed and any(name in each for each in self.own.values())

    def unused(self, asked: Collection[str]) -> Iterator[tuple[int, str]]:
        """Yield the lines and names of hdb's own comments that silenced none of the asked rules."""
        for line, names in self.own.items():
            for name in names:
                if name in asked and (line, name) not in self._used:
                    yield line, name

    def _by_linter(self, rule: Rule, line: int) -> bool:
        same = {one.upper() for one in rule.same_as}
        return bool(same) and any(
            codes is None or not same.isdisjoint(codes)
            for codes in (*self._linters.get(line, ()), *self._linters.get(0, ()))
        )

    @cached_property
    def _linters(self) -> dict[int, list[set[str] | None]]:
        """What linters are told to ignore, by line: codes, None for all; line 0 is the file."""
        found: dict[int, list[set[str] | None]] = {}
        for line, text in self._comments:
            for pattern, at in ((NOQA, line), (RUFF, line), (WHOLE, 0)):
                if one := pattern.search(text):
                    codes = None if one[1] is None else {*_split(one[1].upper())}
                    found.setdefault(at, []).append(codes)
        return found

    @cached_property
    def _comments(self) -> list[tuple[int, str]]:
        return list(comments(self._module.content))


def is_addressed(content: bytes) -> bool:
    """Tell whether a file may hold a comment of hdb's own, without reading its comments."""
    return any(one in content for one in OWNERS)


def comments(content: bytes) -> Iterator[tuple[int, str]]:
    """Yield the lines and texts of a file's comments."""
    last = 0
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            last = token.start[0]
            if token.type == tokenize.COMMENT:
                yield last, token.string
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError):
        # Newer syntax than the tokens of this Python: the rest is read line by line.
        text = content.decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            found = COMMENT.search(line) if number > last else None
            if found is not None:
                yield number, found[0]


def places(module: Module, node: ast.AST) -> set[int]:
    """Return the lines on which a comment concerns a finding at a node.

    That are the finding's own, the first and the last of its statement's, or of its head where it
    has a body, and those of a definition's decorators.
    """
    found = {_line(node)}
    holder: ast.AST | None = node
    if not isinstance(node, HOLDERS):
        found.add(getattr(node, "end_lineno", None) or _line(node))
        holder = next((one for one in module.above(node) if isinstance(one, HOLDERS)), None)
    if holder is None:
        return found
    for one in getattr(holder, "decorator_list", ()):
        found |= {one.lineno, one.end_lineno or one.lineno}
    body = getattr(holder, "body", None)
    first = body[0] if isinstance(body, list) and body else None
    start = _line(holder)
    if first is None:
        return found | {start, getattr(holder, "end_lineno", None) or start}
    # The head ends on the line before the body, but for `if x: y`.
    decorated = [one.lineno for one in getattr(first, "decorator_list", ())]
    return found | {start, max(start, _head_end(module, start, min([first.lineno, *decorated])))}


def _head_end(module: Module, start: int, body: int) -> int:
    """Return the last line of a head: the one before the body that holds more than a comment."""
    lines = module.content.splitlines()
    for number in range(body - 1, start, -1):
        text = lines[number - 1].strip() if number <= len(lines) else b""
        if text and not text.startswith(b"#"):
            return number
    return start


def _line(node: ast.AST) -> int:
    pattern = node.pattern if isinstance(node, ast.match_case) else node
    return getattr(pattern, "lineno", 1)


def _split(text: str | None) -> tuple[str, ...]:
    return tuple(one for one in SEPARATOR.split(text or "") if one)
