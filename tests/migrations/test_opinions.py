"""What a new revision destroys, locks or breaks is advice, and fails only where it is gated."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.facts import AlembicFacts
from mcp_server.migrations import Located, inspect_migrations
from tests.migrations.projects import VERSIONS, faults, inspected, publish, revision, write

BATCH = "with op.batch_alter_table('orders') as b:\n    "
BLOCK = "with op.get_context().autocommit_block():\n    "
NOT_NULL = "op.add_column('orders', sa.Column('x', sa.Integer, nullable=False{}))"
INDEX = "op.create_index('ix', 'orders', ['x']{})"
CONCURRENT = INDEX.format(", postgresql_concurrently=True")
ADD = "op.add_column('orders', sa.Column('y', sa.Integer))\n"
NEW = "op.create_table('n', sa.Column('x'))\n"
SQL = "op.execute('{}')"
CLEAR = SQL.format("DELETE FROM orders")
OTHER = "op.add_column('n', sa.Column('x'))\n"
KEY = "op.add_column('orders', sa.Column('x', sa.Integer, sa.ForeignKey('u.id')){})"
TYPE = "op.alter_column('orders', 'x', existing_type={}, type_={})"


HELPER = """
from alembic import op as o
import alembic
from alembic.op import drop_table as let_go

go = lambda: op.drop_table('orders')

class Order(Base):
    __tablename__ = 'orders'

def clear(what, table):
    what.drop_column(table, 'x')

def unused():
    op.drop_table('orders')
