"""Fills in the templates of a Taskfile; what only running task would tell becomes `UNKNOWN`."""

from __future__ import annotations

import posixpath
import re
import shlex
import sys
from collections.abc import Callable, Mapping

from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN

TEMPLATE = re.compile(
    r"""(?:\s*+\{\{-(?=\s)|\{\{)
    (?P<inner>(?:"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|`[^`]*+(?:`|\Z)|[^"`{}]++|\{(?!\{)|\}(?!\}))*+)
    (?:\}\}|\Z)""",
    re.VERBOSE | re.DOTALL,
)
WORD = re.compile(
    r"""(?P<space>\s++)
    |(?P<string>"(?:[^"\\]++|\\.)*+"|`[^`]*+`)
    |(?P<variable>\.[A-Za-z_]\w*+(?![.\w]))
    |(?P<pipe>\|)
    |(?P<name>[A-Za-z_]\w*+|-?\d++)
    |(?P<odd>.)""",
    re.VERBOSE | re.DOTALL,
)
LOGIC = frozenset("if else end range with define block template break continue".split())
INHERITED = frozenset("HOME PATH USER PWD TMPDIR LOGNAME SHELL".split())
"""Variables that task takes from its environment, whose values are nobody's convention."""
MAX_LENGTH = 10_000
"""How long a value may grow, so that variables that double each other end."""
FUNCTIONS: dict[str, Callable[..., str]] = {
    "ARCH": lambda: UNKNOWN,
    "OS": lambda: "darwin" if sys.platform == "darwin" else "linux",
    "catLines": lambda text: " ".join(text.splitlines()),
    "coalesce": lambda *texts: next((text for text in texts if text), ""),
    "default": lambda other, text="": text or other,
    "exeExt": lambda: "",
    "fromSlash": lambda text: text,
    "joinPath": lambda *texts: posixpath.join(*texts) if texts else "",
    "lower": str.lower,
    "print": lambda *texts: "".join(texts),
    "q": shlex.quote,
    "quote": lambda text: f'"{text}"',
    "replace": lambda old, new, text: text.replace(old, new),
    "shellQuote": shlex.quote,
    "squote": lambda text: f"'{text}'",
    "toSlash": lambda text: text,
    "trim": str.strip,
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "upper": str.upper,
}


def fill_in(text: str, known: Mapping[str, str]) -> str:
    """Return text with its templates filled in; a variable that nobody sets is empty, as for task.

    Text with logic (`{{if}}`, `{{range}}`) begins with `UNREADABLE`.
    """
    if "{{" not in text:
        return text
    if any(_first_name(match["inner"]) in LOGIC for match in TEMPLATE.finditer(text)):
        return f"{UNREADABLE}{text}"
    return TEMPLATE.sub(lambda match: _value(match["inner"], known), text)


def _first_name(inner: str) -> str:
    match = re.match(r"[-\s]*(\w+)", inner)
    return match[1] if match else ""


def _value(inner: str, known: Mapping[str, str]) -> str:
    """Return the value of a pipeline: `.NAME | default "x"`, `joinPath .A "b"`."""
    value: str | None = None
    stage: list[tuple[str, str]] = []
    # A dash next to a brace only trims the space outside.
    inner = re.sub(r"^-\s|\s-$", "", inner)
    words = [(str(one.lastgroup), one[0]) for one in WORD.finditer(inner)]
    for kind, text in [*words, ("pipe", "|")]:
        if kind == "pipe":
            value = _stage(stage, value, known)
            stage = []
            if value is None:
                return UNKNOWN
        elif kind != "space":
            stage.append((kind, text))
    return UNKNOWN if value is None or len(value) > MAX_LENGTH else value


def _stage(words: list[tuple[str, str]], piped: str | None, known: Mapping[str, str]) -> str | None:
    """Return what one stage of a pipeline gives, None where only task could tell."""
    if not words:
        return None
    kind, first = words[0]
    operands = [_operand(*word, known) for word in words]
    if kind != "name" or first.lstrip("-").isdigit():
        return operands[0] if len(words) == 1 and piped is None else None
    values = [*operands[1:], *([] if piped is None else [piped])]
    told = [one for one in values if one is not None and UNKNOWN not in one]
    if first not in FUNCTIONS or len(told) != len(values):
        return None
    try:
        return FUNCTIONS[first](*told)
    except TypeError:
        return None


def _operand(kind: str, text: str, known: Mapping[str, str]) -> str | None:
    if kind == "string":
        return text[1:-1].replace('\\"', '"') if text[0] == '"' else text[1:-1]
    if kind == "variable":
        name = text[1:]
        return known.get(name, UNKNOWN if name in INHERITED else "")
    return text if kind == "name" and text.lstrip("-").isdigit() else None
