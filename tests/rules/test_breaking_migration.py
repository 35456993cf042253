"""Revisions that take away what running code uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.breaking_migration import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import codes, example_codes

HITS: dict[str, str] = {
    "drop-table": "op.drop_table('orders')",
    "drop-column": "with op.batch_alter_table('orders') as batch:\n    batch.drop_column('x')",
    "rename-table": "op.execute('ALTER TABLE orders RENAME TO sales')",
    "rename-column": "op.alter_column('orders', 'x', new_column_name='y')",
    "required-column": "op.add_column('orders', sa.Column('y', sa.Integer, nullable=False))",
    "narrowing-type": (
        "op.alter_column('orders', 'x', existing_type=sa.String(50), type_=sa.String(20))"
    ),
}
CLEAN: dict[str, str] = {
    "a column that may be null": "op.add_column('orders', sa.Column('y', sa.Integer))",
    "a column with a default": (
        "op.add_column('orders', sa.Column('y', sa.Integer, nullable=False, server_default='0'))"
    ),
    "a wider type": (
        "op.alter_column('orders', 'x', existing_type=sa.String(20), type_=sa.String(50))"
    ),
    "a table of its own": "op.create_table('n', sa.Column('x'))\nop.drop_table('n')",
    "a column of its own": (
        "op.add_column('orders', sa.Column('y'))\nop.drop_column('orders', 'y')"
    ),
    "an index": "op.drop_index('ix', 'orders')",
}


@pytest.mark.parametrize(("code", "up"), HITS.items(), ids=HITS)
def test_hits(code: str, up: str, tmp_path: Path) -> None:
    assert codes(tmp_path, RULE, {"b.py": revision("b", "'a'", up=up)}) == {code}


@pytest.mark.parametrize("up", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(up: str, tmp_path: Path) -> None:
    assert not codes(tmp_path, RULE, {"b.py": revision("b", "'a'", up=up)})


def test_examples(tmp_path: Path) -> None:
    assert example_codes(tmp_path / "wrong", RULE, RULE.wrong)
    assert not example_codes(tmp_path / "right", RULE, RULE.right)
