"""Says for which files of other kinds than Python a change may concern every test."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Mapping

from mcp_server.reach.reading import Source
from mcp_server.snapshot.relevance import CONFIGURATIONS, is_configuration, is_document

COMMANDS = frozenset({"noxfile.py", "tasks.py", "fabfile.py", "dodo.py"})
"""Python files that say how tests are run, where they stand in no package."""
SITES = ("mkdocs.", "zensical.", "properdocs.", "noxfile.py", "tasks.py", "setup.py")
"""How the names of files begin that tell tools about documents."""
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


def readers(
    documents: Iterable[str], texts: Mapping[str, str], sources: Mapping[str, Source | None]
) -> set[str]:
    """Return the Python files, of which `texts` are the contents, that may read documents."""
    marks: set[str] = set()
    for path in documents:
        *folders, name = path.split("/")
        stem, suffix = posixpath.splitext(name)
        marks |= {name, suffix or stem, *folders}
    looking = {path for path, one in sources.items() if one is None or one.may_read}
    return looking.union(
        path for path, text in texts.items() if any(one in text for one in marks if one)
    )


def named_in_data(documents: Iterable[str], texts: Mapping[str, str]) -> str:
    """Return why any test may read one of the documents: a file of data names it; else "".

    What configures tools names documents for these, so it does not count.
    """
    data = [text for path, text in texts.items() if _is_data(path)]
    named = [one for one in documents if any(posixpath.basename(one) in text for text in data)]
    return f"a file of data names {_named(named)}, so any test may read it" if named else ""


def _is_data(path: str) -> bool:
    *folders, name = path.lower().split("/")
    return (
        not any(one.startswith(".") for one in (*folders, name))
        and name not in CONFIGURATIONS
        and not name.startswith(SITES)
        and not is_document(path)
    )


def _named(paths: list[str]) -> str:
    names = ", ".join(paths[:MOST_NAMED])
    more = len(paths) - MOST_NAMED
    return f"{names} and {more} more" if more > 0 else names
