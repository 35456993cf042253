"""Fixtures of the skills' tests: servers for the blocks that a fake would flatter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers


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
