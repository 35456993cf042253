"""Revisions that delete or overwrite all rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.destructive_migration import RULE
from tests.migrations.projects import revision
from tests.rules.revisions import codes, example_codes

HITS: dict[str, str] = {
    "truncate": "op.execute('TRUNCATE TABLE orders')",
    "delete-all": "orders = sa.table('orders')\nop.execute(orders.delete())",
    "update-all": "op.get_bind().execute(sa.text('UPDATE orders SET x = 1'))",
}
CLEAN: dict[str, str] = {
    "some rows": "op.execute('DELETE FROM orders WHERE x = 1')",
    "some rows by a table": (
        "orders = sa.table('orders', sa.column('x'))\n"
        "op.execute(orders.update().where(orders.c.x == 1).values(x=2))"
    ),
    "a table of its own": "op.create_table('n', sa.Column('x'))\nop.execute('DELETE FROM n')",
    "a column of its own": (
        "op.add_column('orders', sa.Column('y', sa.Integer))\nop.execute('UPDATE orders SET y = x')"
    ),
    "only spoken of": "op.execute('-- TRUNCATE orders\\nSELECT 1')",
    "what a function will do": "op.execute('CREATE FUNCTION f() AS $$ DELETE FROM orders $$')",
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
