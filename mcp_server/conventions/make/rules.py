"""Reads the rules of a Makefile: targets, prerequisites, recipes, patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mcp_server.conventions.make.expansion import expand
from mcp_server.conventions.make.functions import matched
from mcp_server.conventions.make.text import outside, unescape
from mcp_server.conventions.make.variables import Scope
from mcp_server.conventions.shell.words import UNKNOWN

SPECIAL = re.compile(r"\.[A-Z_]+$")
MAX_TARGETS = 5_000
"""How many targets are read; the largest Makefile of 20 real projects has 51."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """A recipe line as it is written; not `sure` where only make knows whether it is read."""

    text: str
    path: str
    number: int
    sure: bool


@dataclass(slots=True)
class Recipe:
    """The lines of one rule; `given` also where there are none (`target: ;`)."""

    lines: list[RawLine] = field(default_factory=list)
    given: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """What one rule says of a target; `late` prerequisites are expanded a second time."""

    recipe: Recipe
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    stem: str = ""
    late: str = ""


@dataclass(slots=True)
class Draft:
    """A target with the rules that name it, in their order."""

    name: str
    source: str
    double: bool = False
    blocks: list[Block] = field(default_factory=list)

    def serving(self) -> list[Block]:
        """Return the rules whose recipes run: the last one, or all with double colons."""
        given = [block for block in self.blocks if block.recipe.given]
        return given if self.double else given[-1:]


@dataclass(frozen=True, slots=True)
class PatternRule:
    """A rule for any target of a shape, at least one of `patterns`."""

    patterns: tuple[str, ...]
    block: Block
    source: tuple[str, int]

    def applied(self, name: str) -> tuple[str, Block] | None:
        """Return the stem of a name that one pattern matches, and the rule for that name."""
        for pattern in self.patterns:
            # Make sets a name's folder aside where the pattern has none.
            cut = 0 if "/" in pattern else name.rfind("/") + 1
            stem = matched(pattern, name[cut:])
            if stem:
                return name[:cut] + stem, _for_stem(self.block, stem, name[:cut])
        return None


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule's line: its targets, and what follows the colon and the semicolon, as written."""

    names: tuple[str, ...]
    double: bool
    rest: str
    first: str | None


def read_rule(line: str, scope: Scope) -> RuleLine | None:
    """Take a line apart as a rule, None where it is none."""
    mark = next(outside(line, "#;"), None)
    first = line[mark + 1 :] if mark is not None and line[mark] == ";" else None
    head = line[:mark].strip()
    colon = next(outside(head, ":"), None)
    if colon is None:
        # The colon, and the semicolon too, may stand in the value of a variable.
        head, semicolon, last = expand(scope, head).replace("$", "$$").partition(";")
        first = last if semicolon and first is None else first
        colon = next(outside(head, ":"), None)
    if colon is None:
        return None
    names = expand(scope, head[:colon]).strip().removesuffix("&").split()
    double = head[colon + 1 : colon + 2] == ":"
    rest = head[colon + 1 + double :].replace("\\#", "#").strip()
    return RuleLine(tuple(map(unescape, names)), double, rest, first)


@dataclass(slots=True)
class Rules:
    """All rules read so far."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    patterns: list[PatternRule] = field(default_factory=list)
    special: dict[str, set[str]] = field(default_factory=dict)
    """What the special targets name: `special[".PHONY"]`."""
    named: int = 0

    def add(self, rule: RuleLine, scope: Scope, place: tuple[str, int]) -> Recipe:
        """Take in a rule; return its recipe, to which the lines that follow belong."""
        recipe = Recipe()
        text = expand(scope, rule.rest)
        late = text if "$" in text and ".SECONDEXPANSION" in self.special else ""
        shape, colon, needs = text.partition(":")
        static = bool(colon) and "%" in shape
        needs = needs if static else text
        normal, _, after = needs.partition("|")
        block = Block(recipe, _words(normal), _words(after), late=late)
        self.named += len(rule.names)
        if not scope.effort.spend(len(rule.names) * len(needs)):
            return recipe
        ordinary = []
        for name in rule.names:
            if SPECIAL.match(name):
                self.special.setdefault(name, set()).update(block.needs)
            elif UNKNOWN not in name:
                ordinary.append(name)
        general = tuple(name for name in ordinary if "%" in name and not static)
        if general:
            self.patterns.append(PatternRule(general, block, place))
        for name in ordinary:
            if name not in general:
                own = _static(block, shape.split(), name) if static else block
                self._draft(name, place, double=rule.double).blocks.append(own)
        return recipe

    def _draft(self, name: str, place: tuple[str, int], *, double: bool) -> Draft:
        if name not in self.drafts:
            self.drafts[name] = Draft(name, f"{place[0]}:{name}:{place[1]}", double)
        return self.drafts[name]


def _words(text: str) -> tuple[str, ...]:
    return tuple(unescape(word) for word in text.split() if word != ".WAIT")


def _static(block: Block, shapes: list[str], name: str) -> Block:
    for shape in shapes:
        stem = matched(shape, name)
        if stem is not None:
            return _for_stem(block, stem, "")
    return block


def _for_stem(block: Block, stem: str, folder: str) -> Block:
    def filled(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(folder + word.replace("%", stem, 1) if "%" in word else word for word in words)

    late = block.late.replace("%", stem)
    return Block(block.recipe, filled(block.needs), filled(block.after), folder + stem, late)
