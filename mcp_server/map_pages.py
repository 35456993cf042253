"""Cuts a map into pages: a symbol or a file's tests with long lists goes on, named again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mcp_server.contract_map import MapView, SymbolMap, TestsMap
from mcp_server.filling import Entry, fill, measure
from mcp_server.lengths import encoded
from mcp_server.paging import FRAME, NAMED, PAGE_BYTES, lines, own_cursor, page

BEFORE = ("migrations",)
AFTER = ("others", "routes", "fixtures", "settings", "models", "importers", "unseen")
"""The lists of texts before the symbols, and after them."""
PORTION = 4
"""Into how many parts a page is divided at least, so that a piece always fits."""
QUOTED = 4
"""What the quotes and the comma of a text in a list take up."""


def map_page(view: MapView, cursor: str = "", limit: int = PAGE_BYTES) -> MapView:
    """Return the page of a map that a cursor means, "" for the first.

    Raises `UsageError` for a cursor of another map, such as of one before an edit.
    """
    name, start = own_cursor(view, cursor, "the map")
    lists = (*BEFORE, *AFTER, "symbols", "tests")
    head = view.model_copy(update=dict.fromkeys(lists, ()))
    room = limit - FRAME - measure(head)
    return page(head, name, fill(_entries(view, limit // PORTION), start, room))


def _entries(view: MapView, room: int) -> Iterator[Entry]:
    yield from _texts(view, BEFORE, room)
    for one in view.symbols:
        yield from (Entry("symbols", SymbolMap(**each)) for each in _pieces(one.lean(), room))
    yield from _texts(view, ("routes",), room)
    for each in view.tests:
        yield from (Entry("tests", TestsMap(**part)) for part in _pieces(each.lean(), room))
    yield from _texts(view, (one for one in AFTER if one != "routes"), room)


def _texts(view: MapView, slots: Iterable[str], room: int) -> Iterator[Entry]:
    for slot in slots:
        yield from lines(slot, getattr(view, slot), room)


def _pieces(data: dict[str, Any], room: int) -> Iterator[dict[str, Any]]:
    """Yield a record in pieces: each has its texts and numbers, and some of what its lists hold."""
    plain = {name: value for name, value in data.items() if not isinstance(value, list)}
    piece, left = dict(plain), room
    for name, value in data.items():
        for one in value if isinstance(value, list) else ():
            needed = encoded(one) + QUOTED
            if needed > left and len(piece) > len(plain):
                yield piece
                piece, left = dict(plain), room
            piece.setdefault(name, []).append(one)
            left -= needed + (NAMED if len(piece[name]) == 1 else 0)
    yield piece
