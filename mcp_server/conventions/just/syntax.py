"""Parses the text of a justfile into its recipes, variables, settings and what it brings in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp_server.conventions.just.expressions import TOKEN, Token, dedented

CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A recipe's parameter: its sigils (`*`, `+`, `$`) and its default, None without one."""

    name: str
    sigils: str
    default: tuple[Token, ...] | None


@dataclass(frozen=True, slots=True)
class Dependency:
    """A recipe that another one needs, with what it is given."""

    name: str
    arguments: tuple[tuple[Token, ...], ...] = ()


@dataclass(slots=True)
class Recipe:
    """A recipe as it is written: `body` are the physical lines, each with its number."""

    name: str
    line: int
    parameters: list[Parameter] = field(default_factory=list)
    needs: list[Dependency] = field(default_factory=list)
    body: list[tuple[int, str]] = field(default_factory=list)
    attributes: dict[str, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Justfile:
    """What one file states; `imports` and `modules` are paths as they are written."""

    variables: dict[str, Sequence[Token]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    settings: dict[str, Sequence[Token]] = field(default_factory=dict)
    recipes: list[Recipe] = field(default_factory=list)
    aliases: dict[str, tuple[str, int]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    modules: dict[str, str | None] = field(default_factory=dict)


def parse_justfile(text: str) -> Justfile:
    """Return what a justfile states; a statement that just would refuse is passed over."""
    reader = _Reader(text.replace("\r\n", "\n"))
    reader.read()
    return reader.found


class _Reader:
    """A cursor over the text, statement by statement."""

    def __init__(self, text: str) -> None:
        self.found = Justfile()
        self._text = text
        self._at = 0
        self._line = 1
        self._attributes: dict[str, list[str]] = {}

    def read(self) -> None:
        while self._at < len(self._text):
            line = self._line
            first = self._text[self._at]
            if first in " \t\n#":
                self._next_line()
                continue
            found = self._statement()
            if first == "[":
                self._attributes.update(_attributes(found))
                continue
            self._take(found, line)
            self._attributes = {}

    def _next_line(self) -> str:
        end = self._text.find("\n", self._at)
        end = len(self._text) if end < 0 else end
        line = self._text[self._at : end]
        self._at = end + 1
        self._line += 1
        return line

    def _statement(self) -> list[Token]:
        """Return the tokens up to the line break that ends a statement."""
        found: list[Token] = []
        depth = 0
        for match in TOKEN.finditer(self._text, self._at):
            kind, token = str(match.lastgroup), match[0]
            self._line += token.count("\n")
            self._at = match.end()
            if kind == "operator":
                depth += (token in CLOSING) - (token in CLOSING.values())
            if kind == "newline" and depth <= 0:
                break
            if kind not in {"space", "newline"}:
                found.append((kind, token))
        return found

    def _take(self, found: list[Token], line: int) -> None:
        match [text for _, text in found[:3]]:
            case [name, ":=", *_]:
                self.found.variables[name] = found[2:]
            case ["set", name, *_] if name != ":":
                self.found.settings[name] = found[3:]
            case [("export" | "eager") as word, name, ":="]:
                self.found.variables[name] = found[3:]
                if word == "export":
                    self.found.exported.add(name)
            case ["alias", name, ":="]:
                self.found.aliases[name] = "".join(text for _, text in found[3:]), line
            case [("import" | "mod") as word, *_] if len(found) > 1 and found[1][1] != ":":
                self._bring(word, [one for one in found[1:] if one[1] != "?"])
            case ["unexport", name, *_] if name != ":":
                self.found.exported.discard(name)
            case [_, *_]:
                self._recipe(found, line)

    def _bring(self, word: str, rest: list[Token]) -> None:
        named = [literal(text) for kind, text in rest if kind == "string"]
        if word == "import":
            self.found.imports += named[:1]
        elif rest and rest[0][0] == "name":
            self.found.modules[rest[0][1]] = named[0] if named else None

    def _recipe(self, found: list[Token], line: int) -> None:
        rest = found[1:] if found[0][1] == "@" else found
        colon = _top_level(rest, ":")
        if colon is None or rest[0][0] != "name":
            return
        recipe = Recipe(rest[0][1], line, attributes=self._attributes)
        recipe.parameters = _parameters(rest[1:colon])
        recipe.needs = _dependencies(rest[colon + 1 :])
        recipe.body = self._body()
        self.found.recipes.append(recipe)

    def _body(self) -> list[tuple[int, str]]:
        lines: list[tuple[int, str]] = []
        while self._at < len(self._text) and self._text[self._at] in " \t\n":
            number = self._line
            lines.append((number, self._next_line()))
        while lines and not lines[-1][1].strip():
            lines.pop()
        whole = dedented("\n" + "\n".join(text for _, text in lines)).split("\n")
        return [(number, text) for (number, _), text in zip(lines, whole, strict=False)]


def literal(token: str) -> str:
    """Return the text of a plain string token."""
    return token.strip(token[0]) if token else token


def _top_level(found: Sequence[Token], wanted: str) -> int | None:
    depth = 0
    for index, (kind, text) in enumerate(found):
        if kind == "operator":
            depth += (text in CLOSING) - (text in CLOSING.values())
            if text == wanted and depth == 0:
                return index
    return None


def _attributes(found: Sequence[Token]) -> dict[str, list[str]]:
    """Return `[a, b: 'x', c('y')]` as names with their texts."""
    named: dict[str, list[str]] = {}
    name = ""
    for kind, text in found:
        if kind == "name":
            name = text
            named[name] = []
        elif kind == "string" and name:
            named[name].append(literal(text))
    return named


def _parameters(found: Sequence[Token]) -> list[Parameter]:
    parameters: list[Parameter] = []
    sigils, index = "", 0
    while index < len(found):
        kind, text = found[index]
        index += 1
        if kind != "name":
            sigils += text if text in "*+$" else ""
            continue
        default: tuple[Token, ...] | None = None
        if index < len(found) and found[index][1] == "=":
            end = _value_end(found, index + 1)
            default = tuple(found[index + 1 : end])
            index = end
        parameters.append(Parameter(text, sigils, default))
        sigils = ""
    return parameters


def _value_end(found: Sequence[Token], start: int) -> int:
    """Return where the value that begins at `start` ends: one token, or a bracket or a call."""
    index = start + 1
    is_call = start + 1 < len(found) and found[start][0] == "name" and found[start + 1][1] == "("
    if start >= len(found) or not (found[start][1] == "(" or is_call):
        return min(index, len(found))
    depth, index = 0, start + is_call
    while index < len(found):
        depth += (found[index][1] == "(") - (found[index][1] == ")")
        index += 1
        if depth <= 0:
            break
    return index


def _dependencies(found: Sequence[Token]) -> list[Dependency]:
    needs: list[Dependency] = []
    index = 0
    while index < len(found):
        kind, text = found[index]
        if text == "(":
            end = _value_end(found, index)
            needs += _call(found[index + 1 : end - 1])
            index = end
            continue
        if kind == "name":
            end = _path_end(found, index)
            needs.append(Dependency("".join(one for _, one in found[index:end])))
            index = end
            continue
        index += 1
    return needs


def _call(found: Sequence[Token]) -> list[Dependency]:
    if not found or found[0][0] != "name":
        return []
    index = _path_end(found, 0)
    name = "".join(text for _, text in found[:index])
    arguments: list[tuple[Token, ...]] = []
    while index < len(found):
        end = _value_end(found, index)
        while end < len(found) and found[end][1] in {"+", "/"}:
            end = _value_end(found, end + 1)
        arguments.append(tuple(found[index:end]))
        index = end
    return [Dependency(name, tuple(arguments))]


def _path_end(found: Sequence[Token], start: int) -> int:
    """Return where a name such as `module::recipe` ends."""
    end = start + 1
    while end + 1 < len(found) and found[end][1] == "::" and found[end + 1][0] == "name":
        end += 2
    return end
