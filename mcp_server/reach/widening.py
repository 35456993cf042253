"""Says for which files of other kinds than Python a change may concern every test."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Mapping

from mcp_server.snapshot.relevance import is_configuration, is_document

COMMANDS = frozenset({"noxfile.py", "tasks.py", "fabfile.py", "dodo.py"})
"""Python files that say how tests are run, where they stand in no package."""
MOST_NAMED = 3


def widening(paths: Iterable[str], packages: Container[str]) -> str:
    """Return why a change of these files may concern every test, "" where none does.

    `packages` are the folders that are packages, in which no file configures anything.
    """
    settings: list[str] = []
    other: list[str] = []
    for path in paths:
        folder, name = posixpath.split(path)
        runs = name == "setup.py" or (name in COMMANDS and folder not in packages)
        if runs or path.startswith("../") or is_configuration(path):
            settings.append(path)
        elif not path.endswith((".py", ".pyw")) and not is_document(path):
            other.append(path)
    told = []
    if settings:
        told.append(f"{_named(settings)} can change how every test runs")
    if other:
        told.append(f"any test may read {_named(other)}")
    return "; ".join(told)


def readers(documents: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """Return the Python files, of which `texts` are the contents, that may read documents."""
    marks: set[str] = set()
    for path in documents:
        *folders, name = path.split("/")
        stem, suffix = posixpath.splitext(name)
        marks |= {name, suffix or stem, *folders}
    return {path for path, text in texts.items() if any(one in text for one in marks if one)}


def _named(paths: list[str]) -> str:
    names = ", ".join(paths[:MOST_NAMED])
    more = len(paths) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
