"""Reads the fields of a tool's records whatever their types: texts, counts and positions."""

from __future__ import annotations

LARGEST = 10**9
"""No line, column or count of a real project comes near it."""
DIGITS = len(str(LARGEST))


def as_text(value: object) -> str:
    """Return a text or a number as text, and nothing for what could be of any depth."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number or isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """Return a whole number from 0 on, given as such or as digits, else None."""
    if isinstance(value, str):
        # Checked first: Python refuses to read a number of thousands of digits.
        value = int(value) if value.isdecimal() and len(value) <= DIGITS else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < LARGEST else None


def count(value: object) -> int:
    """Return a count, 0 where there is none."""
    return whole(value) or 0


def position(value: object, first: int = 1) -> int | None:
    """Return a line or a column that is counted from `first`, 1-based, None for an unknown one."""
    number = whole(value)
    return None if number is None or number < first else number - first + 1
