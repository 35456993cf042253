"""The skills' breaker, cache, degraded answer and check at start, where dependencies fail."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import socket
import weakref
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import lru_cache

import httpx2
import pytest
import redis.asyncio

from tests.skills.blocks import load

BREAKERS = load("python-services/references/resilience.md#circuit-breakers")
CACHES = load("python-services/references/resilience.md#caches")
DEGRADED = load("python-services/references/resilience.md#degraded-answers")
START = load("python-services/references/resilience.md#checks-at-start")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@dataclass
class Source:
    """Answers when it is let, and counts how often it was asked."""

    fails: type[BaseException] | None = None
    free: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def __call__(self, key: str = "") -> str:
        """Return the key and the number of the call."""
        self.asked += 1
        await self.free.wait()
        if self.fails:
            raise self.fails
        return f"{key}{self.asked}"


def opened(source: Source, clock: Clock) -> Callable[[], Awaitable[str]]:
    """Return calls through a breaker that opens at the second failure, for ten seconds."""
    source.free.set()
    made = BREAKERS.Breaker(lambda error: isinstance(error, OSError), 2, 10.0, clock)
    return functools.partial(made.call, source)


async def failing(call: Callable[[], Awaitable[str]], error: type[Exception]) -> None:
    with pytest.raises(error):
        await call()


async def test_a_breaker_opens_rests_and_closes() -> None:
    source, clock = Source(OSError), Clock()
    call = opened(source, clock)
    for _ in range(2):
        await failing(call, OSError)
    for _ in range(50):
        await failing(call, BREAKERS.OpenError)
    assert source.asked == 2
    clock.now += 10
    await failing(call, OSError)
    await failing(call, BREAKERS.OpenError)
    clock.now += 10
    source.fails = None
    assert await call() == "4"
    source.fails = OSError
    await failing(call, OSError)
    await failing(call, OSError)
    await failing(call, BREAKERS.OpenError)


async def test_after_the_rest_one_caller_tries() -> None:
    source, clock = Source(OSError), Clock()
    call = opened(source, clock)
    for _ in range(2):
        await failing(call, OSError)
    source.free.clear()
    clock.now += 10
    trying = [asyncio.ensure_future(call()) for _ in range(20)]
    for _ in range(3):
        await asyncio.sleep(0)
    assert source.asked == 3
    source.free.set()
    done = await asyncio.gather(*trying, return_exceptions=True)
    assert sum(isinstance(one, BREAKERS.OpenError) for one in done) == 19


async def test_a_trial_that_is_cancelled_leaves_the_breaker_usable() -> None:
    source, clock = Source(OSError), Clock()
    call = opened(source, clock)
    for _ in range(2):
        await failing(call, OSError)
    clock.now += 10
    source.free.clear()
    trial = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    source.free.set()
    source.fails = None
    clock.now += 10
    assert await call() == "4"


async def test_an_answer_that_is_an_error_opens_nothing() -> None:
    source = Source(LookupError)
    call = opened(source, Clock())
    for _ in range(10):
        await failing(call, LookupError)
    assert source.asked == 10


@pytest.mark.parametrize("inside", [True, False])
async def test_slowness_opens_where_the_timeout_is_inside(inside: bool) -> None:  # noqa: FBT001
    source, clock = Source(), Clock()
    breaker = BREAKERS.Breaker(lambda error: isinstance(error, OSError), 2, 10.0, clock)

    async def timed() -> str:
        async with asyncio.timeout(0):
            return await source()

    async def timed_outside() -> str:
        async with asyncio.timeout(0):
            return str(await breaker.call(source))

    for _ in range(2):
        with pytest.raises(TimeoutError):
            await (breaker.call(timed) if inside else timed_outside())
    source.free.set()
    if inside:
        with pytest.raises(BREAKERS.OpenError):
            await breaker.call(source)
    else:
        await breaker.call(source)


async def seed_cached(kept: dict[str, str], source: Source) -> str:
    """Ask the source whenever the cache has nothing."""
    if "a" not in kept:
        kept["a"] = await source("a")
    return kept["a"]


async def test_many_callers_ask_the_source_once() -> None:
    async def together(get: Callable[[], Awaitable[str]], source: Source) -> set[str]:
        calls = [asyncio.ensure_future(get()) for _ in range(100)]
        await asyncio.sleep(0)
        source.free.set()
        return set(await asyncio.gather(*calls))

    source = Source()
    cache = CACHES.Cache(source, 60)
    assert await together(lambda: cache.get("a"), source) == {"a1"}
    seed, kept = Source(), dict[str, str]()
    await together(lambda: seed_cached(kept, seed), seed)
    assert (source.asked, seed.asked) == (1, 100)


async def test_an_entry_has_an_age_and_the_cache_a_size() -> None:
    source, clock = Source(), Clock()
    source.free.set()
    cache = CACHES.Cache(source, 60, 2, clock)
    assert [await cache.get("a"), await cache.get("a")] == ["a1", "a1"]
    clock.now += 60
    assert await cache.get("a") == "a2"
    for key in map(str, range(1000)):
        await cache.get(key)
    assert len(cache._kept) == 2  # noqa: SLF001 - what it holds is the point
    assert await cache.get("a") == "a1003"


async def test_failures_are_not_kept() -> None:
    source = Source(OSError)
    source.free.set()
    cache = CACHES.Cache(source, 60)
    for error in (OSError, asyncio.CancelledError):
        source.fails = error
        with pytest.raises(error):
            await cache.get("a")
    source.fails = None
    assert await cache.get("a") == "a3"


async def test_a_failure_is_not_kept_where_all_callers_have_left() -> None:
    source = Source(OSError)
    cache = CACHES.Cache(source, 60)
    leaves = asyncio.ensure_future(cache.get("a"))
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.gather(leaves, return_exceptions=True)
    source.free.set()
    for _ in range(3):
        await asyncio.sleep(0)
    source.fails = None
    assert await cache.get("a") == "a2"


async def test_a_caller_that_leaves_takes_nothing_from_the_others() -> None:
    source = Source()
    cache = CACHES.Cache(source, 60)
    first, second = (asyncio.ensure_future(cache.get("a")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    source.free.set()
    assert await second == "a1"
    assert first.cancelled()


def test_lru_cache_on_a_method_keeps_the_object() -> None:
    class Prices:
        @lru_cache(maxsize=8)  # noqa: B019 - shows what the rule is for
        def of(self, sku: str) -> list[str]:
            return [sku]

    prices = Prices()
    prices.of("a").append("changed")
    assert prices.of("a") == ["a", "changed"]
    alive = weakref.ref(prices)
    del prices
    gc.collect()
    assert alive() is not None
    Prices.of.cache_clear()
    gc.collect()
    assert alive() is None


def seed_fail_safe(default: list[str]) -> Callable[[Callable[[], list[str]]], Callable[[], object]]:
    """Return the default, the same one, whatever is raised."""

    def decorate(work: Callable[[], list[str]]) -> Callable[[], object]:
        def call() -> object:
            try:
                return work()
            except Exception:  # noqa: BLE001 - as the seed does
                return default

        return call

    return decorate


def shop(answer: Callable[[httpx2.Request], httpx2.Response]) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://shop")


async def test_a_part_that_is_missing_is_logged_and_shared_by_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with shop(lambda _: httpx2.Response(503)) as client:
        (await DEGRADED.related(client, "a")).append("leak")
        assert await DEGRADED.related(client, "a") == []
    record = caplog.records[-1]
    assert record.levelno == logging.WARNING
    assert record.exc_info
    assert record.exc_info[0] is httpx2.HTTPStatusError
    async with shop(lambda _: httpx2.Response(200, json=["b"])) as client:
        assert await DEGRADED.related(client, "a") == ["b"]


@pytest.mark.parametrize("body", [b"<html>Sorry</html>", b'{"error": 1}', b"\xff", b"", b"[1]"])
async def test_an_answer_of_another_shape_is_a_missing_part(body: bytes) -> None:
    async with shop(lambda _: httpx2.Response(200, content=body)) as client:
        assert await DEGRADED.related(client, "a") == []


async def test_a_bug_is_no_missing_part() -> None:
    def broken(request: httpx2.Request) -> httpx2.Response:
        raise TypeError(request.url)

    async with shop(broken) as client:
        with pytest.raises(TypeError):
            await DEGRADED.related(client, "a")

    @seed_fail_safe(default=[])
    def seed() -> list[str]:
        raise TypeError

    found = seed()
    assert isinstance(found, list)
    found.append("leak")
    assert seed() == ["leak"]


async def seed_check(client: redis.asyncio.Redis, url: str) -> None:
    """Raise the builtin ConnectionError with the URL in its text."""
    try:
        await client.ping()
    except Exception as error:
        raise ConnectionError(f"{url}: {error}") from error  # noqa: TRY003, EM102 - as the seed does


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
async def test_a_dead_redis_ends_the_start_with_its_cause(host: str) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"redis://app:s3cr3t@{host}:{held.getsockname()[1]}/0?password=s3cr3t"
        async with redis.asyncio.Redis.from_url(url) as client:
            with pytest.raises(START.StartError) as caught:
                await START.check_redis(client, url)
            with pytest.raises(OSError, match="s3cr3t"):
                await seed_check(client, url)
    assert not isinstance(caught.value, OSError)
    assert isinstance(caught.value.__cause__, redis.exceptions.ConnectionError)
    for text in (str(caught.value), str(caught.value.__cause__)):
        assert "s3cr3t" not in text
    assert host.strip("[]") in str(caught.value)
