"""Chooses one endpoint and one test to write like: the commonest shape, of median length."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Protocol, TypeVar

from mcp_server.conventions.facts.endpoints import Endpoint
from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.facts.test_shapes import Test, find_tests
from mcp_server.facts import Example

ORDER = (
    "async, router prefix, dependencies, response_model, return annotation, status_code, "
    "raises".split(", ")
)
PLAIN = ("plain functions",)


class _Sized(Protocol):
    @property
    def module(self) -> Module: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...


S = TypeVar("S", bound=_Sized)


def choose_endpoint(endpoints: Sequence[Endpoint]) -> Example | None:
    """Return the endpoint with the commonest set of features, in the file with most of them.

    Of those the one nearest the median length; ties by path and line. None without endpoints.
    """
    if not endpoints:
        return None
    features, alike = _commonest([(one.features, one) for one in endpoints])
    files = Counter(one.module.path for one in alike)
    file = min(files, key=lambda path: (-files[path], path))
    chosen = _median([one for one in alike if one.module.path == file])
    shape = (*(one for one in ORDER if one in features), *sorted(features.difference(ORDER)))
    return Example(
        name=chosen.name,
        source=chosen.module.at(chosen.offset),
        why=f"{len(alike)} of {len(endpoints)} endpoints have exactly {_listed(shape)}; "
        f"{files[file]} of them in this file, where it is of median length",
        features=shape,
    )


def choose_test(tests: Sequence[Module]) -> Example | None:
    """Return the test with the commonest shape of the folder with most tests.

    The commonest kind (async or not, in a class or not, its marks) counts first, then the
    commonest fixtures among its tests; of those the one nearest the median length, ties by path
    and line. None without tests.
    """
    counts = Counter[str]()
    for module in tests:
        counts[posixpath.dirname(module.path)] += module.content.count(b"def test_")
    folder = min(counts, key=lambda one: (-counts[one], one), default=None)
    if folder is None or not counts[folder]:
        return None
    inside = [one for one in tests if posixpath.dirname(one.path) == folder]
    found: list[Test] = find_tests(inside)
    if not found:
        return None
    kind, same = _commonest([(one.kind, one) for one in found])
    fixtures, alike = _commonest([(one.fixtures, one) for one in same])
    chosen = _median(alike)
    asked = f"with the fixtures {_listed(fixtures)}" if fixtures else "without fixtures"
    return Example(
        name=chosen.name,
        source=chosen.module.at(chosen.offset),
        why=f"{len(same)} of {len(found)} tests in {folder or '.'} are {_listed(kind or PLAIN)}, "
        f"most often {asked} ({len(alike)}); it is of median length among those",
        features=(*kind, *(f"fixture {one}" for one in fixtures)),
    )


H = TypeVar("H", bound=Hashable)


def _commonest(pairs: Sequence[tuple[H, S]]) -> tuple[H, list[S]]:
    """Return the shape that most have, and those that have it; the first of equally common."""
    shape = Counter(one for one, _ in pairs).most_common(1)[0][0]
    return shape, [item for one, item in pairs if one == shape]


def _median(alike: Sequence[S]) -> S:
    lengths = sorted(one.length for one in alike)
    middle = lengths[(len(lengths) - 1) // 2]
    return min(alike, key=lambda one: (abs(one.length - middle), one.module.path, one.offset))


def _listed(shape: Sequence[str]) -> str:
    return ", ".join(shape) or "none of the features looked for"
