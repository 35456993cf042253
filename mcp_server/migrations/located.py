"""Finds the alembic histories of the projects, whether or not their facts were read before."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from mcp_server.conventions.facts.alembic import read_alembic
from mcp_server.conventions.facts.config import config_chain
from mcp_server.conventions.facts.sample import own_files
from mcp_server.conventions.files.settings import read_settings
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.conventions.shell.pieces import Place
from mcp_server.facts import AlembicFacts
from mcp_server.repository import Conventions, Project


@dataclass(frozen=True, slots=True)
class Located:
    """A history and the project that it belongs to."""

    project: Project
    facts: AlembicFacts


def find_histories(conventions: Conventions) -> tuple[Located, ...]:
    """Return every history once; a folder's listing is read only where a project has no facts."""
    known = {
        one.path: one.facts.alembic for one in conventions.projects if one.facts is not None
    } or _read(conventions)
    found: dict[tuple[str, ...], Located] = {}
    for project in conventions.projects:
        for facts in known.get(project.path, ()):
            found.setdefault(facts.folders, Located(project, facts))
    return tuple(found.values())


def _read(conventions: Conventions) -> dict[str, tuple[AlembicFacts, ...]]:
    root = conventions.root
    files = list_tree(root).files
    names = {posixpath.basename(path) for path in files}
    stated = any("alembic" in one.settings.tables for one in conventions.projects)
    if not stated and "alembic.ini" not in names and "env.py" not in names:
        return {}
    place = Place(root, {})
    found: dict[str, tuple[AlembicFacts, ...]] = {}
    for one in conventions.projects:
        settings = read_settings(root / one.path, "", root)
        chain = config_chain(one.path, settings, place, frozenset(files))
        found[one.path] = read_alembic(own_files(one.path, files), chain[0])
    return found
