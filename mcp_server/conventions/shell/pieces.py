"""What shell text comes apart into, and what its reading may look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from mcp_server.conventions.files.reading import Reader
from mcp_server.models import Filter


@dataclass(frozen=True, slots=True)
class Place:
    """Where files are read, and the variables that conditions may ask about."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    reader: Reader = field(default_factory=Reader)

    def text(self, name: str) -> str | None:
        """Return the text of a file below the root, None where there is none to read."""
        return self.reader.text(self.root, name)


@dataclass(frozen=True, slots=True)
class Simple:
    """One command: its words, the folder it runs in and what was set and activated for it."""

    argv: tuple[str, ...]
    cwd: str
    env: tuple[tuple[str, str], ...]
    text: str
    venv: str | None = None
    line: int = 1
    literal: frozenset[str] = frozenset()
    """Words whose pattern characters are quoted, so that the shell leaves them as they are."""
    within: Filter | None = None
    """The files that it is run on, where its words name more."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something that cannot be taken apart, and why."""

    text: str
    reason: str
    line: int = 1
    near: Simple | None = None
    """A command of which only some words are not known; they hold `UNKNOWN`."""


Piece: TypeAlias = Simple | Opaque
