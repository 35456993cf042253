"""Random text and JSON values of every kind that a broken tool could print."""

from __future__ import annotations

import json
from random import Random
from typing import Any

DEEP = "@deep@"
"""Stands in a JSON text for lists nested to the edge of what Python reads."""
ODD = (
    "\0 \x07 \x0b \x0c \x1b[31m \x1c \x85 \r \r\n \n \n\n \t \u2028 \u202e \u200b \ufeff \ud800 "
    "\udfff \U000e0041 \U0001f680 \u0663 \u00b2 \u4f60 ``` ~~~ ]]> --- +++ @@ :: : , { } [ ] \" ' "
    "\\ \\u0000 \\ud800 % / // ../ ~ <|im_start|> </tool_result> e9 1e999 NaN -Infinity 0 -1 -0 "
    "00 007 1.5 99999999999999999999 error warning None null true "
).split(" ")
SCALARS = (
    *(None, True, False, 0, 1, -1, 2, 31, 2**31, 2**63, 10**400, -(10**30), 1.5, -0.0),
    *(float("nan"), float("inf"), "", " ", "x", "a.py", "\0", "\ud800", "1", "-1", "\u0663"),
    *("x\ny", "passed", "failed", "error", "note", "x" * 3000, DEEP),
)


def seeded(seed: int | str) -> Random:
    """Return a source of choices that the seed alone decides."""
    return Random(seed)  # noqa: S311 - repeatable, not secret


def word(rnd: Random) -> str:
    """Return a few characters, odd ones among them."""
    if rnd.random() < 0.4:
        return rnd.choice(ODD)
    return "".join(map(chr, rnd.choices(range(32, 127), k=rnd.randint(1, 8))))


def garbage(rnd: Random) -> str:
    """Return text that no tool would print, and that says something."""
    if rnd.random() < 0.3:
        raw = bytes(rnd.choices(range(256), k=rnd.randint(1, 60)))
        text = raw.decode("utf-8", "backslashreplace")
    else:
        text = rnd.choice(["", " ", "\n"]).join(word(rnd) for _ in range(rnd.randint(1, 20)))
    return f"{text}\n?" if not says_something(text) else text


def says_something(text: str) -> bool:
    """Tell whether a text is more than a number, which alone is a report of coverage."""
    return not set(text.strip()) <= set("0123456789.")


def value(rnd: Random, depth: int = 2) -> Any:  # noqa: ANN401 - JSON is of any type
    """Return any JSON value."""
    if depth and rnd.random() < 0.2:
        inner = [value(rnd, depth - 1) for _ in range(rnd.randint(0, 3))]
        return inner if rnd.random() < 0.5 else {word(rnd): one for one in inner}
    return rnd.choice(SCALARS)


def dumped(document: object, rnd: Random) -> str:
    """Return a document as JSON, with what nests deeply filled in."""
    text = json.dumps(document)
    if DEEP in text:
        depth = rnd.choice([3, 100, rnd.randint(850, 1000), 5000])
        text = text.replace(f'"{DEEP}"', "[" * depth + "]" * depth)
    return text
