"""Revisions that keep others from a table while all of it is read or rewritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.locking_index import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import codes, example_codes

HITS: dict[str, str] = {
    "locking-index": "op.create_index('ix', 'orders', ['x'])",
    "concurrent-index-in-transaction": (
        "op.create_index('ix', 'orders', ['x'], postgresql_concurrently=True)"
    ),
    "locking-foreign-key": "op.create_foreign_key('fk', 'orders', 'users', ['x'], ['id'])",
    "locking-check": "op.execute('ALTER TABLE orders ADD CONSTRAINT c CHECK (x > 0)')",
    "locking-unique": "op.create_unique_constraint('u', 'orders', ['x'])",
    "locking-type-change": (
        "op.alter_column('orders', 'x', existing_type=sa.Integer(), type_=sa.BigInteger())"
    ),
    "set-not-null": "op.alter_column('orders', 'x', nullable=False)",
}
CLEAN: dict[str, str] = {
    "concurrently, outside": (
        "with op.get_context().autocommit_block():\n"
        "    op.create_index('ix', 'orders', ['x'], postgresql_concurrently=True)"
    ),
    "checked later": (
        "op.create_check_constraint('c', 'orders', 'x > 0', postgresql_not_valid=True)"
    ),
    "a key that is checked later": (
        "op.create_foreign_key('fk', 'orders', 'users', ['x'], ['id'], postgresql_not_valid=True)"
    ),
    "a table of its own": (
        "op.create_table('n', sa.Column('x'))\nop.create_index('ix', 'n', ['x'])"
    ),
    "another backend": (
        "if op.get_bind().dialect.name == 'sqlite':\n    op.create_index('ix', 'orders', ['x'])"
    ),
    "nullable": "op.alter_column('orders', 'x', nullable=True)",
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
