"""Lays out the matrix of a job: the combinations of values that its commands run with."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import TypeAlias

from mcp_server.conventions.ci.expressions import Lookup, fill, whole
from mcp_server.conventions.ci.values import Known, known_of
from mcp_server.conventions.files.yaml import Located, Value, as_list, as_mapping
from mcp_server.conventions.shell.words import UNKNOWN

COMBINATIONS = 50
"""How many combinations of the values that a command names are followed."""
LAID_OUT = 1000
"""How many combinations are laid out to find them."""
MAX_ENTRIES = 256
"""How many values an axis, and how many entries `include` and `exclude`, may have; GitHub starts
at most 256 jobs of a matrix."""
MAX_DEPTH = 20
"""How deep a value that is compared may nest."""
NAMED = re.compile(r"\bmatrix(?:\.([A-Za-z_][\w-]*)|\['([^'\]]*)'\])")

Combination: TypeAlias = Mapping[str, Known]


class _Keys:
    """Gives values as keys that compare by content; each list and mapping is gone through once."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[object, object]] = {}

    def of(self, value: object, depth: int = 0) -> object:
        if not isinstance(value, (list, dict)):
            return value
        if id(value) not in self._found and depth <= MAX_DEPTH:
            if isinstance(value, dict):
                items: Iterable[object] = (
                    (str(name), self.of(value[name], depth + 1)) for name in sorted(value, key=str)
                )
            else:
                items = (self.of(one, depth + 1) for one in value)
            # The value is kept as well, so that no other one gets its identity.
            self._found[id(value)] = value, tuple(items)
        return self._found.get(id(value), (value, UNKNOWN))[1]


class _Conditions:
    """Conditions on the axes, found by the values that they ask for."""

    def __init__(self, conditions: Iterable[Mapping[str, object]]) -> None:
        self._groups: dict[tuple[str, ...], dict[tuple[object, ...], list[int]]] = {}
        for index, one in enumerate(conditions):
            values = self._groups.setdefault(tuple(one), {})
            values.setdefault(tuple(one.values()), []).append(index)

    def met(self, found: Mapping[str, object]) -> list[int]:
        """Return the numbers of the conditions that a combination meets, in their order."""
        met: list[int] = []
        for names, values in self._groups.items():
            if all(name in found for name in names):
                met += values.get(tuple(found[name] for name in names), ())
        return sorted(met)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The axes of a matrix, and the entries that `include` adds and `exclude` takes away.

    `known` is False where something that is computed in a run decides them.
    """

    axes: Mapping[str, tuple[Known, ...]]
    include: tuple[Combination, ...] = ()
    exclude: tuple[Combination, ...] = ()
    known: bool = True

    def combinations(
        self, names: frozenset[str], keep: Callable[[Combination], bool] | None = None
    ) -> list[Combination]:
        """Return the combinations that differ in one of the `names`, at most `COMBINATIONS`.

        Those that `keep` refuses are left out unless it refuses all of them.
        """
        keys = _Keys()
        laid_out = list(islice(self._laid_out(self._deciding(names), keys), LAID_OUT)) or [{}]
        chosen = [one for one in laid_out if keep(one)] if keep else laid_out
        distinct: dict[object, Combination] = {}
        for one in chosen or laid_out:
            key = tuple((name, keys.of(one[name])) for name in sorted(names) if name in one)
            distinct.setdefault(key, one)
        return list(islice(distinct.values(), COMBINATIONS))

    def work(self, names: frozenset[str]) -> int:
        """Return about how much work the combinations of `names` are, in characters of a script."""
        deciding = self._deciding(names)
        size = prod(len(values) for name, values in self.axes.items() if name in deciding)
        return min(size, LAID_OUT) * (1 + len(self.include) + len(self.exclude))

    def _deciding(self, names: frozenset[str]) -> frozenset[str]:
        """Return the names with the axes that decide whether an entry of `include` applies."""
        deciding = [one.keys() for one in self.include if names & one.keys()]
        return names.union(*deciding)

    def _laid_out(self, names: frozenset[str], keys: _Keys) -> Iterator[Combination]:
        axes = {name: values for name, values in self.axes.items() if name in names}
        excluded = _Conditions(one for one in self._excluded(axes.keys(), keys) if one)
        included = [(self._condition(one, keys), one) for one in self.include]
        # An entry that only goes with combinations that are there adds none of its own.
        used = {
            index
            for index, (condition, _) in enumerate(included)
            if self.axes and not condition.keys() <= axes.keys() and self._offers(condition, keys)
        }
        applying = _Conditions(condition for condition, _ in included)
        if self.axes or not self.include:
            for values in islice(product(*axes.values()), LAID_OUT):
                base = dict(zip(axes, values, strict=True))
                found = {name: keys.of(value) for name, value in base.items()}
                if excluded.met(found):
                    continue
                for index in applying.met(found):
                    used.add(index)
                    base.update(included[index][1])
                yield base
        yield from (one for index, (_, one) in enumerate(included) if index not in used)

    def _excluded(self, names: Collection[str], keys: _Keys) -> Iterator[Mapping[str, object]]:
        """Yield what `exclude` takes away whatever the axes that are not laid out hold."""
        alone = {name: keys.of(one[0]) for name, one in self.axes.items() if len(one) == 1}
        for one in self.exclude:
            rest = {name: keys.of(value) for name, value in one.items() if name not in names}
            if all(name in alone and alone[name] == value for name, value in rest.items()):
                yield {name: keys.of(value) for name, value in one.items() if name in names}

    def _condition(self, entry: Combination, keys: _Keys) -> dict[str, object]:
        return {name: keys.of(value) for name, value in entry.items() if name in self.axes}

    def _offers(self, condition: Mapping[str, object], keys: _Keys) -> bool:
        return all(
            any(keys.of(one) == value for one in self.axes[name])
            for name, value in condition.items()
        )


NO_MATRIX = Matrix({})


def read_matrix(value: Value | None, lookup: Lookup) -> Matrix:
    """Return the matrix of a GitHub job's `strategy`; its expressions are filled in."""
    if value is None:
        return NO_MATRIX
    found = whole(value, lookup) if isinstance(value, Located) else value
    if not isinstance(found, dict):
        return Matrix({}, known=False)
    axes: dict[str, tuple[Known, ...]] = {}
    for name, values in islice(found.items(), MAX_ENTRIES):
        if name not in {"include", "exclude"}:
            axes[str(name)] = tuple(_values(values, lookup)) or (UNKNOWN,)
    include, exclude = (_entries(found.get(name), lookup) for name in ("include", "exclude"))
    return Matrix(axes, include or (), exclude or (), known=include is not None)


