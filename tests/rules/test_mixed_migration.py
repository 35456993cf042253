"""Revisions that fill rows behind the lock of their own ALTER TABLE; more in tests/migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.mixed_migration import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import codes, example_codes

HITS: dict[str, str] = {
    "schema-and-data": (
        "op.add_column('orders', sa.Column('y', sa.Integer))\n"
        "op.execute('UPDATE orders SET y = x + 1')"
    ),
}
CLEAN: dict[str, str] = {
    "only rows": "op.execute('UPDATE orders SET x = x + 1')",
    "only columns": "op.add_column('orders', sa.Column('y', sa.Integer))",
    "seeds of a new table": (
        "op.create_table('n', sa.Column('x'))\nop.bulk_insert(sa.table('n'), [{'x': 1}])"
    ),
    "copied into a new table": (
        "op.create_table('n', sa.Column('x'))\nop.execute('INSERT INTO n SELECT x FROM orders')"
    ),
    "a row by its name": (
        "op.add_column('orders', sa.Column('y'))\n"
        "op.execute(\"DELETE FROM roles WHERE name = 'a'\")"
    ),
    "after the transaction": (
        "op.add_column('orders', sa.Column('y'))\n"
        "with op.get_context().autocommit_block():\n"
        "    op.execute('UPDATE orders SET y = x')"
    ),
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
