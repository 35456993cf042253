"""Revisions without a way back."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.empty_downgrade import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import FIRST, codes, example_codes

ADD = "op.add_column('orders', sa.Column('y'))"
HITS: dict[str, dict[str, str]] = {
    "empty-downgrade": {"b.py": revision("b", "'a'", up=ADD, back="pass")},
}
CLEAN: dict[str, dict[str, str]] = {
    "a way back": {"b.py": revision("b", "'a'", up=ADD, back="op.drop_column('orders', 'y')")},
    "nothing to take back": {"b.py": revision("b", "'a'", up="pass", back="pass")},
    "a merge": {"b.py": revision("b", "'a'", up="pass", back="pass")},
    "by SQL": {
        "b.py": revision("b", "'a'", up=ADD, back="op.execute('ALTER TABLE orders DROP y')")
    },
    "of the main branch": {"a.py": FIRST},
    "by a function": {"b.py": revision("b", "'a'", up=ADD, back="undo()")},
}


@pytest.mark.parametrize(("code", "files"), HITS.items(), ids=HITS)
def test_hits(code: str, files: dict[str, str], tmp_path: Path) -> None:
    assert codes(tmp_path, RULE, files) == {code}


@pytest.mark.parametrize("files", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(files: dict[str, str], tmp_path: Path) -> None:
    assert not codes(tmp_path, RULE, files)


def test_examples(tmp_path: Path) -> None:
    assert example_codes(tmp_path / "wrong", RULE, RULE.wrong)
    assert not example_codes(tmp_path / "right", RULE, RULE.right)
