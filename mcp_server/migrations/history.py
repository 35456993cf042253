"""Reads all revisions of one alembic history from its folders; env.py is not among them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import UnreadableError, inside
from mcp_server.facts import AlembicFacts
from mcp_server.migrations.configured import Configured, read_configured
from mcp_server.migrations.revision import Revision, read_revision

SOURCE = re.compile(r"(?!\.#|__init__).*\.py")
"""The files that alembic itself takes for revisions."""
MOST = 5_000
LIMIT = 1 << 22
"""How many bytes a revision may have; some carry data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A history with all its revisions; `texts` are their files' contents by path.

    `whole` is false where revisions of it lie where hdb does not read them.
    """

    configured: Configured
    folders: tuple[str, ...]
    revisions: tuple[Revision, ...]
    texts: dict[str, str]
    whole: bool = True

    def holds(self, path: str) -> bool:
        """Tell whether a file at a path would be a revision of this history."""
        folder = posixpath.dirname(path)
        if not SOURCE.fullmatch(posixpath.basename(path)) or "/__pycache__" in f"/{folder}":
            return False
        if self.configured.recursive:
            return any(f"{folder}/".startswith(f"{one}/") for one in self.folders)
        return folder in self.folders


def read_history(root: Path, facts: AlembicFacts) -> History:
    """Return a history that the project's facts name, read as alembic would list it."""
    configured = read_configured(root, facts.source)
    empty = History(configured=configured, folders=facts.folders, revisions=(), texts={})
    texts: dict[str, str] = {}
    revisions: list[Revision] = []
    paths = sorted(set(_paths(root, empty)))
    for path in paths[:MOST]:
        try:
            text = inside(root, path, LIMIT) or ""
        except UnreadableError as error:
            revisions.append(Revision(path=path, fault=f"hdb cannot read it: {error}"))
            continue
        texts[path] = text
        revisions.append(read_revision(path, text))
    return History(
        configured=configured,
        folders=facts.folders,
        revisions=tuple(revisions),
        texts=texts,
        whole=len(paths) <= MOST and len(configured.locations) <= len(facts.folders),
    )


def _paths(root: Path, history: History) -> Iterator[str]:
    for folder in history.folders:
        pattern = "**/*.py" if history.configured.recursive else "*.py"
        for path in (root / folder).glob(pattern):
            name = path.relative_to(root).as_posix()
            if history.holds(name):
                yield name
