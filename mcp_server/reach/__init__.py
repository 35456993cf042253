"""Tells by reading alone which test files a change can reach; the others may be left out."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mcp_server.reach.graph import FAR, Graph, Tree, draw
from mcp_server.reach.material import Code, planned_commands, read_code
from mcp_server.reach.reading import dotted_names
from mcp_server.reach.resolution import ancestors
from mcp_server.reach.session import (
    CONFTEST,
    executed_by_all,
    named_for_all,
    offered_in,
    scripts_in,
    test_files,
)
from mcp_server.reach.shared import concerns_all
from mcp_server.reach.widening import named_in_data, readers, widening
from mcp_server.repository import Conventions

__all__ = ["Selection", "select"]

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
    planned = planned_commands(where) if isinstance(where, Conventions) else {}
    code = read_code(root, changed, deleted, planned)
    start = dict.fromkeys((one for one in (*changed, *deleted) if one in code.names.paths), 0)
    documents = [one for one in (*changed, *deleted) if one not in code.names.paths]
    if documents:
        start |= {
            one: 1 for one in readers(documents, code.texts, code.sources) if one not in start
        }
    tests = test_files(code.sources.keys() - code.beyond, code.stated, patterns)
    graph = _graph(code, tests)
    shared = concerns_all(changed, deleted, code.names.packages, code.texts, tests)
    graph.executes(EVERY_TEST, shared)
    distances = graph.reached(start)
    why = (
        widening((*changed, *deleted), code.names.packages)
        or code.problem
        or named_in_data(documents, code.settings)
    )
    ordered = sorted(
        tests if why else tests.intersection(distances),
        key=lambda one: (distances.get(one, FAR * FAR), one),
    )
    return Selection(tuple(sorted(tests.difference(ordered))), tuple(ordered), why)


def _graph(code: Code, tests: set[str]) -> Graph:
    """Return who can execute what, with what pytest and Django load for every test."""
    names, sources = code.names, code.sources
    texts = code.settings.values()
    spelled = {name for text in texts for name in dotted_names(text)} | offered_in(texts)
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
