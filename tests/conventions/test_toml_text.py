"""TOML is read within limits, and what is none is told in a line."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_server.conventions.files.toml import parse_toml

QUOTED = '"a".' * 20_000


def test_tables_are_read() -> None:
    version = "1." * 70
    assert parse_toml(f"[a.b]\nc = '{version}'\nd = 1 # {'.' * 60}\n") == {
        "a": {"b": {"c": version, "d": 1}}
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"x = 1\n{'a.' * 20_000}b = 1\n", "it has a key of more than 64 parts in line 2"),
        (f"[{'a.' * 20_000}b]\n", "it has a key of more than 64 parts in line 1"),
        (f"x = {{ {QUOTED}b = 1 }}\n", "it has a key of more than 64 parts in line 1"),
        (f"x = {'[' * 5_000}", "it nests too deep"),
        ("x", "it is no TOML: "),
    ],
)  # fmt: skip
def test_what_is_no_toml_for_people_is_told_in_a_line(text: str, why: str) -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match=why) as caught:
        parse_toml(text)
    assert "\n" not in str(caught.value)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("text", ["a" * 400_000, ".\n" * 200_000, "'.'" * 150_000, '"' * 400_000])
def test_no_text_takes_long(text: str) -> None:
    start = time.monotonic()
    with pytest.raises(ValueError, match="it "):
        parse_toml(text)
    assert time.monotonic() - start < 5


@given(st.text(alphabet="ab.=[]{}\"'\n# 1"))
def test_nothing_else_is_raised(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_toml(text)
