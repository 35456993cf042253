"""Attacks on limits of rate: bursts in parallel, clocks that differ, waiters that give up."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
import itertools
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest.mock import AsyncMock, create_autospec

import pytest
import redis
from redis.asyncio import BlockingConnectionPool, Redis

from tests.skills.blocks import load

LIMITS = load("python-backend/references/limits.md#rate-limits")
PACING = load("python-backend/references/limits.md#pacing-calls-to-others")

HOUR = 3_600_000
ADA = f"limit:login:{hashlib.sha256(b'ada').hexdigest()}"


class Time:
    """A clock that stands still until all wait, and the sleep that goes with it."""

    def __init__(self) -> None:
        self.now = 100.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    def clock(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Wait until `run` has come that far."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self.now + seconds, next(self._number), woken))
        await woken

    async def run(self, until: float) -> None:
        """Let everything run that has something to do before a time."""
        await settle()
        while self._waiting and self._waiting[0][0] < until:
            self.now, _, woken = heapq.heappop(self._waiting)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.now = until


async def settle() -> None:
    """Let every task go on as far as it can without time passing."""
    for _ in range(200):
        await asyncio.sleep(0)


class SeedPacer:
    """Look at the last start, sleep for what is missing, and only then say that one started."""

    def __init__(self, time: Time, interval: float, at_once: int) -> None:
        self.time, self.interval, self.last = time, interval, -math.inf
        self.permits = asyncio.Semaphore(at_once)

    async def acquire(self) -> None:
        """Wait for a permit, then for the interval since the last start that is known."""
        await self.permits.acquire()
        missing = self.interval - (self.time.clock() - self.last)
        if missing > 0:
            await self.time.sleep(missing)
        self.last = self.time.clock()

    async def turn(self) -> None:
        """Return when the next call may start, with the permit given back."""
        await self.acquire()
        self.permits.release()


@pytest.fixture
async def started() -> AsyncIterator[Callable[[Callable[[], Awaitable[None]], Time], list[float]]]:
    """Yield what starts 100 callers of a pacer and lists the times at which they may go."""
    tasks = list[asyncio.Task[None]]()

    def start(turn: Callable[[], Awaitable[None]], time: Time) -> list[float]:
        starts = list[float]()

        async def call() -> None:
            await turn()
            starts.append(time.now)

        tasks.extend(asyncio.create_task(call()) for _ in range(100))
        return starts

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_pacer_lets_one_go_an_interval(
    started: Callable[[Callable[[], Awaitable[None]], Time], list[float]],
) -> None:
    time = Time()
    pacer = PACING.Pacer(0.1, time.clock, time.sleep)
    starts = started(pacer.turn, time)
    await time.run(101.05)
    assert starts == [pytest.approx(100 + number / 10) for number in range(11)]


async def test_the_seed_lets_all_that_wait_go_together(
    started: Callable[[Callable[[], Awaitable[None]], Time], list[float]],
) -> None:
    time = Time()
    starts = started(SeedPacer(time, interval=0.1, at_once=5).turn, time)
    await time.run(101.05)
    # Ten a second were asked for.
    assert len(starts) > 50


async def test_a_place_is_free_again_when_a_waiter_gives_up() -> None:
    time = Time()
    pacer = PACING.Pacer(1.0, time.clock, time.sleep)
    await pacer.turn()
    gives_up, waits = asyncio.create_task(pacer.turn()), asyncio.create_task(pacer.turn())
    await settle()
    gives_up.cancel()
    await asyncio.gather(gives_up, return_exceptions=True)
    await time.run(101.5)
    assert gives_up.cancelled()
    assert waits.done()


async def test_who_comes_later_does_not_overtake_who_waits() -> None:
    time = Time()
    pacer = PACING.Pacer(1.0, time.clock, time.sleep)
    await pacer.turn()
    waits = asyncio.create_task(pacer.turn())
    await settle()
    # The next start is due, and who waits for it has not woken yet.
    time.now = 101.0
    comes = asyncio.create_task(pacer.turn())
    await settle()
    assert not comes.done()
    await time.run(101.5)
    assert (waits.done(), comes.done()) == (True, False)
    await time.run(102.5)
    assert comes.done()


async def test_the_seed_loses_the_permit_of_a_waiter_that_gives_up() -> None:
    time = Time()
    pacer = SeedPacer(time, interval=1.0, at_once=1)
    await pacer.turn()
    gives_up = asyncio.create_task(pacer.acquire())
    await settle()
    gives_up.cancel()
    await asyncio.gather(gives_up, return_exceptions=True)
    assert pacer.permits.locked()


async def test_a_pacer_that_rested_owes_nobody_a_burst() -> None:
    time = Time()
    pacer = PACING.Pacer(1.0, time.clock, time.sleep)
    await pacer.turn()
    await time.run(200)
    await pacer.turn()
    second = asyncio.create_task(pacer.turn())
    await time.run(200.5)
    assert not second.done()
    await time.run(201.5)
    assert second.done()


async def test_a_sleep_that_wakes_too_early_is_slept_again() -> None:
    time = Time()
    slept = list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        time.now += seconds if len(slept) > 1 else seconds / 2

    pacer = PACING.Pacer(1.0, time.clock, sleep)
    await pacer.turn()
    await pacer.turn()
    assert slept == [1.0, 0.5]


@pytest.fixture
async def client(redis_server: str) -> AsyncIterator[Redis]:
    # As patient as a busy machine asks for; what `connect` has is not the point here.
    pool = BlockingConnectionPool.from_url(
        redis_server, max_connections=20, timeout=60, socket_timeout=60
    )
    async with Redis.from_pool(pool) as client:
        await client.flushall()
        yield client


NUMBER = itertools.count()


async def seed_take(client: Redis, key: str, now: float, limit: int) -> bool:
    """Count in one step and add in the next, by the clock of whoever asks."""
    await client.zremrangebyscore(key, "-inf", now - HOUR / 1000)
    if await client.zcard(key) >= limit:
        return False
    await client.zadd(key, {f"{now}-{next(NUMBER)}": now})
    return True


async def test_a_wait_is_in_seconds_and_a_place_has_a_name_of_its_own() -> None:
    client = create_autospec(Redis, instance=True)
    client.eval = AsyncMock(return_value=1500)
    limiter = LIMITS.RateLimiter(client, "login", 5, HOUR)
    assert (await limiter.wait("ada"), await limiter.wait("ada")) == (1.5, 1.5)
    (first, second) = (call.args for call in client.eval.await_args_list)
    assert first[:-1] == second[:-1] == (LIMITS.TAKE, 1, ADA, HOUR, 5)
    assert first[-1] != second[-1]


async def test_a_client_waits_for_a_connection_and_for_no_answer_for_ever() -> None:
    async with LIMITS.connect("redis://127.0.0.1:9/0") as client:
        pool = client.connection_pool
        assert isinstance(pool, BlockingConnectionPool)
        assert pool.timeout
        assert pool.connection_kwargs["socket_timeout"]
        assert pool.connection_kwargs["socket_connect_timeout"]


async def test_a_thousand_attempts_at_once_get_five_places(client: Redis) -> None:
    limiter = LIMITS.RateLimiter(client, "login", 5, HOUR)
    waits = await asyncio.gather(*(limiter.wait("ada") for _ in range(1000)))
    assert waits.count(0) == 5
    assert await client.zcard(ADA) == 5


async def test_the_seed_counts_what_others_have_not_added_yet(client: Redis) -> None:
    took = await asyncio.gather(*(seed_take(client, "ada", 100.0, 5) for _ in range(1000)))
    assert took.count(True) > 5


async def test_a_refused_attempt_says_when_and_is_not_counted(client: Redis) -> None:
    limiter = LIMITS.RateLimiter(client, "login", 1, HOUR)
    assert await limiter.wait("ada") == 0
    first = await limiter.wait("ada")
    assert 0 < first <= HOUR / 1000
    assert await limiter.wait("ada") <= first
    assert await client.zcard(ADA) == 1


async def test_places_are_free_again_when_their_window_has_passed(client: Redis) -> None:
    limiter = LIMITS.RateLimiter(client, "login", 2, HOUR)
    seconds, micros = await client.time()
    now = seconds * 1000 + micros // 1000
    # As if taken a window ago, and half a window ago.
    await client.zadd(ADA, {"old": now - HOUR, "young": now - HOUR // 2})
    assert await limiter.wait("ada") == 0
    assert HOUR / 2000 - 60 < await limiter.wait("ada") <= HOUR / 2000


async def test_what_a_limiter_keeps_goes_by_itself(client: Redis) -> None:
    await LIMITS.RateLimiter(client, "login", 5, HOUR).wait("ada")
    assert 0 < await client.pttl(ADA) <= HOUR


async def test_keys_and_names_do_not_mix(client: Redis) -> None:
    for name in ("login", "export"):
        for key in ("ada", "bob"):
            assert await LIMITS.RateLimiter(client, name, 1, HOUR).wait(key) == 0


async def test_a_host_whose_clock_is_ahead_opens_the_seed_and_not_ours(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await seed_take(client, "seed", 100.0, 1)
    assert await seed_take(client, "seed", 100.0 + HOUR, 1)
    limiter = LIMITS.RateLimiter(client, "login", 1, HOUR)
    assert await limiter.wait("ada") == 0
    monkeypatch.setattr("time.time", lambda: 1e10)
    assert await limiter.wait("ada") > 0


@pytest.mark.parametrize(("limit", "window"), [(0, HOUR), (-1, HOUR), (5, 0), (5, -1)])
def test_a_limit_of_nothing_is_refused_before_it_is_asked(limit: int, window: int) -> None:
    with pytest.raises(ValueError, match="login"):
        LIMITS.RateLimiter(create_autospec(Redis, instance=True), "login", limit, window)


async def test_a_window_of_nothing_would_let_everything_pass(client: Redis) -> None:
    waits = [await client.eval(LIMITS.TAKE, 1, "any", 0, 1, str(place)) for place in range(50)]
    assert waits == [0] * 50


async def test_a_key_that_the_caller_makes_long_costs_no_memory(client: Redis) -> None:
    limiter = LIMITS.RateLimiter(client, "login", 1, HOUR)
    for number in range(5):
        assert await limiter.wait(f"{'x' * 1_000_000}{number}") == 0
        assert await limiter.wait(f"{'x' * 1_000_000}{number}") > 0
    assert {len(key) for key in await client.keys()} == {len(ADA)}


async def test_a_redis_that_evicts_forgets_its_limits(client: Redis) -> None:
    limiter = LIMITS.RateLimiter(client, "login", 1, HOUR)
    try:
        for policy in ("allkeys-lru", "noeviction"):
            assert await limiter.wait("ada") == 0
            assert await limiter.wait("ada") > 0
            await client.config_set("maxmemory-policy", policy)
            await client.config_set("maxmemory", 1)
            with pytest.raises(redis.ResponseError, match="maxmemory"):
                await client.set("any", 1)
            await client.config_set("maxmemory", 0)
            assert await client.exists(ADA) == (policy == "noeviction")
    finally:
        await client.config_set("maxmemory", 0)
        await client.config_set("maxmemory-policy", "noeviction")
