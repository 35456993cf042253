"""Says the facts for writing in short texts, which end with where each of them stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mcp_server.facts import AlembicFacts, Example, Fact, Framework, Measured, Places

SOURCE = re.compile(
    r" \((?:(?:locked|stated|imported) in )?(?:[^()\s]{1,200}:\d{1,7}|[^()\s]{1,200}\.\w{1,8})\)"
)
"""Where a fact stands, as it ends a text."""
MOST_FLAGS = 3
LONGEST_VALUE = 150
"""How many characters a value of the lean form has at most."""


def counted(counts: Measured | None) -> str:
    """Return counts as one text, "" where nothing was counted."""
    if counts is None:
        return ""
    parts = (
        (counts.functions, "function", "s"),
        (counts.methods, "method", "s"),
        (counts.asynchronous, "async", ""),
        (counts.asyncio_marks, "asyncio mark", "s"),
        (counts.anyio_marks, "anyio mark", "s"),
    )
    return ", ".join(
        f"{count} {name}{plural * (count > 1)}" for count, name, plural in parts if count
    )


def told(values: Mapping[str, Fact | str | None]) -> dict[str, str]:
    """Return the values that are known, as texts."""
    return {name: str(value) for name, value in values.items() if value}


def joined(facts: Iterable[Fact]) -> str:
    """Return facts as one text."""
    return ", ".join(str(one) for one in facts)


def version_text(one: Framework, *, full: bool) -> str:
    """Return a version, in full with where it is said."""
    if not full:
        return one.version
    imported = ".py:" in one.source and not one.version
    how = "locked" if one.locked else "imported" if imported else "stated"
    return f"{one.version} ({how} in {one.source})".strip()


def places_text(places: Places, most: int, *, full: bool = True) -> str:
    """Return at most so many places of a kind, and of how many."""
    told = ", ".join(str(one) if full else one.source for one in places.spots[:most])
    return f"{told} (of {places.count})" if places.count > len(places.spots[:most]) else told


def history_text(one: AlembicFacts) -> str:
    """Return a history of revisions as one text."""
    heads = "1 head" if len(one.heads) == 1 else f"{len(one.heads)} heads"
    parts = [f"{heads} ({', '.join(one.heads[:4])}) of {one.revisions} revisions"]
    parts += [f"in {', '.join(one.folders)}"] if one.folders else []
    for names, what in ((one.duplicates, "twice"), (one.missing, "missing")):
        parts += [f"{what}: {', '.join(names[:4])}"] if names else []
    parts += [f"{one.unread} unread"] if one.unread else []
    return "; ".join(parts)


def example_text(one: Example | None) -> str:
    """Return an example with its place and why it was chosen."""
    return f"{one.name} ({one.source}): {one.why}" if one else ""


def example_name(one: Example | None) -> str:
    """Return an example with its place."""
    return f"{one.name} ({one.source})" if one else ""


def without_places(text: str) -> str:
    """Return a text without the places in it; the full form has them."""
    return SOURCE.sub("", f" {text}").strip()


def loosened_text(count: int) -> str:
    """Return how many overrides ask less, "" for none."""
    return f"{count} {'override asks' if count == 1 else 'overrides ask'} less" if count else ""


def flags_text(text: str) -> str:
    """Return strictness flags, many of them as a count."""
    flags = without_places(text).split(", ")
    return ", ".join(flags) if len(flags) <= MOST_FLAGS else f"{len(flags)} flags, not strict"


def shortened(text: str) -> str:
    """Return a value as the lean form has it."""
    return cut(text, LONGEST_VALUE)


def cut(text: str, most: int) -> str:
    """Return a text as one line of at most so many characters."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."
