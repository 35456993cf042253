"""Evaluates the expressions of a justfile; what only running just would tell becomes `UNKNOWN`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mcp_server.conventions.just.functions import DEFAULTED, FUNCTIONS
from mcp_server.conventions.shell.words import UNKNOWN

TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]++|\\\r?\n|\#[^\n]*+)
    |(?P<string>(?:[xf](?=["']))?+
        (?:\"{3}(?:[^"\\]++|\\.|"(?!""))*+(?:\"{3}|\\?\Z)|'{3}(?:[^']++|'(?!''))*+(?:'{3}|\Z)
        |"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|'[^']*+(?:'|\Z)))
    |(?P<backtick>`{3}(?:[^`]++|`(?!``))*+(?:`{3}|\Z)|`[^`]*+(?:`|\Z))
    |(?P<name>[A-Za-z_][\w-]*+)
    |(?P<newline>\n)
    |(?P<operator>:=|==|!=|=~|!~|&&|\|\||::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
# Whatever is left open is taken to the end of the text, so that no text is read twice.
INTERPOLATION = re.compile(
    r"""
    \{\{\{\{
    |\{\{(?P<inner>(?:
        "{3}(?:[^"\\]++|\\.|"(?!""))*+(?:"{3}|\\?\Z)|'{3}(?:[^']++|'(?!''))*+(?:'{3}|\Z)
        |"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|'[^']*+(?:'|\Z)|`[^`]*+(?:`|\Z)
        |[^{}"'`]++|\{(?!\{)|\}(?!\})
    )*+)(?:\}\}|\Z)
    |\{\{
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}
MAX_DEPTH = 40
"""How deep expressions and variables may nest."""
MAX_LENGTH = 10_000
"""How long a value may grow, so that variables that double each other end."""

Token = tuple[str, str]


def tokens(text: str) -> list[Token]:
    """Return the tokens of justfile text as (kind, text); space and comments are left out."""
    return [
        (str(match.lastgroup), match[0])
        for match in TOKEN.finditer(text)
        if match.lastgroup != "space"
    ]


class Scope:
    """The variables of a justfile, each evaluated when it is asked for, and only once.

    `bound` are values that are known before, such as a recipe's parameters; they hide variables.
    """

    def __init__(
        self, variables: Mapping[str, Sequence[Token]], bound: Mapping[str, str] | None = None
    ) -> None:
        self._variables = variables
        self._known = dict(bound or {})
        self._depth = 0

    def inner(self, bound: Mapping[str, str]) -> Scope:
        """Return a scope in which further values are known."""
        return Scope(self._variables, {**self._known, **bound})

    def names(self) -> frozenset[str]:
        """Return the names of the variables that the justfile assigns."""
        return frozenset(self._variables)

    def value(self, name: str) -> str:
        """Return the value of a variable, `UNKNOWN` where only just could tell."""
        if name not in self._known:
            if name not in self._variables:
                return UNKNOWN
            # A variable that leads back to itself is nobody's value.
            self._known[name] = UNKNOWN
            self._known[name] = self.evaluate(self._variables[name])
        return self._known[name]

    def evaluate(self, found: Sequence[Token]) -> str:
        """Return the value of an expression, `UNKNOWN` where only just could tell."""
        if self._depth > MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        parser = Parser(found, self)
        try:
            value = parser.expression()
        except (ValueError, RecursionError):
            value = UNKNOWN
        self._depth -= 1
        return value if parser.ended else UNKNOWN

    def interpolate(self, text: str) -> str:
        """Return text with each `{{ }}` in it replaced by its value."""

        def value(match: re.Match[str]) -> str:
            if match[0] == "{{{{":
                return "{{"
            return UNKNOWN if match["inner"] is None else self.evaluate(tokens(match["inner"]))

        return INTERPOLATION.sub(value, text) if "{{" in text else text


class Parser:
    """A cursor over the tokens of expressions; raises `ValueError` where there is none."""

    def __init__(self, found: Sequence[Token], scope: Scope, depth: int = 0) -> None:
        self._tokens = found
        self._at = 0
        self._scope = scope
        self._depth = depth

    @property
    def ended(self) -> bool:
        """Whether all tokens have been taken."""
        self._skip()
        return self._at >= len(self._tokens)

    def _skip(self) -> None:
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "newline":
            self._at += 1

    def _peek(self) -> Token:
        self._skip()
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, wanted: str) -> None:
        if self._peek()[1] != wanted:
            raise ValueError(wanted)
        self._at += 1

    def expression(self) -> str:
        """Return the value of the expression that comes next."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            msg = "it nests too deeply"
            raise ValueError(msg)
        if self._peek() == ("name", "if"):
            value = self._conditional()
        else:
            value = self._joined()
            while self._peek()[1] in {"&&", "||"}:
                either = self._peek()[1] == "||"
                self._at += 1
                value = _short_circuit(value, self._joined(), either=either)
        self._depth -= 1
        return value

    def _joined(self) -> str:
        value = "" if self._peek()[1] == "/" else self.single()
        while (operator := self._peek()[1]) in {"+", "/"}:
            self._at += 1
            following = self.single()
            value = f"{value}{following}" if operator == "+" else f"{value}/{following}"
            if len(value) > MAX_LENGTH:
                value = UNKNOWN
        return value

    def _conditional(self) -> str:
        self._take("if")
        verdict = self._condition()
        self._take("{")
        yes = self.expression()
        self._take("}")
        self._take("else")
        if self._peek() == ("name", "if"):
            return _chosen(verdict, yes, self.expression())
        self._take("{")
        no = self.expression()
        self._take("}")
        return _chosen(verdict, yes, no)

    def _condition(self) -> bool | None:
        left = self._joined()
        operator = self._peek()[1]
        if operator not in {"==", "!=", "=~", "!~"}:
            raise ValueError(operator)
        self._at += 1
        right = self._joined()
        if UNKNOWN in left + right or "~" in operator:
            return None
        return (left == right) == (operator == "==")

    def single(self) -> str:
        """Return the value that comes next, without operators after it."""
        kind, text = self._peek()
        self._at += 1
        if kind == "string":
            return self._string(text)
        if kind == "backtick":
            return UNKNOWN
        if text == "(":
            value = self.expression()
            self._take(")")
            return value
        if kind != "name":
            raise ValueError(text)
        if self._peek()[1] == "(":
            return self._call(text)
        if self._peek()[1] == "::":
            self._at += 2
            return UNKNOWN
        return self._scope.value(text)

    def _call(self, name: str) -> str:
        self._take("(")
        values: list[str] = []
        while self._peek()[1] != ")":
            if name == "assert" and not values:
                self._condition()
                values.append("")
            else:
                values.append(self.expression())
            if self._peek()[1] == ",":
                self._at += 1
        self._take(")")
        if name in DEFAULTED and len(values) == 2:
            # What the justfile itself falls back to, as with `?=` in a Makefile.
            return values[1]
        function = FUNCTIONS.get(name)
        if function is None or UNKNOWN in "".join(values):
            return UNKNOWN
        try:
            value = function(*values)
        except TypeError:
            return UNKNOWN
        return value if len(value) <= MAX_LENGTH else UNKNOWN

    def _string(self, token: str) -> str:
        prefix = token[0] if token[0] in "xf" else ""
        token = token[len(prefix) :]
        quote = token[:3] if token[:3] in {'"""', "'''"} and len(token) >= 6 else token[0]
        text = token[len(quote) : len(token) - len(quote)]
        if len(quote) == 3:
            text = dedented(text)
        if quote[0] == '"':
            text = re.sub(r"\\(.)", lambda one: ESCAPES.get(one[1], one[1]), text, flags=re.DOTALL)
        if prefix == "x" and ("$" in text or text.startswith("~")):
            return UNKNOWN
        text = self._scope.interpolate(text) if prefix == "f" else text
        return text if len(text) <= MAX_LENGTH else UNKNOWN


def dedented(text: str) -> str:
    """Return text without its first line break and without the indentation its lines share."""
    lines = text.removeprefix("\n").split("\n")
    indents = [len(line) - len(line.lstrip(" \t")) for line in lines if line.strip()]
    least = min(indents, default=0)
    return "\n".join(line[least:] if line.strip() else "" for line in lines)


def _chosen(verdict: bool | None, yes: str, no: str) -> str:  # noqa: FBT001
    if verdict is None:
        return yes if yes == no else UNKNOWN
    return yes if verdict else no


def _short_circuit(left: str, right: str, *, either: bool) -> str:
    if UNKNOWN in left:
        return UNKNOWN
    if either:
        return left or right
    return right if left else ""
