"""Writes an example of a violation in many other ways, each of which still is the violation.

Pure: texts in, texts out. What may be changed is decided by what a change preserves, never by
what hdb reads: nothing here knows the engine or the rules.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeAlias

from benchmarks.mutations.annotating import annotating
from benchmarks.mutations.calling import calling
from benchmarks.mutations.classes import classes
from benchmarks.mutations.constants import constants
from benchmarks.mutations.decorating import decorating
from benchmarks.mutations.example import Example, Rewritten, Source, Variation, example
from benchmarks.mutations.guarding import guarding
from benchmarks.mutations.holding import holding
from benchmarks.mutations.importing import importing
from benchmarks.mutations.layout import layout
from benchmarks.mutations.naming import naming
from benchmarks.mutations.nesting import nesting
from benchmarks.mutations.reexporting import reexporting
from benchmarks.mutations.walrus import walrus
from benchmarks.mutations.wording import wording

__all__ = ["Example", "Variation", "example", "variations"]

Mutation: TypeAlias = Callable[[Source], Iterator[Rewritten]]
MUTATIONS: tuple[Mutation, ...] = (
    importing,
    guarding,
    reexporting,
    naming,
    nesting,
    decorating,
    calling,
    walrus,
    constants,
    classes,
    holding,
    wording,
    annotating,
    layout,
)
PAIRS = 16
"""How many variations of variations are drawn: enough that each kind is met with another."""
SEED = 7


def variations(given: Example, pairs: int = PAIRS) -> list[Variation]:
    """Return the variations of an example, no two of one text, then some of two kinds at once."""
    found = {_key(given): Variation("", given)}
    for source in _sources(given):
        for mutation in MUTATIONS:
            for made in _made(source, mutation):
                found.setdefault(_key(made.example), made)
    single = list(found.values())[1:]
    drawn = random.Random(SEED)  # noqa: S311 - which ones does not matter, that they stay does
    for one in drawn.sample(single, min(len(single), 2 * pairs)):
        kind = one.label.partition(":")[0]
        source = drawn.choice(_sources(one.example))
        mutation = drawn.choice(MUTATIONS)
        others = [each for each in mutation(source) if each.label.partition(":")[0] != kind]
        other = source.apply(drawn.choice(others)) if others else None
        if other is not None and len(found) <= len(single) + pairs:
            both = Variation(f"{one.label}; {other.label}", other.example)
            found.setdefault(_key(both.example), both)
    return list(found.values())[1:]


def _sources(given: Example) -> list[Source]:
    paths = sorted({path for path, _ in given.found} or {given.main()})
    return [Source(given, path) for path in paths]


def _made(source: Source, mutation: Mutation) -> Iterator[Variation]:
    for done in mutation(source):
        made = source.apply(done)
        if made is not None:
            yield made


def _key(one: Example) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(one.files.items()))
