"""SET NOT NULL is told unless a CHECK proved it before, without a lock held over the reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.conventions import read_conventions
from mcp_server.facts import AlembicFacts
from mcp_server.migrations import Located, inspect_migrations
from tests.migrations.projects import inspected, publish, revision, write

TOLD = "set-not-null"
BLOCK = "with op.get_context().autocommit_block():"
CHECK = "op.create_check_constraint('c', 'orders', {}, postgresql_not_valid=True)"
ADD = CHECK.format("'x IS NOT NULL'")
SQL = "op.execute('ALTER TABLE orders {}')"
ADD_SQL = SQL.format("ADD CONSTRAINT c CHECK (x IS NOT NULL) NOT VALID")
VALIDATE = SQL.format("VALIDATE CONSTRAINT c")
SET = "op.alter_column('orders', 'x', nullable=False)"
SET_SQL = SQL.format("ALTER COLUMN x SET NOT NULL")
DROP = "op.drop_constraint('c', 'orders', type_='check')"


def block(*lines: str) -> str:
    """Return operations each of which is a transaction."""
    return "\n    ".join((BLOCK, *lines))


def after(*lines: str, added: str = ADD) -> str:
    """Return operations behind a CHECK that is added and validated apart."""
    return "\n".join((block(added, VALIDATE), *lines))


PROVEN = {
    "in a block": block(ADD, VALIDATE, SET),
    "in SQL": block(ADD_SQL, VALIDATE, SET_SQL),
    "then in a transaction": after(SET),
    "added in a transaction that the block ends": "\n".join((ADD, block(VALIDATE, SET))),
    "after an older one of its name": block(DROP, ADD, VALIDATE, SET, DROP),
    "a name that is whole": block(
        "name = op.f('ck_orders_c')",
        CHECK.replace("'c'", "name").format("'x IS NOT NULL'"),
        "op.execute(f'ALTER TABLE orders VALIDATE CONSTRAINT {name}')",
        SET,
    ),
    "a name by the convention": block(ADD, VALIDATE.replace("T c", "T ck_orders_c"), SET),
    "another one beside it": block(ADD.replace("'c'", "'b'"), ADD, VALIDATE, SET),
    "in a batch": after(
        "with op.batch_alter_table('orders') as b:\n    b.alter_column('x', nullable=False)"
    ),
    "several": after(SET, added=CHECK.format("'(y IS NOT NULL) AND (x IS NOT NULL)'")),
    "with its table": after(SET, added=CHECK.format("'orders.x IS NOT NULL'")),
    "quoted": after(SET, added=CHECK.format("""'"x" is  not null'""")),
    "as a text": after(SET, added=CHECK.format("sa.text('x IS NOT NULL')")),
    "in SQLAlchemy's words": after(SET, added=CHECK.format("sa.column('x').is_not(None)")),
    "validated by the same text": block(
        ADD, VALIDATE.replace(" c'", " c; ALTER TABLE orders ALTER x SET NOT NULL'")
    ),
    "dropped behind it in one text": block(
        ADD, VALIDATE, SET_SQL.replace("NULL'", "NULL; ALTER TABLE orders DROP CONSTRAINT c'")
    ),
    "of the schema that is meant": after(SET.replace("False", "False, schema='public'")),
    "in one arm": "if x:\n    " + block(ADD, VALIDATE, SET).replace("\n", "\n    "),
}  # fmt: skip
READS = {
    "without a CHECK": SET,
    "not validated": block(ADD, SET),
    "under the lock of the addition": f"{ADD}\n{VALIDATE}\n{SET}",
    "added and validated by one statement": block(
        ADD_SQL.replace("VALID'", "VALID, VALIDATE CONSTRAINT c'"), SET
    ),
    "added and validated by one text": block(
        ADD_SQL.replace("VALID'", "VALID; ALTER TABLE orders VALIDATE CONSTRAINT c'"), SET
    ),
    "validated too late": block(ADD, SET, VALIDATE),
    "dropped before": after(DROP, SET),
    "dropped by SQL": after(SQL.format("DROP CONSTRAINT IF EXISTS c"), SET),
    "dropped by its whole name": after(DROP.replace("'c'", "op.f('ck_orders_c')"), SET),
    "dropped by the same statement": after(
        SET_SQL.replace("NULL'", "NULL, DROP CONSTRAINT c'")
    ),
    "added anew": after(ADD, SET),
    "another column": after(SET.replace("'x'", "'y'")),
    "another column in SQL": after(SET_SQL.replace(" x ", " y ")),
    "another table": after(SET.replace("orders", "others")),
    "another schema": after(SET.replace("False", "False, schema='old'")),
    "another name": block(ADD, VALIDATE.replace(" c'", " d'"), SET),
    "one of two by the convention": block(
        ADD,
        ADD.replace("'c'", "'b_c'").replace("x IS", "y IS"),
        VALIDATE.replace(" c'", " ck_b_c'"),
        SET,
    ),
    "either is enough": after(SET, added=CHECK.format("'x IS NOT NULL OR y'")),
    "it is empty": after(SET, added=CHECK.format("'x IS NULL'")),
    "the reverse": after(SET, added=CHECK.format("'NOT (x IS NOT NULL)'")),
    "it is empty, in SQLAlchemy's words": after(
        SET, added=CHECK.format("sa.column('x').is_(None)")
    ),
    "more than a column": after(SET, added=CHECK.format("'coalesce(x, y) IS NOT NULL'")),
    "renamed since": after("op.alter_column('orders', 'y', new_column_name='x')", SET),
    "in one arm alone": "if x:\n    " + block(ADD, VALIDATE).replace("\n", "\n    ") + f"\n{SET}",
    "in the other arm": (
        "if x:\n    " + block(ADD, VALIDATE).replace("\n", "\n    ") + f"\nelse:\n    {SET}"
    ),
    "on a table that is computed": (
        block(*(one.replace("'orders'", "t()") for one in (ADD, VALIDATE, SET)))
    ),
    "by a name that is computed": block(ADD.replace("'c'", "name()"), VALIDATE, SET),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str | None]]:
    """Return the codes of the advice on each case, all of which are read at once."""
    root = tmp_path_factory.mktemp("histories")
    cases = [*PROVEN.values(), *READS.values()]
    folders = {up: f"p{at}/migrations/versions" for at, up in enumerate(cases)}
    write(root, {f"{one}/a.py": revision("a", up="op.f('x')") for one in folders.values()})
    publish(root)
    write(root, {f"{one}/b.py": revision("b", "'a'", up=up) for up, one in folders.items()})
    conventions = read_conventions(root)
    histories = [
        Located(conventions.projects[0], AlembicFacts(source="alembic.ini:1", folders=(one,)))
        for one in folders.values()
    ]
    found = inspect_migrations(conventions, histories)
    assert not found.outcome.diagnostics
    advice = found.advice
    return {
        up: {one.code for one in advice if (one.file or "").startswith(folder)}
        for up, folder in folders.items()
    }


@pytest.mark.parametrize("up", PROVEN.values(), ids=PROVEN)
def test_what_a_check_proves_is_not_read(told: dict[str, set[str | None]], up: str) -> None:
    assert TOLD not in told[up]


@pytest.mark.parametrize("up", READS.values(), ids=READS)
def test_what_nothing_proves_is_told(told: dict[str, set[str | None]], up: str) -> None:
    assert TOLD in told[up]


def test_revisions_of_one_change_go_on_from_each_other(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": revision("a", up="op.f('x')")})
    publish(tmp_path)
    steps = {"b": ("'a'", ADD), "c": ("'b'", VALIDATE), "d": ("'c'", SET), "e": ("'a'", SET)}
    write(
        tmp_path, {f"{name}.py": revision(name, down, up=up) for name, (down, up) in steps.items()}
    )
    advice = inspected(tmp_path).advice
    assert [(one.file or "")[-4:] for one in advice if one.code == TOLD] == ["e.py"]
