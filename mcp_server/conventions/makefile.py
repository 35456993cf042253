"""Reads a Makefile as text: targets, prerequisites and recipes with their variables expanded.

make itself is never asked: `make -n` and `make -p` run `$(shell ...)` and `+` lines.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mcp_server.conventions.make_variables import PREDEFINED, assign, decide, expand
from mcp_server.conventions.shell import UNREADABLE
from mcp_server.conventions.words import UNKNOWN

FILES = ("GNUmakefile", "makefile", "Makefile")
ASSIGN = re.compile(
    r"^(?P<how>(?:(?:export|override|private)\s+)*)(?P<name>[A-Za-z0-9_.-]+)\s*"
    r"(?P<operator>::?:?=|\?=|\+=|!=|=)\s*(?P<value>.*)$",
    re.DOTALL,
)
RULE = re.compile(
    r"^(?P<names>[^\s:=#][^:=#]*?)\s*&?(?P<colons>::?)(?!=)\s*(?P<needs>[^;]*)(?:;(?P<first>.*))?$",
    re.DOTALL,
)
CONDITION = re.compile(r"^\s*(ifeq|ifneq|ifdef|ifndef|else|endif)\b\s*(.*)$")
INCLUDE = re.compile(r"^(?:-|s)?include\s+(.+)$")
EXPORT = re.compile(r"^(un)?export\b\s*([A-Za-z0-9_ ]*)$")
DEFINE = re.compile(r"^\s*(?:(?:export|override)\s+)*define\s+(\S+)")
SPECIAL = re.compile(r"^\.[A-Z_]+$")
SHELL = re.compile(r"(?:^|[/ ])(?:ba|da|z|k|a)?sh\b|^$")
MAX_INCLUDES = 20

Include = Callable[[str], str | None]
UNDECIDED = "undecided"
"""A branch that only make could choose: nothing that it sets is known, and no recipe is read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One logical recipe line, expanded, and the line of the file it begins on."""

    text: str
    source: str


@dataclass(slots=True)
class Target:
    """A target, what it needs first, its recipe and the variables exported to it."""

    name: str
    source: str
    needs: list[str] = field(default_factory=list)
    recipe: list[Line] = field(default_factory=list)
    env: dict[str, str] = field(default_factory=dict)


def parse_makefile(
    text: str, path: str = "Makefile", include: Include | None = None
) -> dict[str, Target]:
    """Return the targets of a Makefile by name, in the order of the file.

    Of a condition that only running something would decide the first branch is read; such text
    (`$(shell ...)`, functions, `!=`) is `UNKNOWN` where it is used. `include` gives the text of
    a file that the Makefile names.
    """
    reader = _Reader(include or (lambda _: None))
    reader.feed(text, path)
    return reader.finish()


class _Reader:
    """What has been read so far of a Makefile, line by line."""

    def __init__(self, include: Include) -> None:
        self._include = include
        self._includes = 0
        self._path = ""
        self._variables = {**PREDEFINED}
        self._local: dict[str, dict[str, str]] = {}
        self._exported: set[str] = set()
        self._exports: dict[str, set[str]] = {}
        self._targets: dict[str, Target] = {}
        self._current: tuple[str, ...] = ()
        self._fresh: set[str] = set()
        self._branches: list[bool | str | None] = []
        self._define: str | None = None
        self._prefix = "\t"
        self._one_shell = False

    def feed(self, text: str, path: str) -> None:
        before, self._path = self._path, path
        for number, line in _logical_lines(text):
            if self._define is not None:
                self._inside_define(line)
            elif line.startswith(self._prefix) and self._current:
                self._recipe(line[1:], number)
            elif match := CONDITION.match(line):
                self._condition(match[1], match[2])
            elif all(self._branches):
                self._statement(line, number)
        self._path = before

    def finish(self) -> dict[str, Target]:
        shell = expand(self._variables.get("SHELL", ""), self._variables).strip()
        for name, target in self._targets.items():
            variables = {**self._variables, **self._local.get(name, {}), "@": name}
            variables.update({"<": "".join(target.needs[:1]), "^": " ".join(target.needs)})
            recipe = [
                Line(_shell_text(expand(line.text.strip(), variables)), line.source)
                for line in target.recipe
            ]
            if UNKNOWN in shell or not SHELL.search(shell):
                recipe = [Line(f"{UNREADABLE}{line.text}", line.source) for line in recipe]
            elif self._one_shell and recipe:
                recipe = [Line("\n".join(line.text for line in recipe), recipe[0].source)]
            target.recipe = recipe
            for exported in self._exported | self._exports.get(name, set()):
                value = expand(variables.get(exported, ""), variables)
                if exported in variables and UNKNOWN not in value:
                    target.env[exported] = value
        return self._targets

    def _inside_define(self, line: str) -> None:
        if line.strip().startswith("endef") and self._define is not None:
            # Used as a recipe it would be several lines; it is told apart from nothing at all.
            self._variables[self._define] = UNKNOWN
            self._define = None

    def _condition(self, word: str, rest: str) -> None:
        if word == "endif":
            del self._branches[-1:]
        elif word == "else":
            if self._branches:
                self._next_branch(rest)
        else:
            verdict = decide(word, rest, self._variables)
            self._branches.append(UNDECIDED if verdict is None else verdict)

    def _next_branch(self, rest: str) -> None:
        """Take the `else` of a condition; None marks one whose branch was taken already."""
        taken = self._branches[-1]
        if taken is UNDECIDED:
            return
        if taken is not False:
            self._branches[-1] = None
        elif match := CONDITION.match(rest):
            verdict = decide(match[1], match[2], self._variables)
            self._branches[-1] = UNDECIDED if verdict is None else verdict
        else:
            self._branches[-1] = True

    def _recipe(self, text: str, number: int) -> None:
        if not all(self._branches) or text.lstrip().startswith("#"):
            return
        if UNDECIDED in self._branches:
            # Whether make would run it is decided when make runs.
            text = f"{UNREADABLE}{text}"
        for name in self._current:
            target = self._targets[name]
            if name in self._fresh:
                # A later rule's recipe takes the place of an earlier one's, as in make.
                target.recipe.clear()
                self._fresh.discard(name)
            target.recipe.append(Line(text, f"{self._path}:{name}:{number}"))

    def _statement(self, line: str, number: int) -> None:
        line = re.sub(r"(?<!\\)#.*$", "", line, flags=re.DOTALL).strip()
        if match := DEFINE.match(line):
            self._define = match[1]
        elif match := ASSIGN.match(line):
            self._assignment(match)
        elif match := EXPORT.match(line):
            self._export(match[2].split(), remove=bool(match[1]))
        elif match := INCLUDE.match(line):
            self._read(expand(match[1], self._variables).split())
        elif match := RULE.match(line):
            self._rule(match, number)
            return
        if line:
            self._current = ()

    def _assignment(self, match: re.Match[str]) -> None:
        name, value = match["name"], match["value"]
        if name == ".RECIPEPREFIX":
            self._prefix = value[:1] or "\t"
        if UNDECIDED in self._branches:
            self._variables[name] = UNKNOWN
        else:
            assign(self._variables, name, match["operator"], value)
        if "export" in match["how"]:
            self._exported.add(name)

    def _export(self, names: list[str], *, remove: bool) -> None:
        chosen = names or [name for name in self._variables if name not in PREDEFINED]
        if remove:
            self._exported.difference_update(chosen)
        else:
            self._exported.update(chosen)

    def _read(self, names: list[str]) -> None:
        for name in names:
            self._includes += 1
            path = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), name))
            text = None if UNKNOWN in name or self._includes > MAX_INCLUDES else self._include(path)
            if text is not None:
                self._current = ()
                self.feed(text, path)

    def _rule(self, match: re.Match[str], number: int) -> None:
        names = expand(match["names"], self._variables).split()
        if ".ONESHELL" in names:
            self._one_shell = True
        names = [name for name in names if not SPECIAL.match(name)]
        names = [name for name in names if "%" not in name and UNKNOWN not in name]
        self._current = tuple(names)
        if own := ASSIGN.match(match["needs"].strip()):
            for name in names:
                assign(self._local.setdefault(name, {}), own["name"], own["operator"], own["value"])
                if "export" in own["how"]:
                    self._exports.setdefault(name, set()).add(own["name"])
            self._current = ()
            return
        needs = [word for word in expand(match["needs"], self._variables).split() if word != "|"]
        for name in names:
            target = self._targets.setdefault(name, Target(name, f"{self._path}:{name}:{number}"))
            target.needs += needs
            if match["colons"] == ":":
                self._fresh.add(name)
        if match["first"] is not None:
            self._recipe(match["first"].strip(), number)


def _shell_text(text: str) -> str:
    return text.lstrip("@-+ \t")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    pending, start = "", 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        start = start if pending else number
        whole = pending + (line.lstrip() if pending else line)
        if line.endswith("\\") and not line.endswith("\\\\"):
            pending = whole[:-1].rstrip() + " "
            continue
        yield start, whole
        pending = ""
    if pending:
        yield start, pending
