"""Tells by reading alone which test files a change can reach; the others may be left out."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.reach.graph import FAR, Graph, Tree, draw
from mcp_server.reach.reading import Source, dotted_names, read_source
from mcp_server.reach.resolution import Names, ancestors
from mcp_server.reach.session import (
    CONFIGURATION,
    CONFTEST,
    executed_by_all,
    named_for_all,
    scripts_in,
    test_files,
)
from mcp_server.reach.unlisted import find_unlisted
from mcp_server.reach.widening import readers, widening
from mcp_server.repository import Conventions

__all__ = ["Selection", "select"]

LONGEST = 1 << 21
"""Bytes of a Python file that is read; a longer one may execute anything."""
PYTHON = (".py", ".pyw")
SPELLING = (".toml", ".cfg", ".ini", ".yml", ".yaml", ".json", ".env", ".conf")
"""Files that may name modules for what loads them."""
EVERY_TEST = "\0every test"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which test files a change can reach; paths are relative to the folder, with "/".

    No change can reach those in `left_out`; `ordered` are all others, nearest first. `widened`
    says why tests that no import leads to are among these, "" where that is not so.
    """

    left_out: tuple[str, ...]
    ordered: tuple[str, ...]
    widened: str = ""


def select(
    where: Path | Conventions,
    *,
    changed: Iterable[str],
    deleted: Iterable[str] = (),
    patterns: tuple[str, ...] | None = None,
) -> Selection:
    """Return which test files of a folder a change can reach; reads, never runs, never raises.

    `changed` are files that are there, new ones too, `deleted` those that are gone; both relative
    to the folder. `patterns` are the project's `python_files`, by default as its files say. Only
    files that match them can be left out.
    """
    root = where.root if isinstance(where, Conventions) else where
    changed, deleted = tuple(changed), tuple(deleted)
    code = _read(root, changed, deleted)
    start = dict.fromkeys((one for one in (*changed, *deleted) if one in code.names.paths), 0)
    documents = [one for one in (*changed, *deleted) if one not in code.names.paths]
    if documents:
        start |= {one: 1 for one in readers(documents, code.texts) if one not in start}
    tests = test_files(code.sources, code.stated, patterns)
    distances = _graph(code, tests).reached(start)
    why = widening((*changed, *deleted), code.names.packages) or code.problem
    ordered = sorted(
        tests if why else tests.intersection(distances),
        key=lambda one: (distances.get(one, FAR * FAR), one),
    )
    return Selection(tuple(sorted(tests.difference(ordered))), tuple(ordered), why)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Code:
    """What the files of a folder say: texts and sources by path, all names, the configuration.

    `settings` are the texts of files that may name modules, `stated` those that configure pytest.
    """

    texts: Mapping[str, str]
    sources: Mapping[str, Source | None]
    names: Names
    settings: Mapping[str, str]
    stated: Mapping[str, str]
    links: Mapping[str, str]
    problem: str


def _read(root: Path, changed: Iterable[str], deleted: Iterable[str]) -> _Code:
    tree = list_tree(root)
    gone = set(deleted)
    unlisted, links = find_unlisted(root, tree.folders)
    every = (*tree.files, *unlisted, *changed, *gone)
    python = {one for one in every if one.endswith(PYTHON) and not one.startswith("../")}
    texts = {one: read_text(root / one, LONGEST) for one in python - gone}
    settings = {
        one: read_text(root / one) or ""
        for one in tree.files
        if one.endswith(SPELLING) or posixpath.basename(one) in CONFIGURATION
    }
    return _Code(
        texts={one: text for one, text in texts.items() if text is not None},
        sources={one: None if text is None else read_source(text) for one, text in texts.items()},
        names=Names(python, links),
        links=links,
        settings=settings,
        stated={
            one: text for one, text in settings.items() if posixpath.basename(one) in CONFIGURATION
        },
        problem="not every file can be listed" if tree.truncated or tree.problems else "",
    )


def _graph(code: _Code, tests: set[str]) -> Graph:
    """Return who can execute what, with what pytest and Django load for every test."""
    names, sources = code.names, code.sources
    spelled = {name for text in code.settings.values() for name in dotted_names(text)}
    tree = Tree(
        sources=sources,
        names=names,
        tests=tests,
        spelled=spelled,
        scripts=scripts_in(code.stated.values()),
        links=code.links,
    )
    graph = draw(tree)
    every = named_for_all(code.stated.values(), code.settings.values(), sources.values())
    graph.executes(EVERY_TEST, executed_by_all(names, every, sources))
    alike: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests):
        # Outside of packages, two of one name are one module, and the second is an error.
        folder, name = posixpath.split(test)
        others = alike[name] if folder not in names.packages else []
        for other in others:
            graph.executes(other, [test])
            graph.executes(test, [other])
        others.append(test)
        graph.executes(test, [EVERY_TEST])
        above = (posixpath.join(one, CONFTEST) for one in ancestors(posixpath.dirname(test)))
        graph.executes(test, [one for one in above if one in names.paths])
    return graph
