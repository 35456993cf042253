"""Makes and drops one throwaway database on a PostgreSQL server, and touches nothing else there."""

from __future__ import annotations

import asyncio
import importlib
import re
from typing import Any

from .refusal import Refused
from .role import QUERY, too_much

NAME = re.compile(r"hdb_throwaway_[0-9a-f]{32}")
DRIVERS = (
    ("psycopg", {"connect_timeout": 10}),
    ("psycopg2", {"connect_timeout": 10}),
    ("asyncpg", {"timeout": 10}),
    ("pg8000", {"timeout": 10}),
)


def create(address: str, name: str) -> None:
    """Create the database `name`.

    Raises `Refused` where the server does not let it be made, and before anything is made where
    the role could change more than what it makes.
    """
    own = _own(name)
    (row,) = _run(address, name, [QUERY])
    if too_much(row):
        raise Refused(too_much(row))
    _run(address, name, [f'CREATE DATABASE "{own}"'])


def drop(address: str, name: str) -> None:
    """Drop the database `name`, whoever is connected to it, where it is there."""
    own = _own(name)
    try:
        _run(address, name, [f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)'])
    except Refused:
        # Before PostgreSQL 13 its sessions have to be ended first.
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        _run(address, name, [f"{end}'{own}'", f'DROP DATABASE IF EXISTS "{own}"'])


def _own(name: str) -> str:
    """Return a name that hdb makes up itself; any other is refused before anything is sent."""
    if not NAME.fullmatch(name):
        msg = f"{name!r} is no throwaway database of hdb's"
        raise Refused(msg)
    return name


def _run(address: str, name: str, statements: list[str]) -> list[Any]:
    """Return the rows of the last of some statements."""
    sqlalchemy = importlib.import_module("sqlalchemy")
    try:
        url = importlib.import_module("sqlalchemy.engine").make_url(address)
    except Exception as error:
        msg = "the address of the server cannot be read: say postgresql://USER@HOST:PORT/postgres"
        raise Refused(msg) from error
    pool = importlib.import_module("sqlalchemy.pool").NullPool
    for driver, options in DRIVERS:
        try:
            importlib.import_module(driver)
        except ImportError:
            continue
        full = url.set(drivername=f"postgresql+{driver}", database=url.database or "postgres")
        settings = {"isolation_level": "AUTOCOMMIT", "poolclass": pool, "connect_args": options}
        try:
            if driver == "asyncpg":
                return asyncio.run(_asynchronous(full, settings, statements))
            with sqlalchemy.create_engine(full, **settings).connect() as connection:
                return _rows([connection.execute(sqlalchemy.text(one)) for one in statements])
        except Exception as error:
            words = str(getattr(error, "orig", None) or error).strip().splitlines()
            shown = words[0] if words else type(error).__name__
            msg = f"the server does not serve for a throwaway database ({name}): {shown}"
            raise Refused(msg) from error
    msg = "the project has no driver for PostgreSQL (psycopg, psycopg2, asyncpg or pg8000)"
    raise Refused(msg)


async def _asynchronous(url: Any, settings: Any, statements: list[str]) -> list[Any]:  # noqa: ANN401
    sqlalchemy = importlib.import_module("sqlalchemy")
    engines = importlib.import_module("sqlalchemy.ext.asyncio")
    async with engines.create_async_engine(url, **settings).connect() as connection:
        return _rows([await connection.execute(sqlalchemy.text(one)) for one in statements])


def _rows(results: list[Any]) -> list[Any]:
    return [tuple(one) for one in results[-1]] if results[-1].returns_rows else []
