"""What runs after a statement."""

from __future__ import annotations

import ast
from pathlib import Path

from mcp_server.semantic import FUNCTIONS
from mcp_server.semantic.order import after
from tests.semantic.asked import asked, module

TEXT = """
def work(order):
    first()
    if order:
        ask(1)
        second()
    else:
        other()
    try:
        third()
    finally:
        fourth()
late()
"""


def test_yields_what_follows_in_its_function(tmp_path: Path) -> None:
    found = module(tmp_path, TEXT)
    (one,) = asked(found)
    function = found.function(one)
    assert isinstance(function, FUNCTIONS)
    followed = list(after(found, one, function))
    assert [type(each) for each in followed] == [ast.Expr, ast.Try]
    assert ast.unparse(followed[0]) == "second()"
