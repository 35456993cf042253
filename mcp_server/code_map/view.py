"""Puts the parts of a map together, and cuts it to what an agent reads at one glance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcp_server.code_map.walk import BY_NAME, Hit, Walk
from mcp_server.contract_map import MapView, SymbolMap, TestsMap
from mcp_server.redact import redact
from mcp_server.untrusted import neutral

LEAN = 6_000
"""How many bytes the JSON of the lean form has at most; about 1,500 tokens."""
CUTS = ((12, 8), (10, 5), (8, 4), (6, 3), (5, 2), (4, 1), (3, 1), (2, 1), (1, 1))
"""How many symbols, tests and places of each kind are shown, until it fits."""
NEAR, FEW = 1, 3
"""Up to which distance so many tests of a file are named as places, and how many of the others."""
BY_IMPORT = "imports"
LEFT_OUT_BY_IMPORT = "tests_by_import"
"""Under which name tests by import alone are counted that are left out."""
BOUND = (
    "callers", "possible", "implements", "implementers", "subclasses", "overrides", "overridden_by",
)  # fmt: skip
KINDS = ("others", "routes", "fixtures", "settings", "models", "importers")


def tests_of(found: Walk, by_import: Mapping[str, int]) -> tuple[TestsMap, ...]:
    """Return the tests that were reached by file, nearest first; those by import alone last."""
    by_file: dict[str, list[Hit]] = {}
    for hit in sorted(found.tests.values(), key=_nearness):
        by_file.setdefault(hit.path, []).append(hit)
    reached = [
        TestsMap(
            file=path,
            tests=tuple(one.name.replace(".", "::") for one in hits if one.name),
            distance=hits[0].distance,
            via=hits[0].via or None,
        )
        for path, hits in by_file.items()
    ]
    imported = [
        TestsMap(file=path, distance=distance, via=BY_IMPORT)
        for path, distance in by_import.items()
        if path not in by_file
    ]
    reached.sort(key=lambda one: (one.via == BY_NAME, one.distance, not one.tests, one.file))
    imported.sort(key=lambda one: (one.distance, one.file))
    return (*reached, *imported)


def _nearness(hit: Hit) -> tuple[bool, int, str]:
    return hit.via == BY_NAME, hit.distance, hit.name


def ordered(symbols: Iterable[SymbolMap]) -> tuple[SymbolMap, ...]:
    """Return the symbols with what an edit most likely breaks first."""

    def weight(one: SymbolMap) -> tuple[bool, bool, int]:
        bound = sum(len(getattr(one, name)) for name in BOUND)
        return not (one.state == "deleted" and bound), one.state == "added", -bound

    return tuple(sorted(symbols, key=weight))


def summary(view: MapView, what: str) -> str:
    """Return the counts of a map as one line."""
    files = len({one.at.partition(":")[0] for one in view.symbols})
    near = [one for one in view.tests if one.via != BY_IMPORT]
    functions = sum(len(one.tests) for one in near)
    imported = len(view.tests) - len(near)
    parts = [
        _count(sum(len(one.callers) for one in view.symbols), "caller"),
        _count(len(view.routes), "route"),
        f"{_count(functions, 'test')} in {_count(len(near), 'place')}" if near else "",
        f"{_count(imported, 'test file')} by import alone" if imported else "",
    ]
    head = f"{_count(len(view.symbols), 'symbol')} {what} in {_count(files, 'file')}"
    if not view.symbols:
        head = "nothing outside of tests" if view.tests else "no function, class or value"
        head = f"{head} {what}"
    return ": ".join(one for one in (head, ", ".join(one for one in parts if one)) if one)


def lean(view: MapView) -> MapView:
    """Return what is nearest of a map in at most `LEAN` bytes of JSON, and counts of the rest."""
    cut = view
    for symbols, places in CUTS:
        cut = _cut(view, symbols, places)
        if len(cut.json_text().encode()) <= LEAN:
            break
    return cut


def cleaned(view: MapView) -> MapView:
    """Mask credentials, and what would act on a terminal or a model."""
    return MapView.model_validate(_clean(view.lean()))


def _cut(view: MapView, symbols: int, places: int) -> MapView:
    more: dict[str, int] = {}
    update: dict[str, Any] = {}
    for kind in KINDS:
        update[kind] = _first(getattr(view, kind), places, kind, more)
    kept = _first(view.symbols, symbols, "symbols", more)
    update["symbols"] = tuple(_cut_symbol(one, places) for one in kept)
    near = [one for one in view.tests if one.via != BY_IMPORT]
    far = [one for one in view.tests if one.via == BY_IMPORT]
    tests = _first(near, symbols, "tests", more)
    aside = _first(
        far, max(places // 2, 1) if not near else min(places // 2, 2), LEFT_OUT_BY_IMPORT, more
    )
    update["tests"] = tuple(
        one.model_copy(update={"tests": one.tests[:shown], "more": max(0, len(one.tests) - shown)})
        for one in (*tests, *aside)
        for shown in [places if one.distance <= NEAR else min(places, FEW)]
    )
    return view.model_copy(update={**update, "more": more})


def _cut_symbol(one: SymbolMap, places: int) -> SymbolMap:
    more: dict[str, int] = {}
    update: dict[str, Any] = {
        name: _first(getattr(one, name), places, name, more) for name in BOUND
    }
    return one.model_copy(update={**update, "more": more})


def _first(many: Sequence[Any], places: int, kind: str, more: dict[str, int]) -> tuple[Any, ...]:
    if len(many) > places:
        more[kind] = len(many) - places
    return tuple(many[:places])


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'s' * (number != 1)}" if number else ""


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON is what the view makes it
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_clean(one) for one in value]
    return neutral(redact(value)) if isinstance(value, str) else value
