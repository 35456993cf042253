"""Where a task has something to itself."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic.locks import is_lock, under_lock
from tests.semantic.asked import asked, module

TEXT = """
import asyncio
turn = asyncio.Lock()
async def work(page_lock, path):
{}
"""
CASES = {
    "by its class": ("    async with turn: ask(1)", True),
    "by its name": ("    async with page_lock: ask(1)", True),
    "of several": ("    async with locks[path]: ask(1)", True),
    "something else": ("    async with connect(path): ask(1)", False),
    "later": ("    async with turn:\n        async def late(): ask(1)", False),
}


@pytest.mark.parametrize(("text", "wanted"), CASES.values(), ids=CASES)
def test_tells_what_runs_under_a_lock(text: str, *, wanted: bool, tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.format(text))
    assert under_lock(found, asked(found)[0]) is wanted


def test_asks_for_the_class_alone(tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.format("    turn, page_lock"))
    (pair,) = found.nodes(ast.Tuple)
    assert [is_lock(found, one, named=False) for one in pair.elts] == [True, False]
