"""A revision that fills rows behind its own ALTER TABLE is told of; seeds and defaults are not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mcp_server.migrations.opinions import judge_revisions
from mcp_server.migrations.revision import read_revision
from tests.migrations.projects import inspected, publish, revision, write

CODE = "schema-and-data"
ADD = "op.add_column('orders', sa.Column('y', sa.Integer))"
DEFAULT = "op.add_column('orders', sa.Column('y', sa.Integer, server_default='0'))"
FILL = "op.execute('UPDATE orders SET y = x + 1')"
ZERO = "op.execute('UPDATE orders SET y = 0 WHERE y IS NULL')"
NOT_NULL = "op.alter_column('orders', 'y', nullable=False)"
TABLE = "orders = sa.table('orders', sa.column('x'), sa.column('y'))"
NEW = "op.create_table('sizes', sa.Column('id', sa.Integer))"
MIXED = {
    "a backfill": (ADD, FILL),
    "of another table": (ADD, "op.execute('UPDATE lines SET price = amount * 2')"),
    "by the connection": (ADD, "op.get_bind().execute(sa.text('UPDATE orders SET y = x'))"),
    "by a table": (ADD, TABLE, "op.execute(orders.update().values(y=orders.c.x))"),
    "of a name": (ADD, TABLE, "op.execute(sa.update(orders).values({'y': orders.c.x}))"),
    "one value, and NOT NULL": (ADD, ZERO, NOT_NULL),
    "joined": (ADD, "op.execute('UPDATE orders o SET y = u.y FROM users u WHERE u.id = o.u')"),
    "copied rows": (ADD, "op.execute('INSERT INTO orders (x) SELECT x FROM old')"),
    "a WITH": (ADD, "op.execute('WITH a AS (SELECT 1) UPDATE orders SET y = a.y FROM a')"),
    "deleted rows": (ADD, "op.execute('DELETE FROM orders WHERE x < y')"),
    "a batch": ("with op.batch_alter_table('orders') as b:", "    b.drop_column('x')", FILL),
    "SQL": ("op.execute('ALTER TABLE orders ADD COLUMN y int')", FILL),
    "in a loop": ("if True:", f"    {ADD}", "for _ in (1,):", f"    {FILL}"),
}
APART = {
    "only rows": (FILL,),
    "only columns": (ADD,),
    "rows of a new table": (ADD, NEW, "op.bulk_insert(sa.table('sizes'), [{'id': 1}])"),
    "a new table filled from an old one": (
        ADD,
        NEW,
        "op.execute('INSERT INTO sizes SELECT id FROM orders')",
    ),
    "a new table with a check": (NEW, "op.create_check_constraint('c', 'sizes', 'id > 0')", FILL),
    "a few rows": (ADD, "op.execute(\"UPDATE roles SET name = 'b' WHERE name = 'a'\")"),
    "a row by its key": (ADD, TABLE, "op.execute(orders.delete().where(orders.c.x == 1))"),
    "a seed": (ADD, "op.execute(\"INSERT INTO roles (name) VALUES ('a')\")"),
    "one value that may stay absent": (ADD, ZERO),
    "filled by a default": (DEFAULT, ZERO, NOT_NULL),
    "after a commit": (ADD, "with op.get_context().autocommit_block():", f"    {FILL}"),
    "rows before the change": (FILL, ADD),
    "a function that will": (ADD, "op.execute('CREATE FUNCTION f() AS $$ UPDATE o SET y = x $$')"),
    "another backend's": (ADD, "if op.get_bind().dialect.name == 'sqlite':", f"    {FILL}"),
}


def _codes(body: tuple[str, ...], *, postgresql: bool = True) -> list[str | None]:
    text = revision("one", up="\n".join(body), back="op.execute('SELECT 1')")
    new = [(read_revision("one.py", text), ast.parse(text))]
    return [one.code for one in judge_revisions(new, postgresql=postgresql)]


@pytest.mark.parametrize("body", MIXED.values(), ids=MIXED)
def test_told(body: tuple[str, ...]) -> None:
    assert _codes(body).count(CODE) == 1


@pytest.mark.parametrize("body", APART.values(), ids=APART)
def test_left_alone(body: tuple[str, ...]) -> None:
    assert CODE not in _codes(body)


def test_only_where_the_lock_is_known() -> None:
    assert CODE not in _codes((ADD, FILL), postgresql=False)


def test_the_line_is_that_of_the_rows(tmp_path: Path) -> None:
    publish(write(tmp_path, {}))
    write(
        tmp_path, {"a.py": revision("a", up=f"{ADD}\n{FILL}", back="op.drop_column('orders', 'y')")}
    )
    (found,) = [one for one in inspected(tmp_path).advice if one.code == CODE]
    lines = (tmp_path / str(found.file)).read_text(encoding="utf-8").splitlines()
    assert lines[(found.line or 0) - 1].strip() == FILL
