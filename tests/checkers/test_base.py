"""What the checkers share: lines and documents of JSON, and places in differences."""

from __future__ import annotations

import pytest

from mcp_server.checkers.base import (
    diff_places,
    json_document,
    json_lines,
    separated,
    unread,
)

HEAD = "--- a.py\n+++ a.py\n@@ -{},2 +1,2 @@\n x\n-y\n"


@pytest.mark.parametrize(
    ("args", "apart"),
    [
        ("-eqoFILE .", "-e -q -o FILE ."),
        ("-eqo FILE .", "-e -q -o FILE ."),
        ("-o=-eq -o -eq", "-o -eq -o -eq"),
        ("--name -eq -eq", "--name -eq -e -q"),
        ("--name=x -eq", "--name=x -e -q"),
        ("-ex - -- -eq", "-ex - -- -eq"),
        ("-eq -o", "-e -q -o"),
        ("", ""),
    ],
)
def test_short_options_in_one_word_are_told_apart(args: str, apart: str) -> None:
    given = separated(args.split(), frozenset({"-e", "-q"}), frozenset({"-o", "--name"}))
    assert given == tuple(apart.split())


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_a_line_of_json_may_hold_the_rarer_line_ends(mark: str) -> None:
    text = f'{{"message": "a{mark}b"}}\n'.replace("\x0b", "\\u000b").replace("\x0c", "\\f")
    text = text.replace("\x1c", "\\u001c")
    assert [record["message"] for record in json_lines(text)] == [f"a{mark}b"]
    assert unread(text) == []


def test_what_is_no_json_object_is_named() -> None:
    assert unread('{"a": 1}\n\n \n{"b\nwords\n[1]\n') == ['{"b', "words", "[1]"]


@pytest.mark.parametrize("text", ["[\n", "{\n", '{"a":', "[" * 5000, "[[\n"])
def test_what_only_begins_like_a_document_is_none_and_costs_no_more_than_its_length(
    text: str,
) -> None:
    assert json_document(text * (1_000_000 // len(text))) is None


def test_a_document_is_found_behind_lines_that_begin_like_one() -> None:
    assert json_document("[warning] x\n{odd}\n" * 20 + '{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    ("start", "line"), [("3", 4), ("0", 1), ("9" * 5000, 1), ("\u0663", 4), ("999999999999", 1)]
)
def test_a_difference_has_a_line_that_can_be(start: str, line: int) -> None:
    assert [(path, at) for path, at, _ in diff_places(HEAD.format(start))] == [("a.py", line)]


def test_a_difference_is_found_behind_a_line_without_an_end() -> None:
    text = "+x--- b.py:before\t2026\n+++ b.py:after\t2026\n@@ -1 +1 @@\n-y\n"
    assert [(path, line, part[:9]) for path, line, part in diff_places(text)] == [
        ("b.py", 1, "--- b.py:")
    ]


@pytest.mark.parametrize("text", ["--- ", "--- a\n", "--- a\n+++ b\n", "\t", "\n+++ b", "-+"])
def test_what_only_begins_like_a_difference_costs_no_more_than_its_length(text: str) -> None:
    assert list(diff_places(text * (1_000_000 // len(text)))) == []
