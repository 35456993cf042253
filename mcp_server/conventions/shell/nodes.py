"""The forms that shell text takes when it is parsed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mcp_server.conventions.shell.words import Word


@dataclass(frozen=True, slots=True)
class Plain:
    """A simple command: its words, assignments before it included."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands joined by `|`."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A list in braces, or in parentheses and so with a state of its own."""

    items: tuple[Item, ...]
    apart: bool


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with what each leads to; the last condition is empty for `else`."""

    branches: tuple[tuple[tuple[Item, ...], tuple[Item, ...]], ...]
    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A loop, a `case` or a function: logic that is not followed."""

    text: str
    defines: bool = False


Node: TypeAlias = Plain | Pipe | Group | If | Block


@dataclass(frozen=True, slots=True)
class Item:
    """A node of a list with the connectors before and after it."""

    before: str
    node: Node
    after: str
