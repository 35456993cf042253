"""What the skills say of clients: their errors, their timeouts, their own retries."""

from __future__ import annotations

import inspect
import smtplib
import socket
import urllib.request
from collections.abc import Callable
from operator import attrgetter

import asyncpg  # type: ignore[import-untyped]
import httpx2
import psycopg
import pytest
import redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from sqlalchemy.pool import QueuePool


@pytest.mark.parametrize(
    ("made", "tries"),
    [
        (lambda port: redis.asyncio.Redis(port=port), 11),
        (lambda port: redis.asyncio.Redis.from_url(f"redis://127.0.0.1:{port}"), 1),
        (lambda port: redis.asyncio.Redis(port=port, retry=Retry(NoBackoff(), 0)), 1),
    ],
    ids=["by default", "of a url", "told not to"],
)
async def test_redis_py_tries_again_by_itself(
    made: Callable[[int], redis.asyncio.Redis],
    tries: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []

    async def record(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("redis.asyncio.retry.sleep", record)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        async with made(held.getsockname()[1]) as client:
            with pytest.raises(redis.exceptions.ConnectionError):
                await client.ping()
    assert len(waited) == tries - 1


def test_the_clients_errors_are_none_of_the_builtin_ones() -> None:
    builtins = (ConnectionError, TimeoutError, OSError)
    theirs = (httpx2.ConnectError, httpx2.ReadTimeout, redis.ConnectionError, redis.TimeoutError)
    for one in (*theirs, psycopg.OperationalError, asyncpg.PostgresConnectionError):
        assert not issubclass(one, builtins)


def test_the_defaults_of_the_table() -> None:
    def default(function: Callable[..., object], name: str) -> object:
        return inspect.signature(function).parameters[name].default

    assert httpx2.Client().timeout == httpx2.Timeout(5)
    connection = redis.Redis().connection_pool.make_connection()
    assert attrgetter("socket_timeout", "socket_connect_timeout")(connection) == (5, 5)
    assert default(asyncpg.connect, "timeout") == 60
    assert default(asyncpg.connect, "command_timeout") is None
    assert default(QueuePool, "timeout") == 30
    assert getattr(psycopg.conninfo, "_DEFAULT_CONNECT_TIMEOUT") == 130  # noqa: B009 - not public
    assert socket.getdefaulttimeout() is None
    for function in (smtplib.SMTP, urllib.request.urlopen):
        assert default(function, "timeout") is getattr(socket, "_GLOBAL_DEFAULT_TIMEOUT")  # noqa: B009 - not in the stubs


def test_a_blocking_command_ends_at_the_sockets_timeout(redis_server: str) -> None:
    with (
        redis.Redis.from_url(redis_server, socket_timeout=0.2) as client,
        pytest.raises(redis.exceptions.TimeoutError),
    ):
        client.blpop(["nothing"], timeout=1)
