"""Compares what tests did, and what they executed, with what hdb would have left out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.recall.suites import Outcomes, file_of, outcomes, traces
from benchmarks.recall.trees import Pair, Project, Store, Tree, below, is_source, lay_out

Select: TypeAlias = Callable[..., Any]
"""`mcp_server.reach.select(root, changed=..., deleted=...)`, with `left_out` and `widened`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the tests of a pair did, and which of them hdb would have run."""

    project: str
    pair: Pair
    broken: tuple[str, ...]
    flaky: int
    missed: tuple[str, ...] = ()
    files: float = 1.0
    tests: float = 1.0
    widened: str = ""


@dataclass(frozen=True, slots=True)
class Traced:
    """Of a project's newest commit: which modules its test files executed, and which hdb misses."""

    project: str
    modules: int
    tests: int
    executed: int
    missed: tuple[tuple[str, str], ...]
    shares: tuple[float, ...]
    needed: tuple[float, ...]


def broken_tests(before: Outcomes, after: Outcomes) -> tuple[str, ...]:
    """Return the tests that passed before and fail now, or are gone because their file fails."""
    failed = {test for test, outcome in after.items() if outcome == "failed"}
    return tuple(
        test
        for test, outcome in before.items()
        if outcome == "passed"
        and (
            test in failed
            or (test not in after and (file_of(test) in failed or _fell(failed, test)))
        )
    )


def _fell(failed: set[str], test: str) -> bool:
    """Tell whether the whole run, or a folder of the test, could not be collected."""
    return "" in failed or below(file_of(test), {one for one in failed if "::" not in one})


def measure(store: Store, project: Project, pair: Pair, select: Select) -> Measured | None:
    """Return what a pair's tests did and what hdb would have left out; None where no run did.

    All tests are run in the tree after the change. What fails there is run in the tree before
    it, to see what passed, and in the tree after it once more, to see what fails steadily.
    """
    after = outcomes(store, project, pair.after)
    if not after:
        return None
    failed = {file_of(test) for test, outcome in after.items() if outcome == "failed"}
    files = tuple(sorted(failed)) if all(one.endswith(".py") for one in failed) else ()
    before = outcomes(store, project, pair.before, files) if failed else {}
    if before is None or "passed" not in {*before.values(), *after.values()}:
        return None  # not even the tree before it can run: that says nothing about the change
    broken = broken_tests(before, after)
    second = outcomes(store, project, pair.after, files) if broken and files else after
    if second is None:
        return None
    steady = set(broken) & set(broken_tests(before, second))
    measured = Measured(
        project.repo,
        pair,
        broken=tuple(test for test in broken if test in steady),
        flaky=len(broken) - len(steady),
    )
    with tempfile.TemporaryDirectory() as scratch:
        root = lay_out(store, project, pair.after, Path(scratch).resolve())
        selection = select(root, changed=list(pair.changed), deleted=list(pair.deleted))
    return judged(measured, before, after, set(selection.left_out), selection.widened)


def judged(
    measured: Measured, before: Outcomes, after: Outcomes, left_out: set[str], widened: str
) -> Measured:
    """Return the measurement with what was missed, and the shares of files and tests that run."""
    tests = {test for test in (*before, *after) if "::" in test}
    files = {file_of(test) for test in tests}
    ran = [test for test in tests if file_of(test) not in left_out]
    return replace(
        measured,
        missed=tuple(test for test in measured.broken if file_of(test) in left_out),
        files=len(files - left_out) / max(1, len(files)),
        tests=len(ran) / max(1, len(tests)),
        widened=widened,
    )


def trace(store: Store, project: Project, select: Select) -> Traced:
    """Return how what hdb selects for a change of each single module fits what tests executed."""
    newest = project.commits[0]
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch).resolve()
        root = lay_out(store, project, Tree(newest, newest), place / "tree")
        found = traces(store, project, root, place)
        users: dict[str, set[str]] = {}
        for test, paths in found.items():
            for path in paths:
                users.setdefault(path, set()).add(test)
        modules = [path for path in users if is_source(project, path)]
        left_out = {path: set(select(root, changed=[path]).left_out) for path in modules}
    tests = max(1, len(found))
    return Traced(
        project.repo,
        len(modules),
        len(found),
        executed=sum(len(users[path]) for path in modules),
        missed=tuple((p, t) for p in modules for t in sorted(users[p] & left_out[p])),
        shares=tuple(len(found.keys() - left_out[path]) / tests for path in modules),
        needed=tuple(len(users[path]) / tests for path in modules),
    )
