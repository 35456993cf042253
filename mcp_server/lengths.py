"""Measures texts as a client counts them in a result, and divides those that are too long; pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

Note = Callable[[int], str]
"""Says in words how many characters were left out, and where they are."""


def size(text: str) -> int:
    """Return the length of a text in bytes of UTF-8: what the strictest clients count.

    Those that count characters or units of UTF-16 come to no more.
    """
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def encoded(text: str) -> int:
    """Return how much of a result a text takes up inside its JSON, without the quotes."""
    return size(json.dumps(text, ensure_ascii=False)) - 2


def fitting(text: str, room: int) -> int:
    """Return how many of a text's first characters take up no more than `room`."""
    # No character takes up less than one.
    most, least = min(len(text), max(room, 0)), 0
    if encoded(text[:most]) <= room:
        return most
    while least < most:
        middle = (least + most + 1) // 2
        if encoded(text[:middle]) <= room:
            least = middle
        else:
            most = middle - 1
    return least


def parts(text: str, room: int) -> Iterator[str]:
    """Divide a text into parts that take up no more than `room` each, at ends of lines if it can.

    Put together again they are the text.
    """
    start = 0
    while start < len(text) or start == 0:
        window = text[start : start + max(room, 1)]
        part = window[: max(1, fitting(window, room))]
        if start + len(part) < len(text) and (end := part.rfind("\n") + 1) > len(part) // 2:
            part = part[:end]
        yield part
        start += max(1, len(part))


def shortened(text: str, room: int, note: Note) -> str:
    """Return a text, its end left out and said so by `note` where it takes up more than `room`.

    A text that takes up less than the note stays whole.
    """
    said = encoded(note(len(text)))
    if encoded(text) <= max(room, said):
        return text
    kept = fitting(text, room - said)
    return text[:kept] + note(len(text) - kept)


def share(sizes: Iterable[int], room: int) -> int:
    """Return how much each of several texts may take up, so that all together fit in `room`.

    What short ones do not need is for the long ones.
    """
    ordered = sorted(sizes)
    for index, one in enumerate(ordered):
        each = room // (len(ordered) - index)
        if one > each:
            return max(each, 0)
        room -= one
    return max(ordered, default=0)
