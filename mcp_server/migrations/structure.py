"""Judges the graph of a history: its heads, gaps, cycles and doubled ids; pure."""

from __future__ import annotations

import graphlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from mcp_server.migrations.finding import finding
from mcp_server.migrations.history import History
from mcp_server.migrations.revision import Revision
from mcp_server.models import Diagnostic

SHOWN = 6
"""How many revisions of a cycle or how many heads a message names."""


def judge_structure(history: History, new: Collection[str] = ()) -> Iterator[Diagnostic]:
    """Yield what alembic would refuse; of several heads a `new` one is blamed."""
    by_name: dict[str, list[Revision]] = defaultdict(list)
    for one in history.revisions:
        if one.fault:
            yield finding("unreadable-revision", one.path, one.line, one.fault)
        if one.name is not None:
            by_name[one.name].append(one)
    first = {name: found[0] for name, found in by_name.items()}
    yield from _duplicates(by_name)
    yield from _gaps(history, first)
    cycles = list(_cycles(first))
    yield from cycles
    if not cycles:
        yield from _heads(history, first, new)


def unread(history: History) -> tuple[str, ...]:
    """Return the files whose ids are computed, so that the graph is not known to be whole."""
    return tuple(
        one.path
        for one in history.revisions
        if not one.fault and (one.name is None or one.parents is None)
    )


def _duplicates(by_name: Mapping[str, list[Revision]]) -> Iterator[Diagnostic]:
    for name, (head, *others) in by_name.items():
        for one in others:
            said = f"its revision id {name!r} is also that of {head.path}: give one of them its own"
            yield finding("duplicate-revision", one.path, one.line, said, name)


def _gaps(history: History, known: Mapping[str, Revision]) -> Iterator[Diagnostic]:
    if unread(history) or not history.whole or any(one.fault for one in history.revisions):
        return
    labels = {label for one in known.values() for label in one.labels}
    for one in history.revisions:
        for parent in one.parents or ():
            if parent not in known:
                said = (
                    f"its down_revision {parent!r} is in no file: restore that revision, "
                    "or name the one that this follows"
                )
                yield finding("missing-parent", one.path, one.down_line, said, one.name)
        for asked in one.depends:
            name = asked.partition("@")[0]
            if name not in labels and not any(each.startswith(name) for each in known):
                said = f"its depends_on {asked!r} is in no file: restore that revision"
                yield finding("missing-parent", one.path, one.down_line, said, one.name)


def _cycles(known: Mapping[str, Revision]) -> Iterator[Diagnostic]:
    graph = {name: set(one.parents or ()) & known.keys() for name, one in known.items()}
    while graph:
        try:
            graphlib.TopologicalSorter(graph).prepare()
        except graphlib.CycleError as error:
            names: list[str] = error.args[1]
            first = known[min(names)]
            shown = " -> ".join([*names[:SHOWN], "..."] if len(names) > SHOWN else names)
            said = f"revisions follow each other in a circle, {shown}: mend one down_revision"
            yield finding("cycle", first.path, first.down_line, said, first.name)
            graph = {name: each - {*names} for name, each in graph.items() if name not in names}
        else:
            return


def _heads(
    history: History, known: Mapping[str, Revision], new: Collection[str]
) -> Iterator[Diagnostic]:
    if unread(history) or any(one.fault for one in history.revisions):
        return
    parents = {parent for one in known.values() for parent in one.parents or ()}
    heads = [known[name] for name in sorted(known.keys() - parents)]
    asked = {name.partition("@")[0] for one in known.values() for name in one.depends}
    labels = {head.path: _labels(head, known) for head in heads}
    lone = [
        head
        for head in heads
        if not any(head.shown.startswith(name) for name in asked)
        and not labels[head.path].difference(
            *(found for path, found in labels.items() if path != head.path)
        )
    ]
    # One unlabelled line beside labelled branches is the trunk.
    if len(heads) < 2 or len(lone) < 2:
        return
    blamed = next((one for one in lone if one.name in new), lone[-1])
    shown = ", ".join(f"{one.shown} ({one.path})" for one in heads[:SHOWN])
    more = f" and {len(heads) - SHOWN} more" if len(heads) > SHOWN else ""
    said = (
        f"the history has {len(heads)} heads, {shown}{more}, so `alembic upgrade head` refuses: "
        f"let the newer follow the other (down_revision), join them with `alembic merge heads`, "
        "or give branches that are meant their branch_labels"
    )
    yield finding("multiple-heads", blamed.path, blamed.down_line, said, blamed.name)


def _labels(head: Revision, known: Mapping[str, Revision]) -> set[str]:
    """Return the labels that a head has of its own or from what it follows."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [head]
    while waiting:
        one = waiting.pop()
        if one.path not in seen:
            seen.add(one.path)
            found.update(one.labels)
            waiting += [known[parent] for parent in one.parents or () if parent in known]
    return found
