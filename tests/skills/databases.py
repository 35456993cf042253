"""Databases of a test's own, of SQLite and on the tests' PostgreSQL server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

from sqlalchemy import (
    URL,
    Column,
    ForeignKey,
    Integer,
    Table,
    create_engine,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.ext.asyncio import (
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import NullPool

from tests.skills.blocks import load

PATIENCE = 20
Factory = async_sessionmaker[AsyncSession]


class Shop(DeclarativeBase):
    """Tables whose foreign key is checked at the commit."""


class Customer(Shop):
    """Who gets parcels."""

    __table__ = Table("customers", Shop.metadata, Column("id", Integer, primary_key=True))


class Parcel(Shop):
    """What goes to a customer, who may be written later in the same transaction."""

    __table__ = Table(
        "parcels",
        Shop.metadata,
        Column("id", Integer, primary_key=True),
        Column(
            "customer",
            ForeignKey("customers.id", deferrable=True, initially="DEFERRED"),
        ),
    )


@contextmanager
def made(server: str) -> Iterator[URL]:
    """Make a database on `postgres@HOST:PORT`, yield its URL for psycopg, and drop it."""
    url = make_url(f"postgresql+psycopg://{server}/postgres")
    name = f"skills_{uuid4().hex}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield url.set(database=name)
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def opened(
    url: str, base: type[DeclarativeBase], **options: object
) -> AsyncIterator[Factory]:
    """Yield a session factory over a database that has a model's tables."""
    tables = load("python-backend/references/data.md#creating-tables")
    sqlite = load("python-backend/references/data.md#sqlite")
    engine = create_async_engine(url, **options)
    if engine.dialect.name == "sqlite":
        sqlite.make_strict(engine.sync_engine)
    try:
        await tables.create_tables(engine, base.metadata)
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


async def count(new_session: Factory, model: type[DeclarativeBase]) -> int:
    async with new_session() as own:
        return await own.scalar(select(func.count()).select_from(model)) or 0


async def wait_for_a_lock(new_session: Factory) -> None:
    """Return when some session of the database waits for a lock."""
    async with asyncio.timeout(PATIENCE), new_session() as own:
        while not await own.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            pass


def for_asyncpg(url: URL) -> str:
    return url.set(drivername="postgresql+asyncpg").render_as_string()


def in_file(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder}/data.db"
