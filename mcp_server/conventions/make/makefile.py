"""Reads a Makefile as text: targets, prerequisites and recipes with their variables expanded.

make itself is never asked: `make -n` and `make -p` run `$(shell ...)` and `+` lines.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mcp_server.conventions.make.conditions import Conditions
from mcp_server.conventions.make.expansion import assign, expand, value
from mcp_server.conventions.make.recipes import Line
from mcp_server.conventions.make.rules import MAX_TARGETS, RawLine, Recipe, Rules, read_rule
from mcp_server.conventions.make.scopes import Exports, Locals, fixed
from mcp_server.conventions.make.targets import Assembly, Target
from mcp_server.conventions.make.text import (
    CONTINUATION,
    Assignment,
    assignment,
    collapse,
    logical_lines,
    without_comment,
)
from mcp_server.conventions.make.variables import PREDEFINED, Effort, Scope
from mcp_server.conventions.make.wildcard import MAGIC, Listing, exists, wildcard
from mcp_server.conventions.shell.words import UNKNOWN

__all__ = ["FILES", "Call", "Line", "Makefile", "Target", "parse_makefile", "read_makefile"]

FILES = ("GNUmakefile", "makefile", "Makefile")
DIRECTIVE = re.compile(r"(-?include|sinclude|export|unexport|undefine|vpath|-?load)(?:\s+|$)(?!:)")
DEFINE = re.compile(r"((?:(?:export|override|private)\s+)*)define\s+(?=\S)")
DEFINED = re.compile(r"(?:\s|^)(:{1,3}=|[?+!]?=)$")
MAX_TEXT = 1 << 20
"""How many characters a Makefile and what it includes may have together."""
MAX_INCLUDES = 50
"""How many files a Makefile may include, one that is included twice counted twice."""
MAX_LINES = 20_000
"""How many logical lines are read; the largest Makefile of 20 real projects has 293."""

Include = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Makefile:
    """The targets of a Makefile by name, the one that plain `make` makes, and what went wrong.

    `problem` says why not all of it was followed, in words that follow "cannot be read: ".
    """

    targets: dict[str, Target] = field(default_factory=dict)
    goal: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What a call of make says: the targets it names, and the variables it sets."""

    goals: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)


def parse_makefile(
    text: str,
    path: str = "Makefile",
    include: Include | None = None,
    *,
    listing: Listing | None = None,
    overrides: Mapping[str, str] | None = None,
) -> dict[str, Target]:
    """Return the targets of a Makefile by name, in the order of the file; see `read_makefile`."""
    call = Call(overrides=overrides or {})
    return read_makefile(text, path, include, listing=listing, call=call).targets


def read_makefile(
    text: str,
    path: str = "Makefile",
    include: Include | None = None,
    *,
    listing: Listing | None = None,
    call: Call | None = None,
) -> Makefile:
    """Return what a Makefile says to make, called in the Makefile's folder as `call` says.

    `include` gives the text of a file below the root, and `listing` the names in a folder there,
    for patterns. Targets that only a pattern rule makes are there where a prerequisite, another
    recipe or the call names them. What only running something would tell (`$(shell ...)`, `!=`)
    is `UNKNOWN` where it is used; lines that perhaps are not read are no shell text.
    """
    call = call or Call()
    reader = _Reader(path, include or (lambda _: None), listing, call.goals)
    reader.scope.own.update(fixed(call.overrides))
    reader.feed(text, path)
    return reader.finish()


