"""Histories that alembic refuses to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.alembic_heads import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import codes, example_codes

B = revision("b", "'a'")
HITS: dict[str, dict[str, str]] = {
    "multiple-heads": {"b.py": B, "c.py": revision("c", "'a'")},
    "missing-parent": {"b.py": revision("b", "('a', 'gone')")},
    "cycle": {"b.py": revision("b", "'c'"), "c.py": revision("c", "'b'")},
    "duplicate-revision": {"b.py": revision("a", "None")},
    "unreadable-revision": {"b.py": "def upgrade(:\n"},
}
CLEAN: dict[str, dict[str, str]] = {
    "a line": {"b.py": B, "c.py": revision("c", "'b'")},
    "a merge": {"b.py": B, "c.py": revision("c", "'a'"), "d.py": revision("d", "('b', 'c')")},
    "branches that are meant": {
        "b.py": revision("b", "'a'", more="branch_labels = ('one',)"),
        "c.py": revision("c", "'a'", more="branch_labels = ('two',)"),
    },
    "a computed id": {"b.py": B.replace('revision = "b"', 'revision = "b".lower()', 1)},
    "nothing new": {},
    "another dependency": {"b.py": revision("b", "'a'", more="depends_on = ('a',)")},
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
