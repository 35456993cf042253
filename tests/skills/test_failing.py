"""What a failure decides: a pool that an attacker exhausts, an outage, a bug, a wrong password."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

import pytest
import redis
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis

from tests.skills.blocks import load

LIMITS = load("python-backend/references/limits.md#rate-limits")
FAILING = load("python-backend/references/limits.md#when-a-dependency-fails")

ATTEMPTS, LIMIT, HOUR = 1000, 5, 3_600_000
OUTAGES = (redis.ConnectionError("refused"), redis.TimeoutError("no answer"))
NOT_OUTAGES = (
    redis.MaxConnectionsError("too many"),
    redis.AuthenticationError("wrong password"),
    redis.ResponseError("unknown command"),
    TypeError("a bug of ours"),
    AttributeError("a fake that lacks a method"),
)


class Limiter(Protocol):
    """What decides: seconds to wait, 0 for an attempt that passes."""

    async def wait(self, key: str) -> float:
        """Decide about one attempt."""
        ...


@dataclass(frozen=True)
class Failing:
    """A limiter that fails in one way."""

    error: Exception

    async def wait(self, key: str) -> float:
        """Fail, whoever asks."""
        assert key
        raise self.error


@dataclass(frozen=True)
class Seed:
    """Let everything pass of which it is not known how often it came."""

    limiter: Limiter

    async def wait(self, key: str) -> float:
        """Pass on what is decided, and pass where nothing is."""
        try:
            return await self.limiter.wait(key)
        except Exception:  # noqa: BLE001 - what the test is about
            return 0


async def passed(limiter: Limiter) -> int:
    """Count the attempts that pass, of many at once; one that fails is a refusal."""
    waits = await asyncio.gather(
        *(limiter.wait("ada") for _ in range(ATTEMPTS)), return_exceptions=True
    )
    return waits.count(0)


@pytest.mark.parametrize("error", [*OUTAGES, *NOT_OUTAGES], ids=repr)
async def test_the_seed_passes_on_every_error(error: Exception) -> None:
    assert await Seed(Failing(error)).wait("ada") == 0


@pytest.mark.parametrize("error", OUTAGES, ids=repr)
async def test_a_limit_of_capacity_opens_on_an_outage_and_says_so(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await FAILING.OpenOnOutage(Failing(error)).wait("ada") == 0
    assert type(error).__name__ in caplog.text


@pytest.mark.parametrize("error", NOT_OUTAGES, ids=repr)
async def test_nothing_else_opens_it(error: Exception) -> None:
    with pytest.raises(type(error)):
        await FAILING.OpenOnOutage(Failing(error)).wait("ada")


async def test_its_answers_are_those_of_its_limiter() -> None:
    @dataclass(frozen=True)
    class Fixed:
        seconds: float

        async def wait(self, key: str) -> float:
            assert key == "ada"
            return self.seconds

    assert await FAILING.OpenOnOutage(Fixed(2.5)).wait("ada") == 2.5
    assert await FAILING.OpenOnOutage(Fixed(0)).wait("ada") == 0


def test_two_errors_that_are_no_outage_are_connection_errors_for_redis() -> None:
    assert issubclass(redis.MaxConnectionsError, redis.ConnectionError)
    assert issubclass(redis.AuthenticationError, redis.ConnectionError)


async def test_a_limiter_refuses_where_nothing_listens() -> None:
    # Port 9 of loopback: nobody's, and the connection is refused at once.
    async with LIMITS.connect("redis://127.0.0.1:9/0") as client:
        with pytest.raises(redis.ConnectionError):
            await LIMITS.RateLimiter(client, "login", LIMIT, HOUR).wait("ada")


async def test_an_exhausted_pool_opens_the_seed_and_not_ours(redis_server: str) -> None:
    """Attack with a thousand attempts at once, of which five may pass."""
    async with Redis.from_url(redis_server, socket_timeout=60, socket_connect_timeout=60) as client:
        await client.flushall()
        limiter = LIMITS.RateLimiter(client, "login", LIMIT, HOUR)
        opened = await passed(Seed(limiter))
        assert opened > 100
        await client.flushall()
        assert await passed(limiter) == LIMIT
        await client.flushall()
        assert await passed(FAILING.OpenOnOutage(limiter)) == LIMIT


async def test_a_pool_that_blocks_lets_the_attempts_wait_for_it(redis_server: str) -> None:
    pool = BlockingConnectionPool.from_url(
        redis_server, max_connections=20, timeout=60, socket_timeout=60
    )
    async with Redis.from_pool(pool) as client:
        await client.flushall()
        limiter = LIMITS.RateLimiter(client, "login", LIMIT, HOUR)
        waits = await asyncio.gather(*(limiter.wait("ada") for _ in range(ATTEMPTS)))
    assert waits.count(0) == LIMIT
    assert len(waits) == ATTEMPTS


async def test_an_exhausted_blocking_pool_looks_like_an_outage(redis_server: str) -> None:
    plain = ConnectionPool.from_url(redis_server, max_connections=1)
    blocking = BlockingConnectionPool.from_url(redis_server, max_connections=1, timeout=0.01)
    for pool, error in ((plain, redis.MaxConnectionsError), (blocking, redis.ConnectionError)):
        # A pipeline that watches keeps its connection.
        async with Redis.from_pool(pool) as client, client.pipeline() as busy:
            await busy.watch("any")
            caught = await asyncio.gather(client.ping(), return_exceptions=True)
        assert [type(one) for one in caught] == [error]


async def test_a_wrong_password_does_not_open_a_limit(redis_server: str) -> None:
    url = redis_server.replace("redis://", "redis://nobody:wrong@")
    async with Redis.from_url(url) as client:
        limiter = LIMITS.RateLimiter(client, "login", LIMIT, HOUR)
        assert await Seed(limiter).wait("ada") == 0
        with pytest.raises(redis.AuthenticationError):
            await FAILING.OpenOnOutage(limiter).wait("ada")


async def test_the_pool_that_the_text_names_for_a_limit_that_opens_says_when_it_is_exhausted(
    redis_server: str,
) -> None:
    async with Redis.from_url(redis_server, max_connections=1) as client, client.pipeline() as busy:
        await busy.watch("any")
        limiter = LIMITS.RateLimiter(client, "login", LIMIT, HOUR)
        with pytest.raises(redis.MaxConnectionsError):
            await FAILING.OpenOnOutage(limiter).wait("ada")
