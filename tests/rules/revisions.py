"""Asks the step of the migrations about revisions on top of a published one, for the tests."""

from __future__ import annotations

from pathlib import Path

from mcp_server.rules import Rule
from tests.migrations.projects import inspected, publish, revision, write
from tests.rules.cases import FILE

FIRST = revision("a", up="op.create_table('orders', sa.Column('x', sa.Integer))")


def example_codes(root: Path, rule: Rule, text: str) -> set[str]:
    """Return which of a rule's codes an example gets, where the first of `right` is published."""
    first, content = next(iter(_files(rule.right).items()))
    publish(write(root, {first: content}))
    return _codes(root, rule, _files(text))


def codes(root: Path, rule: Rule, revisions: dict[str, str]) -> set[str]:
    """Return which of a rule's codes revisions get beside `a.py`, which is published."""
    publish(write(root, {"a.py": FIRST}))
    return _codes(root, rule, revisions)


def _codes(root: Path, rule: Rule, revisions: dict[str, str]) -> set[str]:
    found = inspected(write(root, revisions))
    assert found.outcome.problem is None
    told = {one.code or "" for one in (*found.outcome.diagnostics, *found.advice)}
    return told & {*rule.reported_as}


def _files(text: str) -> dict[str, str]:
    parts = FILE.split(text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
