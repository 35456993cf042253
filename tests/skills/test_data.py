"""Drives the sessions of python-backend's data.md, beside what the seeds did."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import (
    URL,
    MetaData,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import (
    DBAPIError,
    InvalidRequestError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import NullPool, QueuePool

from tests.skills.blocks import load
from tests.skills.databases import Factory, Shop, count, opened

sessions = load("python-backend/references/data.md#async-sessions")
tables = load("python-backend/references/data.md#creating-tables")
sqlite = load("python-backend/references/data.md#sqlite")
upserts = load("python-backend/references/data.md#insert-or-update")
versions = load("python-backend/references/data.md#lost-updates")


# What to install


@pytest.mark.parametrize("wrong", ["sqlite:///x.db", "mysql+mysqldb://h/x"])
def test_an_async_engine_refuses_a_sync_driver(wrong: str) -> None:
    with pytest.raises((InvalidRequestError, ModuleNotFoundError)):
        create_async_engine(wrong)


def test_what_a_bare_address_means() -> None:
    assert make_url("postgresql://h/x").get_dialect().driver == "psycopg"
    with pytest.raises(NoSuchModuleError):
        make_url("postgres://h/x").get_dialect()


# Async sessions


def pool_of(engine: AsyncEngine) -> QueuePool:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool


async def test_the_pool_is_bounded_and_disposed_of() -> None:
    address = "postgresql+asyncpg://nobody@127.0.0.1:1/x"
    async with sessions.open_database(address, 3) as new_session:
        engine = new_session.kw["bind"]
        pool = pool_of(engine)
        assert new_session.kw["expire_on_commit"] is False
        assert (pool.size(), pool.timeout()) == (3, 5)
    assert engine.pool is not pool
    plain = pool_of(create_async_engine(address))
    assert (plain.size(), plain.timeout()) == (5, 30)


def refused(read: Callable[[], object]) -> None:
    """Expect that reading an attribute would have to ask the database."""
    with warnings.catch_warnings():
        # aiosqlite leaves the question that nobody awaits behind.
        warnings.simplefilter("ignore", RuntimeWarning)
        with pytest.raises(SQLAlchemyError, match="greenlet_spawn"):
            read()
        gc.collect()


def seed_factory(engine: AsyncEngine) -> Factory:
    return async_sessionmaker(engine, class_=AsyncSession)


async def committed(own: AsyncSession) -> Callable[[], object]:
    order = versions.Order(note="first")
    own.add(order)
    await own.commit()
    return lambda: order.note


async def test_what_is_committed_can_still_be_read(file: str) -> None:
    async with opened(file, versions.Base) as new_session:
        async with seed_factory(new_session.kw["bind"])() as own:
            refused(await committed(own))
        async with new_session() as own:
            assert (await committed(own))() == "first"


async def test_a_task_rolls_back_what_another_did_on_its_session(url: str) -> None:
    async with opened(url, versions.Base) as new_session, new_session() as own:
        written = asyncio.Event()
        rolled_back = asyncio.Event()

        async def write() -> None:
            own.add(versions.Order(note="kept"))
            await own.flush()
            written.set()
            await rolled_back.wait()
            await own.commit()

        async def give_up() -> None:
            await written.wait()
            await own.rollback()
            rolled_back.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(write())
            group.create_task(give_up())
        assert await count(new_session, versions.Order) == 0


async def test_two_tasks_on_a_new_session_are_an_error(file: str) -> None:
    async with opened(file, versions.Base, poolclass=NullPool) as made, made() as own:
        asked = [own.execute(select(1)) for _ in range(2)]
        done = await asyncio.gather(*asked, return_exceptions=True)
        told = [type(one) for one in done if isinstance(one, Exception)]
        assert told == [InvalidRequestError]


async def test_values_of_the_server_come_back_with_an_insert_alone(url: str) -> None:
    async with opened(url, upserts.Base) as new_session, new_session() as own:
        paid = upserts.Payment(key="a", cents=1)
        own.add(paid)
        await own.flush()
        assert paid.changed_at is not None
        paid.cents = 2
        await own.flush()
        refused(lambda: paid.changed_at)
        await own.refresh(paid, ["changed_at"])
        assert paid.changed_at is not None


async def most_connections(new_session: Factory) -> int:
    """Return how many connections thirty tasks at once have between them."""
    processes: set[int] = set()

    async def ask() -> None:
        async with new_session() as own:
            processes.add(int(await own.scalar(text("SELECT pg_backend_pid()")) or 0))

    await asyncio.gather(*(ask() for _ in range(30)))
    return len(processes)


async def test_no_more_connections_are_opened_than_said(postgresql: str) -> None:
    engine = create_async_engine(postgresql)
    assert await most_connections(async_sessionmaker(engine)) > 5
    await engine.dispose()
    async with sessions.open_database(postgresql, 2) as new_session:
        assert await most_connections(new_session) == 2
        async with new_session() as own:
            assert await own.scalar(text("SHOW statement_timeout")) == "10s"
            shown = await own.scalar(text("SHOW idle_in_transaction_session_timeout"))
            assert shown == "30s"


async def test_psycopg_takes_its_settings_as_options(server: URL) -> None:
    for given, works in (
        ({"options": "-c statement_timeout=10s"}, True),
        ({"server_settings": {"statement_timeout": "10s"}}, False),
    ):
        engine = create_async_engine(server, poolclass=NullPool, connect_args=given)
        async with AsyncExitStack() as stack:
            if not works:
                stack.enter_context(pytest.raises(DBAPIError, match="server_settings"))
            connection = await stack.enter_async_context(engine.connect())
            assert await connection.scalar(text("SHOW statement_timeout")) == "10s"


async def test_a_second_session_of_one_request_waits_for_the_first(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with AsyncExitStack() as stack:
        new_session = await stack.enter_async_context(sessions.open_database(postgresql, 1))
        # Instead of five seconds.
        monkeypatch.setattr(new_session.kw["bind"].pool, "_timeout", 0)
        holder = await stack.enter_async_context(new_session())
        await holder.execute(select(1))
        second = await stack.enter_async_context(new_session())
        with pytest.raises(PoolTimeoutError):
            await second.execute(select(1))


@pytest.mark.parametrize("ours", [True, False])
async def test_a_connection_that_the_server_closed_is_replaced(
    postgresql: str, *, ours: bool
) -> None:
    plain = create_async_engine(postgresql, pool_size=1, max_overflow=0)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(plain.dispose)
        opening = sessions.open_database(postgresql, 1)
        new_session = await stack.enter_async_context(opening)
        if not ours:
            new_session = async_sessionmaker(plain)
        async with new_session() as own:
            process = await own.scalar(text("SELECT pg_backend_pid()"))
        other = create_async_engine(postgresql, poolclass=NullPool)
        async with other.connect() as connection:
            # It answers when the process has ended.
            ended = text("SELECT pg_terminate_backend(:process, 5000)")
            assert await connection.scalar(ended, {"process": process})
        async with new_session() as own:
            if ours:
                assert await own.scalar(select(1)) == 1
            else:
                with pytest.raises(DBAPIError):
                    await own.scalar(select(1))


# Creating tables


async def seed_create_tables(engine: AsyncEngine, metadata: MetaData) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(metadata.create_all)


@pytest.mark.parametrize("strict", [True, False])
async def test_tables_stay(url: str, *, strict: bool) -> None:
    is_file = url.startswith("sqlite")
    # SQLite's driver alone keeps what nobody committed.
    for create, stays in (
        (seed_create_tables, is_file and not strict),
        (tables.create_tables, True),
    ):
        engine = create_async_engine(url, poolclass=NullPool)
        if is_file and strict:
            sqlite.make_strict(engine.sync_engine)
        await create(engine, Shop.metadata)
        async with engine.connect() as connection:
            names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert sorted(names) == (["customers", "parcels"] if stays else [])
