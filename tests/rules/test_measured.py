"""What the documents say of the rules' precision and recall is what was measured."""

from __future__ import annotations

from benchmarks.rules import JUDGEMENTS, TABLE, page
from mcp_server.rules import rules


def test_the_table_is_of_the_judgements_that_there_are() -> None:
    assert TABLE.read_text(encoding="utf-8") == page()


def test_each_rule_that_is_asked_was_searched_in_real_services() -> None:
    searched = {one.stem for one in JUDGEMENTS.glob("*.jsonl")}
    assert {name for name, one in rules().items() if one.check is not None} <= searched
