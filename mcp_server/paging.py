"""Cuts a batch into pages that a client takes whole; nothing is left out, it only follows."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_server.contract import Also, Batch, Failure

PAGE_CHARACTERS = 40_000
"""A page's size; Claude Code puts results over 50,000 characters into a file instead."""


def page(batch: Batch, number: int = 0, limit: int = PAGE_CHARACTERS) -> Batch | None:
    """Return page `number` of a batch, from 0, or None where there is none.

    The steps stand on the first page only. `next` is the cursor of the page that follows.
    """
    first = batch.model_copy(update={"failures": (), "next": None})
    room = max(limit // 2, limit - len(first.json_text()))
    pages = list(_pages(batch.failures, room, limit))
    if not 0 <= number < len(pages):
        return None
    follows = f"{batch.id}:{number + 1}" if number + 1 < len(pages) else None
    update = {"failures": pages[number], "next": follows}
    if number:
        update |= {"steps": (), "delta": None, "problems": ()}
    return batch.model_copy(update=update)


def _pages(failures: tuple[Failure, ...], room: int, limit: int) -> Iterator[tuple[Failure, ...]]:
    current: list[Failure] = []
    used = 0
    for failure in failures:
        for piece in _pieces(failure, limit // 2):
            size = len(piece.json_text())
            if current and used + size > room:
                yield tuple(current)
                current, used, room = [], 0, limit
            current.append(piece)
            used += size + 1
    yield tuple(current)


def _pieces(failure: Failure, size: int) -> Iterator[Failure]:
    """Split a failure whose findings fill a page by themselves; each piece repeats its head."""
    if len(failure.json_text()) <= size:
        yield failure
        return
    some: list[Also] = []
    used = 0
    for one in failure.also:
        length = len(one.json_text())
        if some and used + length > size:
            yield failure.model_copy(update={"also": tuple(some)})
            some, used = [], 0
        some.append(one)
        used += length + 1
    yield failure.model_copy(update={"also": tuple(some)})