class _Reader:
    """What has been read so far of a Makefile, line by line."""

    def __init__(
        self, path: str, include: Include, listing: Listing | None, goals: tuple[str, ...]
    ) -> None:
        self._folder = posixpath.dirname(path) or "."
        self._include = include
        self._listing = listing
        self._goals = goals
        self.scope = Scope(effort=Effort(self._wildcard))
        self.scope.set(PREDEFINED, "default")
        if goals:
            self.scope.set({"MAKECMDGOALS": " ".join(goals)})
        if self._folder == ".":
            self.scope.set({"PWD": "."}, "environment")
        self._rules = Rules()
        self._locals = Locals()
        self._exports = Exports()
        self._conditions = Conditions()
        self._recipe: Recipe | None = None
        self._define: tuple[Assignment, list[str]] | None = None
        self._nested = 0
        self._prefix = "\t"
        self._path = ""
        self._reading: list[str] = []
        self._files: list[str] = []
        self._lines = 0
        self._length = 0
        self._problem: str | None = None

    def feed(self, text: str, path: str) -> None:
        self._length += len(text)
        if self._length > MAX_TEXT:
            self._problem = f"it has more than {MAX_TEXT:,} characters with what it includes"
            return
        before, self._path = self._path, path
        self._reading.append(path)
        self._files.append(posixpath.relpath(path, self._folder))
        self.scope.set({"MAKEFILE_LIST": " ".join(self._files)}, "file")
        self._recipe = None
        for number, raw in logical_lines(text):
            self._lines += 1
            if self._lines > MAX_LINES or self._rules.named > MAX_TARGETS:
                self._problem = f"it has more than {MAX_LINES:,} lines or {MAX_TARGETS:,} targets"
                break
            self._line(raw, number)
        self._reading.pop()
        self._recipe = None
        self._path = before

    def _line(self, raw: str, number: int) -> None:
        if self._define is not None:
            self._inside_define(raw)
        elif raw.startswith(self._prefix) and self._recipe is not None:
            if self._conditions.read:
                self._command(self._recipe, raw[len(self._prefix) :], number)
        else:
            line = collapse(raw)
            followed = self._conditions.follow(without_comment(line), self.scope)
            if self._conditions.read and not followed:
                self._statement(line, number)

    def finish(self) -> Makefile:
        scope, drafts = self.scope, self._rules.drafts
        wanted = value(scope, ".DEFAULT_GOAL").strip()
        first = (name for name in drafts if not name.startswith(".") or "/" in name)
        goal = wanted if wanted and UNKNOWN not in wanted else next(first, None)
        self._exports.every |= ".EXPORT_ALL_VARIABLES" in self._rules.special
        asked = (*self._goals, *([goal] if goal else ()))
        assembly = Assembly(self._rules, scope, self._locals, self._exports, self._exists)
        targets = assembly.targets(asked)
        if scope.effort.left <= 0:
            self._problem = "it grows too large once its variables are expanded"
        return Makefile(targets, goal if goal in targets else None, self._problem)

    def _wildcard(self, patterns: str) -> str:
        return wildcard(patterns, self._folder, self._listing) if self._listing else UNKNOWN

    def _exists(self, name: str) -> bool:
        return self._listing is not None and exists(name, self._folder, self._listing)

    def _inside_define(self, raw: str) -> None:
        opened = self._define
        word = "" if raw.startswith(self._prefix) else without_comment(raw).strip()
        self._nested += bool(DEFINE.match(word))
        if word.split(maxsplit=1)[:1] != ["endef"]:
            if opened is not None:
                opened[1].append(raw)
        elif self._nested:
            if opened is not None:
                opened[1].append(raw)
            self._nested -= 1
        else:
            self._define = None
            if opened is not None:
                self._assign(replace(opened[0], value="\n".join(opened[1])))

    def _command(self, recipe: Recipe, text: str, number: int) -> None:
        text = text.replace(CONTINUATION + self._prefix, CONTINUATION)
        recipe.given = True
        if text.strip():
            recipe.lines.append(RawLine(text, self._path, number, self._conditions.sure))

    def _statement(self, line: str, number: int) -> None:
        bare = without_comment(line).strip(" \t\n\r\f\v")
        if not bare:
            return
        if match := DEFINE.match(bare):
            self._begin_define(match, bare)
        elif one := assignment(without_comment(line).lstrip()):
            self._assign(one)
        elif directive := DIRECTIVE.match(bare):
            self._directive(directive[1], bare[directive.end() :])
        else:
            self._rule(line, number)
            return
        self._recipe = None

    def _begin_define(self, match: re.Match[str], bare: str) -> None:
        name = bare[match.end() :]
        operator = DEFINED.search(name)
        named = name[: operator.start()] if operator else name
        modifiers = frozenset(match[1].split())
        self._define = (
            Assignment(named.strip(), operator[1] if operator else "=", "", modifiers),
            [],
        )
        self._nested = 0

    def _assign(self, one: Assignment) -> None:
        name = expand(self.scope, one.name).strip()
        if name == ".RECIPEPREFIX":
            self._prefix = one.value[:1] or "\t"
        # What a branch sets that only perhaps is read cannot be known.
        operator = one.operator if self._conditions.sure else "!="
        assign(self.scope, replace(one, name=name, operator=operator))
        if "export" in one.modifiers:
            self._exports.names[name] = True

    def _directive(self, word: str, rest: str) -> None:
        names = expand(self.scope, rest).split()
        if word.endswith("include"):
            self._read(names)
        elif word == "undefine":
            for name in names:
                self.scope.own.pop(name, None)
                if not self._conditions.sure:
                    self.scope.set({name: UNKNOWN})
        elif word in {"export", "unexport"}:
            self._exports.names.update(dict.fromkeys(names, word == "export"))
            self._exports.every = self._exports.every if names else word == "export"

    def _read(self, names: list[str]) -> None:
        for name in names:
            found = [name]
            if MAGIC.search(name):
                found = self._wildcard(name).split()
            for one in found:
                path = posixpath.normpath(posixpath.join(self._folder, one))
                if UNKNOWN in one or len(self._files) > MAX_INCLUDES or path in self._reading:
                    continue
                text = self._include(path)
                if text is not None:
                    self.feed(text, path)

    def _rule(self, line: str, number: int) -> None:
        rule = read_rule(line, self.scope)
        if rule is None:
            return
        whole = rule.rest if rule.first is None else f"{rule.rest};{without_comment(rule.first)}"
        if assignment(rule.rest) and (own := assignment(whole)):
            self._own(rule.names, own)
            self._recipe = None
            return
        self._recipe = self._rules.add(rule, self.scope, (self._path, number))
        if rule.first is not None:
            self._command(self._recipe, rule.first, number)

    def _own(self, names: tuple[str, ...], one: Assignment) -> None:
        """Keep a variable of targets; what make expands at once is expanded here."""
        if not self._conditions.sure:
            one = replace(one, operator="!=")
        elif one.operator.startswith(":"):
            scope = Scope(self.scope)
            for before in self._locals.of(names[0]) if names else ():
                assign(scope, before)
            text = expand(scope, one.value).replace("$", "$$")
            one = replace(one, operator=":=", value=text)
        self._rules.named += len(names)
        self._locals.add(names, replace(one, name=expand(self.scope, one.name).strip()))
