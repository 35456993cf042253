"""Tells which files nobody edits by hand: generated ones, and those that the project excludes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from mcp_server.advice.patterns import Pattern, read_pattern
from mcp_server.conventions.files.settings import mapping
from mcp_server.repository import Conventions, Project

HEAD = 1_500
"""How many bytes of a file its maker's note stands in."""
GENERATED = re.compile(
    rb"@generated\b|"
    rb"\b(?:do not|don't) (?:edit|modify)\b"
    rb"(?=[\s.!]*(?:$|this file|the (?:class|file)|manually|by hand|directly))|"
    rb"^\W*(?:this (?:file|module|code) (?:is|was|has been) |code |file )?"
    rb"(?:auto(?:matically)?[- ]?generated\b|generated (?:by|from|with|using)\b)",
    re.IGNORECASE | re.MULTILINE,
)
"""What generators write; a sentence that only speaks of generated things is none of it."""
COMMENT = re.compile(
    rb"^\s*#[^\n]*|\"\"\".*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)", re.MULTILINE | re.DOTALL
)
KEYS = ("exclude", "extend-exclude")


def is_generated(content: bytes) -> bool:
    """Tell whether a file's first comments say that a tool wrote it."""
    head = content[:HEAD]
    return any(GENERATED.search(one[0]) for one in COMMENT.finditer(head)) if head else False


@dataclass(frozen=True, slots=True)
class Excluded:
    """What the projects' ruff is told to leave out: patterns by the folder that they begin at."""

    patterns: tuple[tuple[str, Pattern], ...] = ()
    _known: dict[str, bool] = field(default_factory=dict)

    def holds(self, path: str) -> bool:
        """Tell whether a file, or a folder that it lies in, is left out."""
        parts = path.split("/")
        return any(self._one(one) for one in accumulate(parts, posixpath.join))

    def _one(self, path: str) -> bool:
        if path not in self._known:
            self._known[path] = any(
                pattern.holds(posixpath.relpath(path, folder))
                for folder, pattern in self.patterns
                if folder == "." or path.startswith(f"{folder}/")
            )
        return self._known[path]


def read_excluded(conventions: Conventions) -> Excluded:
    """Return what the projects' configurations of ruff exclude."""
    return Excluded(
        tuple(
            (one.path, pattern)
            for one in conventions.projects
            for text in _stated(one)
            if (pattern := read_pattern(text.rstrip("/"))) is not None
        )
    )


def _stated(project: Project) -> Iterator[str]:
    table: dict[str, Any] = mapping(project.settings.tables.get("ruff"))
    for held in (table, mapping(table.get("lint"))):
        for key in KEYS:
            value = held.get(key)
            yield from (
                (one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
            )