"""
CASES: list[tuple[str, list[str]]] = [
        ("op.drop_table('orders')", ["drop-table"]),
        ("op.drop_column('orders', 'x')", ["drop-column"]),
        (BATCH + "b.drop_column('x')", ["drop-column"]),
        (BATCH + "b.alter_column('x', new_column_name='y')", ["rename-column"]),
        (BATCH + "b.create_index('ix', ['x'])", ["locking-index"]),
        (BATCH + "b.create_foreign_key('fk', 'users', ['x'], ['id'])", ["locking-foreign-key"]),
        ("op.rename_table('orders', 'sales')", ["rename-table"]),
        (NOT_NULL.format(""), ["required-column"]),
        (NOT_NULL.format(", server_default='0'"), []),
        (NOT_NULL.format(", server_default=None"), ["required-column"]),
        (NOT_NULL.format("").replace("sa.Integer,", "sa.Integer, sa.Identity(),"), []),
        ("op.alter_column('orders', 'x', nullable=False)", ["set-not-null"]),
        ("op.alter_column('orders', 'x', nullable=True)", []),
        (INDEX.format(""), ["locking-index"]),
        (CONCURRENT, ["concurrent-index-in-transaction"]),
        (BLOCK + CONCURRENT, []),
        ("op.execute('COMMIT')\n" + CONCURRENT, []),
        ("op.create_table('orders', sa.Column('x'))\n" + INDEX.format(""), []),
        ("op.create_unique_constraint('u', 'orders', ['x'])", ["locking-unique"]),
        ("op.create_check_constraint('c', 'orders', 'x > 0')", ["locking-check"]),
        ("op.create_check_constraint('c', 'orders', 'x', postgresql_not_valid=True)", []),
        ("op.add_column('orders', sa.Column('x', sa.Integer, index=True))", ["locking-index"]),
        (TYPE.format("sa.String(50)", "sa.String(20)"), ["narrowing-type"]),
        (TYPE.format("sa.String(50)", "sa.String(90)"), []),
        (TYPE.format("sa.Text()", "sa.String()"), []),
        (TYPE.format("sa.BigInteger()", "sa.Integer()"), ["narrowing-type"]),
        (TYPE.format("sa.Integer()", "sa.BigInteger()"), ["locking-type-change"]),
        (ADD + "op.alter_column('orders', 'y', new_column_name='z')", []),
        ("op.execute('DELETE FROM orders')", ["delete-all"]),
        ("op.execute('DELETE FROM orders WHERE id = 1')", []),
        ("op.execute(sa.text('TRUNCATE orders'))", ["truncate"]),
        ("op.get_bind().execute(sa.text('DROP TABLE orders'))", ["drop-table"]),
        ('op.execute("UPDATE orders SET x = 1")', ["update-all"]),
        (ADD + 'op.execute("UPDATE orders SET y = x")', ["schema-and-data"]),  # noqa: S608 - text
        ("t = sa.table('orders')\nop.execute(t.update().values(x=1))", ["update-all"]),
        ("t = sa.table('orders')\nop.execute(t.delete().where(t.c.x == 1))", []),
        (ADD + "t = sa.table('orders')\nop.execute(t.update().values({'y': 1}))", []),
        ("op.execute('CREATE INDEX ix ON orders (x)')", ["locking-index"]),
        ("op.execute('ALTER TABLE orders ALTER COLUMN x SET NOT NULL')", ["set-not-null"]),
        ("op.execute('ALTER TABLE orders ADD x int, DROP COLUMN y')", ["drop-column"]),
        ("op.execute(f'ALTER TABLE {name} RENAME COLUMN a TO b')", ["rename-column"]),
        ("op.execute(\"INSERT INTO logs VALUES ('DROP TABLE orders')\")", []),
        ("op.execute('-- TRUNCATE orders\\nSELECT 1')", []),
        ("op.execute('CREATE FUNCTION f() AS $$ DELETE FROM orders $$')", []),
        (f"if op.get_bind().dialect.name == 'sqlite':\n    {INDEX.format('')}", []),
        ("for table in ('a', 'b'):\n    op.drop_table(table)", ["drop-table"]),
        ("clear(op, 'orders')", ["drop-column"]),
        ("clear(o, table='orders')", ["drop-column"]),
        ("clear(alembic.op, 'orders')", ["drop-column"]),
]  # fmt: skip
# What a revision makes itself is young: from there on, in that table, and nowhere else.
CASES += [
        ("op.drop_table('orders')\nop.create_table('orders', sa.Column('x'))", ["drop-table"]),
        ("op.execute('DROP TABLE orders; CREATE TABLE orders (x int)')", ["drop-table"]),
        ("op.create_table('orders', schema='new')\nop.drop_table('orders', schema='old')",
         ["drop-table"]),
        ("op.create_table('orders', schema='new')\nop.execute('DELETE FROM \"new\".Orders')", []),
        ("op.create_table('orders', schema='public')\nop.execute('TRUNCATE orders')", []),
        (NEW + "with op.batch_alter_table('n', schema='old') as b:\n    b.drop_column('x')",
         ["drop-column"]),
        (SQL.format("CREATE TABLE IF NOT EXISTS orders (x int); DELETE FROM orders"),
         ["delete-all"]),
        ("op.create_table('orders', if_not_exists=True)\nop.drop_table('orders')", ["drop-table"]),
        ("op.execute('ALTER TABLE n ADD COLUMN x int')\nop.execute('UPDATE orders SET x = 1')",
         ["update-all"]),
        (OTHER + SQL.format("UPDATE orders SET x = 1"), ["update-all"]),
        ("\n".join([SQL.format("UPDATE orders SET y = 1"), ADD]), ["update-all"]),
        (OTHER + "op.alter_column('orders', 'x', new_column_name='z')", ["rename-column"]),
        (OTHER + "op.drop_column('orders', 'x')", ["drop-column"]),
        (OTHER + "for t in (a, b):\n    op.drop_column(t, 'x')", ["drop-column"]),
        (ADD + "op.drop_column('orders', 'y')", []),
        (ADD + SQL.format("UPDATE orders SET (y) = (SELECT 1)"), ["schema-and-data"]),
        (ADD + "op.execute(sa.update(Order).values(y=1))", []),
        (NEW + "op.rename_table('n', 'm')\nop.drop_table('m')\nop.drop_table('n')",
         ["drop-table"]),
        (NEW + "op.execute('ALTER TABLE n RENAME TO m')\nop.execute('TRUNCATE m')", []),
        ("op.rename_table('orders', 'old')\nop.create_table('orders')\nop.drop_table('old')",
         ["rename-table", "drop-table"]),
        ("if x:\n    op.create_table('n')\nelse:\n    op.drop_table('n')", ["drop-table"]),
        ("for t in NEW:\n    op.create_table(t)\nfor t in OLD:\n    op.drop_table(t)",
         ["drop-table"]),
        ("for t in NEW:\n    op.create_table(t)\nfor t in NEW:\n    op.drop_table(t)", []),
]  # fmt: skip
# The ways to say it.
CASES += [
        (SQL.format("ALTER TABLE orders DROP c"), ["drop-column"]),
        (SQL.format("ALTER TABLE orders DROP COLUMN IF EXISTS c"), ["drop-column"]),
        (SQL.format("ALTER TABLE orders DROP CONSTRAINT c, DROP PRIMARY KEY"), []),
        (SQL.format("ALTER TABLE orders ADD c int NOT NULL"), ["required-column"]),
        (SQL.format("ALTER TABLE orders ADD c int NOT NULL DEFAULT NULL"), ["required-column"]),
        (SQL.format("ALTER TABLE orders ADD c int NOT NULL DEFAULT (now())"), []),
        (SQL.format("ALTER TABLE orders ADD COLUMN c int CHECK (c IS NOT NULL)"), []),
        (SQL.format("ALTER TABLE orders ADD PRIMARY KEY (x)"), ["locking-unique"]),
        (SQL.format("ALTER TABLE orders ADD CONSTRAINT p PRIMARY KEY USING INDEX ix"), []),
        (SQL.format("ALTER TABLE orders ADD c int REFERENCES users (id)"), []),
        (SQL.format("ALTER TABLE orders ADD c int DEFAULT 1 REFERENCES users"),
         ["locking-foreign-key"]),
        (SQL.format("ALTER TABLE orders ADD FOREIGN KEY (c) REFERENCES users"),
         ["locking-foreign-key"]),
        (NEW + SQL.format("DROP TABLE n, orders CASCADE"), ["drop-table"]),
        (SQL.format("TRUNCATE a, only b"), ["truncate"]),
        (SQL.format("UPDATE orders SET x = (SELECT y FROM u WHERE u.id = orders.id)"),
         ["update-all"]),
        (SQL.format("UPDATE orders SET x = (SELECT 1) WHERE id IN (SELECT 2)"), []),
        (SQL.format("WITH d AS (DELETE FROM orders RETURNING *) INSERT INTO n SELECT * FROM d"),
         ["delete-all"]),
        (SQL.format("WITH d (a) AS (SELECT 1), e AS (SELECT 2) UPDATE orders SET x = 1"),
         ["update-all"]),
        (SQL.format("WITH d AS (SELECT 1) DELETE FROM orders WHERE id IN (SELECT 1)"), []),
        (SQL.format("DELETE FROM orders WHERE 1=1"), ["delete-all"]),
        (SQL.format("DELETE FROM orders WHERE (true)"), ["delete-all"]),
        (SQL.format("DELETE FROM orders WHERE 1=1 AND x"), []),
        ("let_go('orders')", ["drop-table"]),
        ("drop = op.drop_table\ndrop('orders')", ["drop-table"]),
        ("go()", ["drop-table"]),
        ("match x:\n    case 1:\n        op.drop_table('orders')", ["drop-table"]),
        ("match op.get_bind().dialect.name:\n    case 'sqlite' | 'mysql':\n        "
         + INDEX.format(""), []),
        ("op.get_context().impl.drop_table('orders')", ["drop-table"]),
        ("op.create_primary_key('pk', 'orders', ['x'])", ["locking-unique"]),
        (BATCH + "b.create_primary_key('pk', ['x'])", ["locking-unique"]),
        (KEY.format(""), ["locking-foreign-key"]),
        (KEY.format(", inline_references=True"), []),
        (NOT_NULL.format(", server_default=sa.null()"), ["required-column"]),
        (NOT_NULL.format(", server_default=sa.text('NULL')"), ["required-column"]),
]  # fmt: skip
# A value made of the old one loses nothing, and neither do rows that were copied first.
CASES += [
        (SQL.format("UPDATE orders SET x = coalesce(x, 0) * 2"), []),
        (SQL.format("UPDATE orders SET x = 1, y = y + 1"), ["update-all"]),
        ("\n".join([SQL.format("SELECT a, b FROM orders"), CLEAR]), []),
        ("\n".join([SQL.format("SELECT a FROM others"), CLEAR]), ["delete-all"]),
]  # fmt: skip
# A table that others look up has few rows.
CASES += [
        ("op.create_index('ix', 'order_types', ['x'])", []),
        ("op.create_index('ix', 'prohibited_names', ['x'])", []),
        ("op.create_index('ix', 'assoc_order_type', ['x'])", ["locking-index"]),
        ("op.drop_table('order_type')", ["drop-table"]),
        (ADD + SQL.format("UPDATE order_type SET y = x WHERE x IS NULL"), []),
]  # fmt: skip
# Whether rows are chosen is not known where the condition is computed.
CASES += [
        ("op.execute(f'DELETE FROM orders {w}')", []),
        ("op.execute(f'DELETE FROM orders{w}')", []),
        ("op.execute('DELETE FROM orders ' + w)", []),
        ("op.execute('DELETE FROM orders %s' % w())", []),
        ("op.execute('DELETE FROM orders {}'.format(w))", []),
        ("op.execute(f'UPDATE orders SET x = 1 {w}')", []),
        ("op.execute(f'UPDATE orders SET {w}')", []),
        ("q = 'DELETE FROM orders'\nif w:\n    q += ' WHERE x'\nop.execute(q)", []),
        ("q = 'DELETE FROM orders'\nq += ' WHERE x'\nop.execute(q)", []),
        ("w = ''\nop.execute(f'DELETE FROM orders {w}')", ["delete-all"]),
        ("op.execute(f'DELETE FROM {t}')", ["delete-all"]),
        ("op.execute(" + "'DELETE ' + " * 20 + "'x')", []),
        ("op.execute('DELETE FROM ' " + "+ '' " * 20 + "+ 'orders')", ["delete-all"]),
        ("op.execute('DELETE FROM %s' % t)", ["delete-all"]),
        ("op.execute('DROP TABLE {}'.format(t))", ["drop-table"]),
        ("op.execute(f'UPDATE orders SET x = {v}')", ["update-all"]),
        ("op.execute(f'UPDATE {t} SET {c} = {v}, y = {v}')", ["update-all"]),
]  # fmt: skip
# What is dropped where it is left over, or said to be in no use, is meant.
CASES += [
        ("if 'old' in sa.inspect(op.get_bind()).get_table_names():\n    op.drop_table('old')", []),
        ("if has_column('orders', 'x'):\n    op.drop_column('orders', 'x')", []),
        ("if wanted:\n    op.drop_table('orders')", ["drop-table"]),
        ("if x in ('a', 'b'):\n    op.drop_table('orders')", ["drop-table"]),
        ("# These are no longer in use.\nop.drop_table('a')\nop.drop_column('orders', 'x')", []),
        ("# column removed in 4f0e1d\nop.drop_column('orders', 'x')", []),
        ("# Not the users.\nop.drop_table('a')", ["drop-table"]),
        ("# No longer used.\nop.f('x')\n\nop.drop_table('a')", ["drop-table"]),
        ("for t in (a, b):\n    op.drop_table(t)\nop.drop_table('c')", ["drop-table"]),
]  # fmt: skip
STAYS = "op.drop_index('ix')"
BACK = ["pass", "return None", "...", '"""Downgrade schema."""', "# op.create_index('ix')\npass"]
# It refuses, or says why it does nothing.
REFUSED = [
    "raise NotImplementedError('no')",
    "# Nothing of it is read by older code.\npass",
    "pass\n# This cannot be undone.",
    '"""Data only, no action needed."""',
]
# Whatever an older release can live with, or that nothing takes back.
LEFT = [
    "op.execute(\"ALTER TYPE color ADD VALUE 'red'\")",
    "op.execute('GRANT SELECT ON orders TO app')",
    "op.execute('UPDATE orders SET x = 1 WHERE x IS NULL')",
    "op.execute('CREATE EXTENSION IF NOT EXISTS pg_trgm')",
    "op.execute('CREATE TABLE IF NOT EXISTS n (x int)')",
    "if missing:\n    op.create_index('ix', 'orders', ['x'], postgresql_concurrently=True)",
    "sync_trigger(op.get_bind(), 'orders')",
]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the codes of the advice by project, each with a new revision behind a published one.

    All are read at once, since asking git takes longer than reading.
    """
    root = tmp_path_factory.mktemp("histories")
    folder = "{}/migrations/versions"
    first = {f"{folder.format(name)}/a.py": revision("a", up="op.f('x')") for name in _projects()}
    write(root, first)
    publish(root)
    second = {
        f"{folder.format(name)}/b.py": revision("b", "'a'", up=up, back=back, more=HELPER)
        for name, (up, back) in _projects().items()
    }
    conventions = read_conventions(write(root, second))
    histories = [
        Located(
            conventions.projects[0],
            AlembicFacts(source=f"{name}/alembic.ini:1", folders=(folder.format(name),)),
        )
        for name in _projects()
    ]
    found = inspect_migrations(conventions, histories)
    assert not found.outcome.diagnostics
    codes: dict[str, list[str]] = {name: [] for name in _projects()}
    for one in found.advice:
        codes[(one.file or "").partition("/")[0]].append(one.code or "")
    return codes


