"""Fields of any type are read as what they can be, and as nothing otherwise."""

from __future__ import annotations

import json

import pytest

from mcp_server.fields import LARGEST, as_text, count, position

DEEP = json.loads("[" * 900 + "]" * 900)
POSITIONS = [
    (1, 1), (7, 7), ("12", 12), ("\u0663", 3), (LARGEST - 1, LARGEST - 1),
    (0, None), (-1, None), (True, None), (None, None), (1.5, None), ("", None), ("x", None),
    ("-1", None), ("\u00b2", None), (LARGEST, None), ("9" * 5000, None), (10**400, None),
    ([], None), ({}, None), (float("nan"), None),
]  # fmt: skip


@pytest.mark.parametrize(("value", "read"), POSITIONS, ids=lambda one: repr(one)[:12])
def test_only_what_can_be_a_position_is_one(value: object, read: int | None) -> None:
    assert position(value) == read
    assert count(value) == (read or 0)


def test_what_counts_from_nought_is_one_further() -> None:
    assert [position(value, first=0) for value in (0, 4, -1)] == [1, 5, None]
    assert [position(value, first=2) for value in (1, 2)] == [None, 1]


def test_what_is_no_text_says_nothing() -> None:
    values: list[object] = ["", "x", 3, 1.5, None, True, [], {"a": 1}, DEEP]
    assert [as_text(value) for value in values] == ["", "x", "3", "1.5", "", "", "", "", ""]
