"""Reads YAML into plain mappings, lists and texts that know their line; no tag is ever obeyed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

import yaml

MAX_NODES = 200_000
"""How many nodes a document may have once its aliases are followed; more is a bomb."""
MAX_DEPTH = 100
"""How deep a document may nest; the deepest of the public CI files seen has 15 levels."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ENDS = (yaml.DocumentEndEvent, yaml.StreamEndEvent)
BLOCKS = frozenset("|>")


class Located(str):
    """A scalar as it is written (`on` and `1.20` stay texts), with its 1-based line."""

    __slots__ = ("line",)
    line: int


Value: TypeAlias = "Located | list[Value] | dict[str, Value]"


def parse_yaml(text: str) -> Value | None:
    """Return the first document of a text, None where it is empty.

    Raises `ValueError` with a one-line reason for what is no YAML, nests too deep or grows too
    large. Later keys win over earlier equal ones, merge keys (`<<`) are merged, anchors shared.
    """
    builder = _Builder()
    try:
        # Events, not nodes: libyaml's composer recurses until the process dies, and constructing
        # would obey tags such as `!!python/object`.
        loader = LOADER(text)
        while not isinstance(event := loader.get_event(), ENDS):
            builder.take(event)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark is not None else ""
        msg = f"it is no YAML{where}: {problem}"
        raise ValueError(msg) from None
    return builder.root


@dataclass(slots=True)
class _Open:
    """A collection that is being read: what it holds so far, its size and its anchor."""

    value: list[Value] | dict[str, Value]
    anchor: str | None
    size: int = 1
    key: Value | None = None
    merged: dict[str, Value] = field(default_factory=dict)

    def add(self, item: Value, size: int) -> None:
        self.size += size
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is None:
            self.key = item
        else:
            key, self.key = self.key, None
            if key == "<<":
                for one in item if isinstance(item, list) else [item]:
                    self.merged = {**(one if isinstance(one, dict) else {}), **self.merged}
            elif isinstance(key, Located):
                self.value[key] = item

    def close(self) -> None:
        if isinstance(self.value, dict):
            for key, item in self.merged.items():
                self.value.setdefault(key, item)


class _Builder:
    """Builds values from events; an alias is one object, but counts each time it is used."""

    def __init__(self) -> None:
        self.root: Value | None = None
        self._anchors: dict[str, tuple[Value, int]] = {}
        self._open: list[_Open] = []

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            scalar = Located(event.value)
            mark = event.start_mark
            scalar.line = (mark.line if mark else 0) + 1 + (event.style in BLOCKS)
            self._done(scalar, 1, event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            known = self._anchors.get(str(event.anchor))
            if known is None:
                msg = f"it refers to `{event.anchor}` where that is not whole yet"
                raise ValueError(msg)
            self._done(*known, None)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._open) >= MAX_DEPTH:
                msg = f"it nests deeper than {MAX_DEPTH} levels"
                raise ValueError(msg)
            mapped = isinstance(event, yaml.MappingStartEvent)
            self._open.append(_Open({} if mapped else [], event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            closed.close()
            self._done(closed.value, closed.size, closed.anchor)

    def _done(self, value: Value, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value, size
        if not self._open:
            self.root = value
            return
        self._open[-1].add(value, size)
        if self._open[-1].size > MAX_NODES:
            msg = f"it grows beyond {MAX_NODES:,} values once its aliases are followed"
            raise ValueError(msg)


def as_mapping(value: object) -> dict[str, Value]:
    """Return a mapping, or an empty one where the file holds something else in its place."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Value]:
    """Return a list; a single scalar is a list of one, anything else an empty one."""
    if isinstance(value, Located):
        return [value]
    return value if isinstance(value, list) else []


def line_of(value: object, default: int = 1) -> int:
    """Return the line of a scalar, or of the first scalar inside a value."""
    # A stack of its own: aliases may chain values deeper than Python calls functions.
    waiting: list[Iterator[object]] = [iter((value,))]
    seen: set[int] = set()
    while waiting:
        for one in waiting[-1]:
            if isinstance(one, Located):
                return one.line
            if isinstance(one, (dict, list)) and id(one) not in seen:
                seen.add(id(one))
                waiting.append(chain(one, one.values()) if isinstance(one, dict) else iter(one))
                break
        else:
            waiting.pop()
    return default
