"""The line of a key is found in every way in which TOML lets it be written."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_server.conventions.files.toml_lines import MAX_KEYS, line_of_key, toml_lines

TEXT = """\
# [tool.poe.tasks]
title = "[tool.poe.tasks]"  # test = 1
long = \"\"\"
test = 1
[tool.poe.tasks]
\\\"""
\"\"\"
raw = '''
[tool.poe.tasks]
'''

[tool.poe]
more.dotted.cmd = "a"
"quoted key" = 1
'single.dot' = 2
"esc\\u0061ped" = 3

[tool.poe.tasks]
test = "pytest"
lint = { cmd = "ruff check", env = { A = "1", "B.c" = "2" } }
all = [
    "test",  # first, [second]
    { ref = "lint" },

    ["x", "y"],
]
after = 1.5
date = 1979-05-27 07:32:32

[ tool . "poe" . tasks . deep ] # trailing
cmd = "x"

[[tool.list]]
name = "first"
[tool.list.sub]
key = 1
[[tool.list]]
name = "second"
[tool.list.sub]
key = 2
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 2),
        (("long",), 3),
        (("raw",), 8),
        (("tool", "poe"), 12),
        (("tool", "poe", "tasks"), 18),
        (("tool", "poe", "more", "dotted"), 13),
        (("tool", "poe", "more", "dotted", "cmd"), 13),
        (("tool", "poe", "quoted key"), 14),
        (("tool", "poe", "single.dot"), 15),
        (("tool", "poe", "escaped"), 16),
        (("tool", "poe", "tasks", "test"), 19),
        (("tool", "poe", "tasks", "lint", "cmd"), 20),
        (("tool", "poe", "tasks", "lint", "env", "B.c"), 20),
        (("tool", "poe", "tasks", "all"), 21),
        (("tool", "poe", "tasks", "all", 0), 22),
        (("tool", "poe", "tasks", "all", 1, "ref"), 23),
        (("tool", "poe", "tasks", "all", 2), 25),
        (("tool", "poe", "tasks", "all", 2, 1), 25),
        (("tool", "poe", "tasks", "after"), 27),
        (("tool", "poe", "tasks", "date"), 28),
        (("tool", "poe", "tasks", "deep"), 30),
        (("tool", "poe", "tasks", "deep", "cmd"), 31),
        (("tool", "list"), 33),
        (("tool", "list", 0, "name"), 34),
        (("tool", "list", 0, "sub", "key"), 36),
        (("tool", "list", 1), 37),
        (("tool", "list", 1, "sub", "key"), 40),
        (("test",), None),
        (("tool", "poe", "tasks", "gone"), None),
        (("tool", "poe", "tasks", "all", 3), None),
        ((), None),
    ],
)
def test_the_line_of_a_key_is_found(keys: tuple[str | int, ...], line: int | None) -> None:
    tomllib.loads(TEXT)
    assert line_of_key(TEXT, keys) == line


def test_a_table_stands_where_it_is_first_written() -> None:
    assert line_of_key("[t]\na.b = 1\na.c = 2\n[t.a.d]\n", ("t", "a")) == 2


def test_windows_line_ends_count_once() -> None:
    assert line_of_key("a = 1\r\n[b]\r\nc = 2\r\n", ("b", "c")) == 3


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        "a = " + "[" * 200_000,
        "a = " + "{a=" * 100_000,
        "a." * 200_000 + "a = 1",
        "[" + "a." * 200_000 + "a]\nb = 1",
        '"""\\' * 100_000,
        '"' * 400_001,
        "'" * 400_001,
        "a = '''" + "''\n" * 100_000,
        '"\\u0061" = 1\n' * 20_000,
        "[[a]]\n[a.b]\n" * 30_000,
        "]}=,." * 100_000,
        "a = [\n" + "1,\n" * 150_000,
    ],
)
def test_a_hostile_text_is_read_in_linear_time(text: str) -> None:
    assert isinstance(toml_lines(text).keys, dict)


def test_a_path_that_is_too_long_is_passed_over() -> None:
    keys = tuple("a" * MAX_KEYS)
    assert line_of_key(".".join(keys) + " = 1", keys) == 1
    assert line_of_key(".".join((*keys, "b")) + " = 1", (*keys, "b")) is None


@given(st.text(alphabet="[]{}=.,\"'\\#\n ab1\r\u00e9", max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    last = text.count("\n") + 1
    assert all(1 <= line <= last for line in toml_lines(text).keys.values())


KEYS = st.text(min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers() | st.text(max_size=5).map(repr),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.from_regex(r"[a-z_-]{1,4}", fullmatch=True), st.integers(), min_size=1))
def test_every_key_of_a_table_has_the_line_it_was_written_on(table: dict[str, int]) -> None:
    text = "[t]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
    assert {key: line_of_key(text, ("t", key)) for key in table} == {
        key: line for line, key in enumerate(table, 2)
    }