def named(texts: Iterable[str]) -> frozenset[str]:
    """Return the properties of the matrix that texts name."""
    return frozenset(one or other for text in texts for one, other in NAMED.findall(text))


def scalars(value: object, depth: int = 0) -> Iterator[str]:
    """Yield the texts inside a value, as far down as a step or an environment goes."""
    if isinstance(value, str):
        yield value
    elif depth < MAX_DEPTH and isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from scalars(one, depth + 1)


def _values(value: object, lookup: Lookup) -> Iterator[Known]:
    found = whole(value, lookup) if isinstance(value, Located) else value
    for one in islice(found, MAX_ENTRIES) if isinstance(found, list) else [found]:
        yield _filled(one, lookup)


def _entries(value: object, lookup: Lookup) -> tuple[Combination, ...] | None:
    """Return the entries of `include` or `exclude`, None where they are computed in a run."""
    found = whole(value, lookup) if isinstance(value, Located) else value
    if found is None or isinstance(found, list):
        return tuple(
            {name: _filled(item, lookup) for name, item in islice(one.items(), MAX_ENTRIES)}
            for one in islice(found or (), MAX_ENTRIES)
            if isinstance(one, dict)
        )
    return None


def _filled(value: object, lookup: Lookup) -> Known:
    if isinstance(value, Located) and "${{" in value:
        return fill(value, lookup)
    return known_of(value)


def axes_of(value: Value | None) -> Matrix:
    """Return the matrix of a mapping of names to one value or several, as GitLab writes it."""
    mapping = islice(as_mapping(value).items(), MAX_ENTRIES)
    return Matrix(
        {
            name: tuple(known_of(one) for one in as_list(values)[:MAX_ENTRIES])
            for name, values in mapping
        }
    )
