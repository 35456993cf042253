"""Shows a map to people: what is bound to each symbol, then what the whole change touches."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.text import Text

from mcp_server.contract_map import MapView, SymbolMap, TestsMap

BOUND = {
    "callers": "used by",
    "possible": "maybe used by",
    "implements": "must satisfy",
    "implementers": "must be satisfied by",
    "subclasses": "subclass",
    "overrides": "overrides",
    "overridden_by": "overridden by",
}
KINDS = ("routes", "fixtures", "settings", "models", "importers", "others")
STATES = {"deleted": "red", "added": "green"}


def render_map(view: MapView) -> RenderableType:
    """Return a map as text: one line a thing, nearest first, and what reading cannot tell."""
    head = Text(view.summary, style="bold")
    if view.since:
        head.append(f" since {view.since}", style="dim")
    parts = [head, *(Text(f"! {one}", style="yellow") for one in view.migrations)]
    for symbol in view.symbols:
        parts += _symbol(symbol)
    if left := view.more.get("symbols"):
        parts.append(Text(f"and {left:,} more symbols", style="dim"))
    parts += _tests(view)
    for kind in KINDS:
        parts += _section(kind, getattr(view, kind), view.more.get(kind, 0))
    if view.indirect:
        files = f"{view.indirect:,} further file{'s import' if view.indirect != 1 else ' imports'}"
        parts.append(Text(f"  {files} these", style="dim"))
    parts += [Text(f"not seen: {one}", style="yellow") for one in view.unseen]
    if view.more:
        parts.append(Text("`hdb map --detail` leaves nothing out", style="dim"))
    return Lines(*parts)


def _symbol(symbol: SymbolMap) -> Iterator[Text]:
    line = Text(f"\n{symbol.at}  ").append(symbol.symbol, style="cyan")
    if symbol.state in STATES:
        line.append(f"  {symbol.state}", style=STATES[symbol.state])
    yield line
    for name, words in BOUND.items():
        for one in getattr(symbol, name):
            yield Text(f"  {words:<20}  {one}")
        if left := symbol.more.get(name):
            yield Text(f"  {words:<20}  and {left:,} more", style="dim")


def _tests(view: MapView) -> Iterator[Text]:
    left = view.more.get("tests", 0) + view.more.get("tests_by_import", 0)
    if view.tests or left:
        yield Text("\ntests, nearest first", style="bold")
    for one in view.tests:
        yield Text(f"  {one.file}{_names(one)}").append(f"  ({_way(one, view)})", style="dim")
    if left:
        yield Text(f"  and {left:,} more files", style="dim")


def _names(one: TestsMap) -> str:
    names = ", ".join((*one.tests, *([f"{one.more:,} more"] if one.more else [])))
    return f"  {names}" if names else ""


def _way(one: TestsMap, view: MapView) -> str:
    if one.distance == 0:
        return "changed" if view.since else "asked for"
    steps = f"{one.distance} step{'s' * (one.distance != 1)}"
    return f"{steps}, {one.via}" if one.via else steps


def _section(kind: str, lines: tuple[str, ...], left: int) -> Iterator[Text]:
    if lines:
        yield Text(f"\n{'other changed files' if kind == 'others' else kind}", style="bold")
    yield from (Text(f"  {one}") for one in lines)
    if left:
        yield Text(f"  and {left:,} more", style="dim")