def _projects() -> dict[str, tuple[str, str]]:
    ways = {f"up{at}": (up, "op.f('x')") for at, (up, _) in enumerate(CASES)}
    back = {f"back{at}": (STAYS, back) for at, back in enumerate(BACK)}
    back |= {f"refused{at}": (STAYS, back) for at, back in enumerate(REFUSED)}
    back |= {f"left{at}": (up, "pass") for at, up in enumerate(LEFT)}
    return {**ways, **back, "merge": ("pass", "pass")}


@pytest.mark.parametrize(
    ("at", "codes"), [*enumerate(codes for _, codes in CASES)], ids=[up for up, _ in CASES]
)
def test_an_operation_is_told_by_what_it_does(
    told: dict[str, list[str]], at: int, codes: list[str]
) -> None:
    assert told[f"up{at}"] == codes


@pytest.mark.parametrize("at", range(len(BACK)), ids=BACK)
def test_a_way_back_that_does_nothing_is_told(told: dict[str, list[str]], at: int) -> None:
    assert told[f"back{at}"] == ["empty-downgrade"]


@pytest.mark.parametrize("at", range(len(REFUSED)), ids=REFUSED)
def test_a_way_back_that_refuses_or_says_why_not_is_meant(
    told: dict[str, list[str]], at: int
) -> None:
    assert told[f"refused{at}"] == []


