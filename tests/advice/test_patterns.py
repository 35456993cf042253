"""Patterns of `per-file-ignores`, as ruff 0.17.5 was seen to read them."""

from __future__ import annotations

import time

import pytest

from mcp_server.advice.patterns import read_pattern

FILES = ("e.py", "src/d.py", "src/tests/c.py", "tests/a/b.py", "tests/t.py")
MEANT = {
    "tests/*": {"tests/a/b.py", "tests/t.py"},
    "tests/**": {"tests/a/b.py", "tests/t.py"},
    "./tests/*": {"tests/a/b.py", "tests/t.py"},
    "**/tests/**": {"src/tests/c.py", "tests/a/b.py", "tests/t.py"},
    "**/tests/*.py": {"src/tests/c.py", "tests/a/b.py", "tests/t.py"},
    "tests/**/b.py": {"tests/a/b.py"},
    "src/**/d.py": {"src/d.py"},
    "src/**.py": {"src/d.py", "src/tests/c.py"},
    "!src/**": {"e.py", "tests/a/b.py", "tests/t.py"},
    "d.py": {"src/d.py"},
    "*.py": set(FILES),
    "**/*.py": set(FILES),
    "{e,src/d}.py": {"e.py", "src/d.py"},
    "[!e].py": {"src/d.py", "src/tests/c.py", "tests/a/b.py", "tests/t.py"},
    "[^e].py": {"src/d.py", "src/tests/c.py", "tests/a/b.py", "tests/t.py"},
    "tests": set(),
    "tests/": set(),
    "a/*": set(),
    "src": set(),
    "": set(),
    "[": set(),
}


@pytest.mark.parametrize(("text", "meant"), MEANT.items(), ids=[*MEANT])
def test_a_pattern_means_the_files_that_it_means_to_ruff(text: str, meant: set[str]) -> None:
    pattern = read_pattern(text)
    assert pattern is not None
    assert {one for one in FILES if pattern.holds(one)} == meant


@pytest.mark.parametrize("text", ["{a,b}" * 20, "**/" * 20, "x" * 5_000])
def test_a_pattern_that_is_too_large_is_none(text: str) -> None:
    assert read_pattern(text) is None


def test_a_hostile_pattern_takes_no_time() -> None:
    pattern = read_pattern("*a" * 200 + "b")
    assert pattern is not None
    began = time.process_time()
    assert not pattern.holds("a" * 4_000)
    assert time.process_time() - began < 1
