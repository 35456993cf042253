"""Fixtures of the skills' tests: servers for the blocks that a fake would flatter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL

from tests import servers
from tests.skills import databases


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    """Return the URL of a Redis server of the tests' own; empty it yourself (`flushall`)."""
    with servers.redis() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Return `postgres@HOST:PORT`, an administrator's place on a server of the tests' own.

    Make a database of your own there, named by the test.
    """
    with servers.postgresql() as (port, _):
        yield f"postgres@127.0.0.1:{port}"


@pytest.fixture
def server(postgresql_server: str) -> Iterator[URL]:
    """Return the URL of a database of the test's own on PostgreSQL, for psycopg."""
    with databases.made(postgresql_server) as url:
        yield url


@pytest.fixture
def postgresql(server: URL) -> str:
    """Return the address of a database of the test's own on PostgreSQL, for asyncpg."""
    return databases.for_asyncpg(server)


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Return the address of a database of the test's own in a file of SQLite."""
    return databases.in_file(tmp_path)


@pytest.fixture(params=["file", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """Return the address of a file of SQLite, and of a database on PostgreSQL."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def throwaway_file(tmp_path: Path) -> URL:
    """Return the URL of a file of SQLite whose name says that it may be emptied."""
    return URL.create("sqlite", database=f"{tmp_path}/throwaway_{uuid4().hex}")


@pytest.fixture(params=["throwaway_file", "server"])
def database(request: pytest.FixtureRequest) -> URL:
    """Return the URL of a file of SQLite, and of a database on PostgreSQL, for sync engines."""
    made: URL = request.getfixturevalue(request.param)
    return made
