"""Classes of which a program keeps one object."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.semantic.single import kept_for_all
from tests.semantic.asked import module

CASES = {
    "in its module": ("store = Store()", "", True),
    "in another": ("", "from app.main import Store\nstore = Store()", True),
    "on first use": (
        "",
        "from app import main\ndef get():\n    global store\n    store = main.Store()",
        True,
    ),
    "one a call": ("def get():\n    store = Store()", "", False),
    "never": ("", "", False),
    "another class of that name": ("", "from redis import Store\nstore = Store()", False),
}
TEXT = """
class Store: ...
{}
# file: app/stores.py
{}
"""


@pytest.mark.parametrize(("here", "there", "wanted"), CASES.values(), ids=CASES)
def test_tells_what_is_kept(here: str, there: str, *, wanted: bool, tmp_path: Path) -> None:
    found = module(tmp_path, TEXT.format(here, there))
    (owner,) = found.nodes(ast.ClassDef)
    assert kept_for_all(found, owner) is wanted