@pytest.mark.parametrize("at", range(len(LEFT)), ids=LEFT)
def test_what_no_schema_stays_of_needs_no_way_back(told: dict[str, list[str]], at: int) -> None:
    assert "empty-downgrade" not in told[f"left{at}"]


def test_a_file_of_sqlite_is_not_read_by_older_code(tmp_path: Path) -> None:
    folder = f"{VERSIONS}/sqlite"
    write(tmp_path, {f"{folder}/a.py": revision("a", up="op.f('x')")})
    publish(tmp_path)
    up = "op.drop_table('a')\nop.rename_table('b', 'c')\nop.execute('DELETE FROM d')"
    write(tmp_path, {f"{folder}/b.py": revision("b", "'a'", up=up)})
    assert [one.code for one in inspected(tmp_path).advice] == ["delete-all"]


def test_a_revision_is_told_once_of_each_kind_with_its_tables(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": revision("a", up="op.f('x')")})
    publish(tmp_path)
    up = "\n".join(f"op.drop_table('t{at}')" for at in range(6))
    write(tmp_path, {"b.py": revision("b", "'a'", up=up)})
    (told,) = inspected(tmp_path).advice
    assert "`t0`, `t1`, `t2`, `t3` and 2 more" in told.message


def test_a_merge_has_no_way_back_to_write(told: dict[str, list[str]]) -> None:
    assert told["merge"] == []


@pytest.mark.parametrize(
    ("downgrade", "codes"),
    [
        ("downgrade = lambda: op.create_table('orders')", []),
        ("from app.revisions import downgrade", []),
        ("downgrade = lambda: None", ["empty-downgrade"]),
        ("", ["empty-downgrade"]),
    ],
)
def test_a_way_back_need_not_be_written_as_a_function(
    tmp_path: Path, downgrade: str, codes: list[str]
) -> None:
    write(tmp_path, {"a.py": revision("a", up="op.f('x')")})
    publish(tmp_path)
    head = revision("b", "'a'", up=STAYS).partition("def downgrade")[0]
    write(tmp_path, {"b.py": f"{head}{downgrade}\n"})
    assert [one.code for one in inspected(tmp_path).advice] == codes


def test_a_table_of_the_same_change_is_empty_whoever_made_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": revision("a", up="op.f('x')")})
    publish(tmp_path)
    later = revision("c", "'b'", up="op.drop_column('t', 'id')")
    write(tmp_path, {"b.py": revision("b", "'a'"), "c.py": later})
    assert inspected(tmp_path).advice == ()


def test_what_a_later_or_another_revision_makes_is_not_young_before(tmp_path: Path) -> None:
    write(tmp_path, {"z.py": revision("z", up="op.f('x')")})
    publish(tmp_path)
    drop, make = "op.drop_table('t')", "op.create_table('t', sa.Column('id', sa.Integer))"
    order = {"c.py": revision("c", "'z'", up=drop), "b.py": revision("b", "'c'", up=make)}
    beside = {"d.py": revision("d", "'z'", up=drop), "e.py": revision("e", "('b', 'd')", up=drop)}
    write(tmp_path, {**order, **beside})
    told = [(one.code, (one.file or "")[-4:]) for one in inspected(tmp_path).advice]
    assert told == [("drop-table", "c.py"), ("drop-table", "d.py")]


def test_locks_are_told_of_postgresql_only(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": revision("a", up="op.f('x')"), "pyproject.toml": ""})
    publish(tmp_path)
    up = "op.create_index('ix', 'orders', ['x'])\nop.drop_table('orders')"
    write(tmp_path, {"b.py": revision("b", "'a'", up=up), "pyproject.toml": ""})
    assert [one.code for one in inspected(tmp_path).advice] == ["drop-table"]


def test_a_gate_holds_where_a_table_is_dropped_and_made_anew(tmp_path: Path) -> None:
    settings = 'gate = ["drop-table"]'
    write(tmp_path, {"a.py": revision("a")}, settings=settings)
    publish(tmp_path)
    up = "op.drop_table('t')\nop.create_table('t', sa.Column('id', sa.BigInteger))"
    write(tmp_path, {"b.py": revision("b", "'a'", up=up)}, settings=settings)
    assert [one.code for one in faults(tmp_path)] == ["drop-table"]


def test_what_is_gated_counts_and_the_rest_advises(tmp_path: Path) -> None:
    settings = 'gate = ["drop-column"]'
    write(tmp_path, {"a.py": revision("a", up="op.f('x')")}, settings=settings)
    publish(tmp_path)
    up = "op.drop_column('orders', 'x')\nop.drop_table('orders')"
    write(tmp_path, {"b.py": revision("b", "'a'", up=up)}, settings=settings)
    found = inspected(tmp_path)
    (counted,) = found.outcome.diagnostics
    assert (counted.code, counted.severity, counted.line) == ("drop-column", "error", 10)
    assert [one.code for one in found.advice] == ["drop-table"]
