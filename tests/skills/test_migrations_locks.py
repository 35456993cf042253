"""Drives the revisions of python-backend's migrations.md on a PostgreSQL in use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from tests.migrations.projects import inspected, publish
from tests.migrations.projects import write as write_project
from tests.skills.blocks import load
from tests.skills.migrating import (
    BACKFILL,
    EMPTY,
    LOCKS,
    ORDERS,
    PATIENCE,
    REQUIRED,
    connect,
    project,
    state,
)

locks = load("python-backend/references/migrations.md#locks")
required = load("python-backend/references/migrations.md#required-columns")
backfill = load("python-backend/references/migrations.md#rows-in-revisions")


# Expand and contract


@pytest.mark.parametrize(
    ("default", "rewrites"),
    [("", False), ("DEFAULT 'new'", False), ("DEFAULT gen_random_uuid()::text", True)],
)
def test_what_a_new_column_costs(server: sa.URL, default: str, *, rewrites: bool) -> None:
    with connect(server) as connection:
        place = sa.text("SELECT pg_relation_filenode('orders')")
        connection.exec_driver_sql("CREATE TABLE orders (id int)")
        before = connection.scalar(place)
        connection.exec_driver_sql(f"ALTER TABLE orders ADD COLUMN a text {default}")
        assert (connection.scalar(place) != before) is rewrites


# Locks


PLAIN = LOCKS.replace(", postgresql_concurrently=True", "").replace(
    "op.get_context().autocommit_block()", "__import__('contextlib').nullcontext()"
)


def built(url: sa.URL) -> list[bool]:
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_orders_state')"
    with connect(url) as connection:
        return [*connection.scalars(sa.text(valid))]


def wait_for_a_lock(connection: sa.Connection) -> None:
    """Return when some session of the database waits for a lock."""
    end = monotonic() + PATIENCE
    while not connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
        assert monotonic() < end


def write_meanwhile(config: Config, url: sa.URL) -> None:
    """Upgrade while one transaction is open on the table, and write in another one."""
    failed: list[DBAPIError] = []

    def upgrade() -> None:
        try:
            command.upgrade(config, "head")
        except DBAPIError as error:
            failed.append(error)

    revising = threading.Thread(target=upgrade)
    with connect(url) as writer, sa.create_engine(url, poolclass=NullPool).connect() as holder:
        holder.exec_driver_sql("INSERT INTO orders (state) VALUES ('held')")
        revising.start()
        try:
            wait_for_a_lock(writer)
            writer.exec_driver_sql("SET lock_timeout = '50ms'")
            writer.exec_driver_sql("INSERT INTO orders (state) VALUES ('new')")
        finally:
            holder.commit()
            revising.join(PATIENCE)
    assert failed == []


def test_an_index_is_built_while_others_write(tmp_path: Path, server: sa.URL) -> None:
    # What is impatient before it must not make the index so.
    short = EMPTY.replace("pass", "op.execute(\"SET lock_timeout = '1ms'\")", 1)
    short = f"from alembic import op\n{short}"
    for name, body, stops in (("seed", PLAIN, True), ("ours", LOCKS, False)):
        revisions = {"one": ORDERS, "two": EMPTY if stops else short, "three": body}
        config = project(tmp_path / name, revisions, url=server)
        command.upgrade(config, "one")
        if stops:
            with pytest.raises(DBAPIError, match="lock timeout"):
                write_meanwhile(config, server)
        else:
            write_meanwhile(config, server)
        assert built(server) == [True]
        command.downgrade(config, "base")


def test_an_invalid_index_is_built_anew(tmp_path: Path, server: sa.URL) -> None:
    unique = LOCKS.replace('["state"], ', '["state"], unique=True, ')
    config = project(tmp_path / "p", {"one": ORDERS, "two": unique}, url=server)
    command.upgrade(config, "one")
    with connect(server) as connection:
        connection.exec_driver_sql("INSERT INTO orders (state) VALUES ('x'), ('x')")
        with pytest.raises(IntegrityError):
            command.upgrade(config, "head")
        assert built(server) == [False]
        # What only makes it where it is missing takes the broken one for good.
        again = MigrationContext.configure(connection)
        Operations(again).create_index(
            "ix_orders_state",
            "orders",
            ["state"],
            unique=True,
            if_not_exists=True,
            postgresql_concurrently=True,
        )
        assert built(server) == [False]
        connection.exec_driver_sql("DELETE FROM orders")
        command.upgrade(config, "head")
        assert built(server) == [True]
        # The process may have died between the drop and the note of it.
        connection.exec_driver_sql("DROP INDEX ix_orders_state")
        command.downgrade(config, "one")


def test_what_a_block_committed_stays_when_its_revision_fails(
    tmp_path: Path, server: sa.URL
) -> None:
    more = LOCKS.replace("def downgrade", "    raise LookupError\n\n\ndef downgrade")
    mixed = more.replace(
        "    with op", '    op.execute("CREATE TABLE half (id int)")\n    with op', 1
    )
    config = project(tmp_path / "p", {"one": ORDERS, "two": mixed}, url=server)
    with pytest.raises(LookupError):
        command.upgrade(config, "head")
    assert state(server) == ("one", {"orders", "half"})


def test_a_new_value_of_an_enum_is_used_later(server: sa.URL) -> None:
    with sa.create_engine(server, poolclass=NullPool).connect() as connection:
        connection.exec_driver_sql("CREATE TYPE kind AS ENUM ('a')")
        connection.commit()
        connection.exec_driver_sql("ALTER TYPE kind ADD VALUE 'b'")
        with pytest.raises(DBAPIError, match="unsafe use of new value"):
            connection.exec_driver_sql("SELECT 'b'::kind")


# Required columns


def test_a_column_becomes_required_without_being_read_under_the_lock(
    tmp_path: Path, server: sa.URL
) -> None:
    told = REQUIRED.replace(
        "    name = ", '    op.execute("SET client_min_messages = debug1")\n    name = '
    )
    config = project(tmp_path / "p", {"one": ORDERS, "two": told}, url=server)
    command.upgrade(config, "one")
    with connect(server) as connection:
        connection.exec_driver_sql("INSERT INTO orders (state) VALUES (NULL)")
        for _ in range(2):
            with pytest.raises(IntegrityError):
                command.upgrade(config, "head")
            # Each statement was a transaction of its own, and the reading was not the first.
            left = sa.text("SELECT convalidated FROM pg_constraint WHERE conname LIKE '%filled'")
            assert [*connection.scalars(left)] == [False]
        connection.exec_driver_sql("UPDATE orders SET state = 'new'")
        notices: list[str] = []
        with sa.create_engine(server, poolclass=NullPool).connect() as watched:
            driver = watched.connection.driver_connection
            assert driver is not None
            driver.add_notice_handler(lambda told: notices.append(told.message_primary))
            config.attributes["connection"] = watched
            command.upgrade(config, "head")
        assert any("are sufficient to prove" in one for one in notices)
        columns = {one["name"]: one for one in sa.inspect(connection).get_columns("orders")}
        assert columns["state"]["nullable"] is False
        assert sa.inspect(connection).get_check_constraints("orders") == []
    del config.attributes["connection"]
    command.downgrade(config, "one")


# Rows in revisions


def test_a_backfill_that_was_stopped_goes_on(tmp_path: Path, database: sa.URL) -> None:
    small = BACKFILL.replace("BATCH = 1000", "BATCH = 2")
    stopped = small.replace(
        "ids = connection.scalars(batch.where",
        "raise LookupError\n            ids = connection.scalars(batch.where",
    )
    config = project(tmp_path / "p", {"one": ORDERS, "two": stopped}, url=database)
    command.upgrade(config, "one")
    filled = sa.text("SELECT id FROM orders WHERE total = net + tax ORDER BY id")
    with connect(database) as connection:
        for one in range(-1, 4):
            connection.execute(
                sa.text("INSERT INTO orders (id, net, tax) VALUES (:one, :one, 1)"), {"one": one}
            )
        with pytest.raises(LookupError):
            command.upgrade(config, "head")
        assert [*connection.scalars(filled)] == [-1, 0]
        connection.exec_driver_sql("UPDATE orders SET total = 99 WHERE id = 3")
        (tmp_path / "p/migrations/versions/two.py").write_text(
            small + "revision = 'two'\ndown_revision = 'one'\n", encoding="utf-8"
        )
        command.upgrade(config, "head")
        assert [*connection.scalars(filled)] == [-1, 0, 1, 2]
        assert connection.scalar(sa.text("SELECT total FROM orders WHERE id = 3")) == 99
    assert state(database)[0] == "two"


# What hdb says of these revisions


def said(root: Path, parts: Mapping[str, str]) -> set[str | None]:
    """Return the codes of what hdb says of revisions that follow each other."""
    down: str | None = None
    files: dict[str, str] = {}
    for name, body in parts.items():
        files[f"{name}.py"] = f"{body}\nrevision = {name!r}\ndown_revision = {down!r}\n"
        down = name
    write_project(root, {"one.py": files["one.py"]})
    publish(root)
    found = inspected(write_project(root, files))
    assert found.outcome.problem is None
    return {one.code for one in (*found.outcome.diagnostics, *found.advice)}


def test_hdb_finds_nothing_in_the_blocks(tmp_path: Path) -> None:
    parts = {"one": ORDERS, "two": LOCKS, "three": REQUIRED, "four": BACKFILL}
    assert said(tmp_path / "ours", parts) == set()
    bare = REQUIRED.replace(", postgresql_not_valid=True", "")
    whole = BACKFILL.replace(".where(empty)", "")
    seeds = {"one": ORDERS, "two": PLAIN, "three": bare, "four": whole}
    assert said(tmp_path / "seeds", seeds) >= {"locking-index", "locking-check", "update-all"}
