"""Drives what python-backend's data.md says of tests, beside what the seeds did."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    func,
    inspect,
    make_url,
    select,
)
from sqlalchemy.exc import (
    IntegrityError,
)
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    create_async_engine,
)
from sqlalchemy.pool import NullPool

from tests.skills.blocks import load
from tests.skills.databases import Customer, Shop, opened

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
pages = load("python-backend/references/data.md#pages")
tables = load("python-backend/references/data.md#creating-tables")
tested = load("python-backend/references/data.md#tests-with-a-database")
sqlite = load("python-backend/references/data.md#sqlite")
session = tested.session


# Tests with a database


@pytest.fixture
def named(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name a database with tables to the block's fixture, and find it empty afterwards."""
    if url.startswith("sqlite"):
        # The block's engine is SQLite's here, with the listeners that SQLite needs.
        make = create_async_engine

        def strict(url: str, poolclass: type[NullPool]) -> AsyncEngine:
            engine = make(url, poolclass=poolclass)
            sqlite.make_strict(engine.sync_engine)
            return engine

        monkeypatch.setattr(tested, "create_async_engine", strict)
    monkeypatch.setenv("TEST_DATABASE_URL", url)
    plain = make_url(url)
    driver = "postgresql+psycopg" if plain.get_backend_name() == "postgresql" else "sqlite"
    engine = create_engine(plain.set(drivername=driver), poolclass=NullPool)
    Shop.metadata.create_all(engine)
    yield url
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(Customer)) == 0


async def test_what_a_test_commits_is_gone_after_it(named: str, session: AsyncSession) -> None:
    assert named
    session.add(Customer(id=1))
    await session.commit()
    session.add(Customer(id=2))
    await session.flush()
    await session.rollback()
    found = (await session.scalars(select(Customer.__table__.c.id))).all()
    assert found == [1]


async def test_without_a_database_they_are_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    with pytest.raises(pytest.skip.Exception):
        await anext(tested.session.__wrapped__())


# SQLite


def pairs() -> MetaData:
    metadata = MetaData()
    Table("parents", metadata, Column("id", Integer, primary_key=True))
    Table(
        "children",
        metadata,
        Column("name", String(3)),
        Column("parent", ForeignKey("parents.id")),
    )
    return metadata


def small(path: Path, *, strict: bool) -> tuple[Engine, MetaData]:
    engine, metadata = create_engine(f"sqlite:///{path}/x.db"), pairs()
    if strict:
        sqlite.make_strict(engine)
    metadata.create_all(engine)
    return engine, metadata


@pytest.mark.parametrize("strict", [True, False])
def test_foreign_keys_are_checked_only_when_asked(tmp_path: Path, *, strict: bool) -> None:
    engine, metadata = small(tmp_path, strict=strict)
    insert = metadata.tables["children"].insert().values(parent=7, name="too long")
    with engine.connect() as connection:
        if strict:
            with pytest.raises(IntegrityError):
                connection.execute(insert)
        else:
            connection.execute(insert)
    engine.dispose()


@pytest.mark.parametrize("strict", [True, False])
def test_savepoints_and_ddl_are_rolled_back_only_when_begun(
    tmp_path: Path, *, strict: bool
) -> None:
    engine, metadata = small(tmp_path, strict=strict)
    with engine.connect() as connection:
        with connection.begin_nested():
            connection.execute(metadata.tables["parents"].insert().values(id=1))
        connection.rollback()
        rows = connection.execute(select(metadata.tables["parents"])).all()
        assert len(rows) == (0 if strict else 1)
        connection.rollback()
        connection.exec_driver_sql("CREATE TABLE more (id INTEGER)")
        connection.rollback()
        assert inspect(connection).has_table("more") is not strict
    engine.dispose()


async def test_memory_is_one_database_a_connection() -> None:
    for options, stays in (({}, True), ({"poolclass": NullPool}, False)):
        engine = create_async_engine("sqlite+aiosqlite:///:memory:", **options)
        await tables.create_tables(engine, Shop.metadata)
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert bool(names) is stays
        await engine.dispose()


async def test_times_lose_their_zone(url: str) -> None:
    async with opened(url, pages.Base) as new_session:
        async with new_session.begin() as own:
            own.add(pages.Event(id=1, at=NOON))
        async with new_session() as own:
            at = await own.scalar(select(pages.Event.at))
            assert at is not None
            assert (at.tzinfo is None) is url.startswith("sqlite")
