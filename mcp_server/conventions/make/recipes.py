"""Expands the recipes of a Makefile's targets into the lines that a shell would get."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from mcp_server.conventions.make.expansion import expand, value
from mcp_server.conventions.make.rules import Block, Draft, Rules
from mcp_server.conventions.make.variables import Scope
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN

SHELL = re.compile(r"(?:^|[/ ])(?:ba|da|z|k|a)?sh\b|^$")
NEWLINE = re.compile(r"(?<!\\)\n")
PREFIX = re.compile(r"[@+\- \t]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical recipe line, expanded, and the line of the file it begins on.

    `ignored` says that make goes on when it fails (`-` before it, or `.IGNORE`): it is no gate.
    """

    text: str
    source: str
    ignored: bool = False


def recipe_lines(rules: Rules, draft: Draft, outer: Scope) -> list[Line]:
    """Return what the recipes of a target run, with the variables of the scope it is made in."""
    shell = value(outer, "SHELL").strip()
    readable = UNKNOWN not in shell and SHELL.search(shell)
    ignoring = rules.special.get(".IGNORE")
    ignored = ignoring is not None and (not ignoring or draft.name in ignoring)
    found: list[Line] = []
    for block in draft.serving():
        scope = Scope(outer)
        blocks = [block] if draft.double else draft.blocks
        every = [settled(one, draft.name, outer) for one in blocks]
        scope.set(_automatic(draft.name, every, block))
        lines: list[Line] = []
        for raw in block.recipe.lines:
            source = f"{raw.path}:{draft.name}:{raw.number}"
            for text, free in _commands(expand(scope, raw.text)):
                shown = text if raw.sure and readable else f"{UNREADABLE}{text}"
                lines.append(Line(shown, source, ignored or free))
        if ".ONESHELL" in rules.special and lines:
            text = "\n".join(line.text.removeprefix(UNREADABLE) for line in lines)
            marked = any(line.text.startswith(UNREADABLE) for line in lines)
            whole = f"{UNREADABLE}{text}" if marked else text
            lines = [replace(lines[0], text=whole)]
        found += lines
    return found


def settled(block: Block, name: str, scope: Scope) -> Block:
    """Return a block with the prerequisites that `.SECONDEXPANSION` expands for each target."""
    if not block.late:
        return block
    inner = Scope(scope)
    inner.set({"@": name, "*": block.stem})
    normal, _, after = expand(inner, block.late).partition("|")
    return replace(block, needs=tuple(normal.split()), after=tuple(after.split()), late="")


def _automatic(name: str, blocks: list[Block], serving: Block) -> Mapping[str, str]:
    """Return the automatic variables; the prerequisites of the recipe's own rule come first."""
    ordered = sorted(blocks, key=lambda one: one.recipe is not serving.recipe)
    every = [word for one in ordered for word in one.needs]
    return {
        "@": name,
        "<": "".join(every[:1]),
        "^": " ".join(dict.fromkeys(every)),
        "+": " ".join(every),
        "|": " ".join(word for one in ordered for word in one.after),
        "?": UNKNOWN,
        "*": serving.stem,
    }


def _commands(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the commands of an expanded recipe line, and whether their status is ignored.

    They are several where the line stands for a `define` of several lines.
    """
    text = text.strip()
    begin = PREFIX.match(text)
    free = begin is not None and "-" in begin[0]
    for piece in NEWLINE.split(text):
        prefix = PREFIX.match(piece)
        own = prefix[0] if prefix else ""
        command = piece[len(own) :].rstrip()
        if command and not (command.startswith("#") and "\n" not in command):
            yield command, free or "-" in own
