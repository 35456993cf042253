"""The blocks of async.md are driven, each beside what the seeds did instead."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from tests.skills.blocks import load

SOON = 0.05
"""Seconds after which what never comes is taken not to come."""


async def turns(number: int = 5) -> None:
    """Let every other task run some steps."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_blocking_read_in_a_thread_lets_the_loop_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = load("python-services/references/async.md#waiting")
    (tmp_path / "a.log").write_text("1\n2\n", encoding="utf-8")
    (tmp_path / "b.log").write_text("3\n", encoding="utf-8")
    assert await waiting.report(tmp_path) == 3
    assert await waiting.read_template(tmp_path / "b.log") == "3\n"
    answered = threading.Event()

    async def other() -> None:
        await turns()
        answered.set()

    async def seed_report() -> bool:
        return answered.wait(SOON)

    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        stopped = group.create_task(seed_report())
    assert not stopped.result()
    answered.clear()
    monkeypatch.setattr(waiting, "count_lines", lambda _: answered.wait(10))
    async with asyncio.TaskGroup() as group:
        group.create_task(other())
        went_on = group.create_task(waiting.report(tmp_path))
    assert went_on.result()


async def test_a_limit_ends_the_wait_and_not_the_thread() -> None:
    go, ended = threading.Event(), threading.Event()

    def blocking() -> None:
        go.wait(10)
        ended.set()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await asyncio.to_thread(blocking)
    assert not ended.is_set()
    go.set()
    assert await asyncio.to_thread(ended.wait, 10)


@pytest.mark.parametrize("kind", ["def", "async def"])
async def test_two_plain_handlers_run_at_once_and_two_blocking_coroutines_do_not(kind: str) -> None:
    app, both = FastAPI(), threading.Barrier(2)

    def meet() -> bool:
        try:
            both.wait(10 if kind == "def" else SOON)
        except threading.BrokenBarrierError:
            return False
        return True

    async def seed_meet() -> bool:
        return meet()

    app.get("/")(meet if kind == "def" else seed_meet)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = await asyncio.gather(client.get("/"), client.get("/"))
    assert [one.json() for one in answers] == [kind == "def"] * 2


def test_a_global_semaphore_breaks_in_the_second_loop() -> None:
    seed_places = asyncio.Semaphore(1)

    async def contend(places: asyncio.Semaphore) -> None:
        async def take() -> None:
            async with places:
                await asyncio.sleep(0)

        await asyncio.gather(take(), take())

    async def main() -> None:
        await contend(asyncio.Semaphore(1))

    asyncio.run(contend(seed_places))
    with pytest.raises(RuntimeError, match="bound to a different event loop"):
        asyncio.run(contend(seed_places))
    asyncio.run(main())
    asyncio.run(main())


class Broker:
    """Orders fail when told to; the balance waits until it is cancelled."""

    def __init__(self) -> None:
        """Know nothing of a balance yet."""
        self.balance_ended = asyncio.Event()

    async def orders(self, user: str) -> list[str]:
        """Fail, a little later."""
        await turns()
        raise ConnectionError(user)

    async def balance(self, user: str) -> Decimal:
        """Wait until cancelled, and note it."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.balance_ended.set()
        return Decimal(len(user))

    async def price(self, symbol: str) -> Decimal:
        """Know no price of `?`, and stumble over `bug`."""
        if symbol == "?":
            raise load("python-services/references/async.md#several-at-once").NoPriceError
        if symbol == "bug":
            raise ZeroDivisionError
        return Decimal(1)


async def test_a_group_ends_the_sibling_that_gather_leaves_running() -> None:
    module = load("python-services/references/async.md#several-at-once")

    async def seed_dashboard(broker: Broker, rest: list[asyncio.Task[Decimal]]) -> None:
        rest.append(asyncio.create_task(broker.balance("u")))
        await asyncio.gather(broker.orders("u"), rest[0])

    theirs, left = Broker(), list[asyncio.Task[Decimal]]()
    with pytest.raises(ConnectionError):
        await seed_dashboard(theirs, left)
    await turns()
    assert not theirs.balance_ended.is_set()
    left[0].cancel()

    ours = Broker()
    with pytest.raises(ExceptionGroup) as caught:
        await module.load_dashboard(ours, "u")
    assert caught.group_contains(ConnectionError)
    assert not isinstance(caught.value, ConnectionError)
    assert ours.balance_ended.is_set()


async def test_the_expected_error_is_a_value_and_a_bug_is_not() -> None:
    module = load("python-services/references/async.md#several-at-once")
    assert await module.load_prices(Broker(), ["A", "?"]) == {"A": Decimal(1), "?": None}
    with pytest.raises(ExceptionGroup) as caught:
        await module.load_prices(Broker(), ["A", "bug"])
    assert caught.group_contains(ZeroDivisionError)
    seed = await asyncio.gather(Broker().price("bug"), return_exceptions=True)
    assert isinstance(seed[0], ZeroDivisionError)


class Calls:
    """Counts what runs at once, what was started, and what was read."""

    def __init__(self) -> None:
        """Count from nothing."""
        self.running = self.most = self.read = 0
        self.started: list[int] = []

    def items(self, number: int) -> Iterator[int]:
        """Yield numbers, counting those that are read."""
        for item in range(number):
            self.read += 1
            yield item

    async def call(self, item: int) -> int:
        """Return twice the number, later for the earlier ones; 7 fails."""
        self.started.append(item)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await turns(20 - item)
        finally:
            self.running -= 1
        if item == 7:
            raise ValueError(item)
        return item * 2


async def test_many_calls_are_bounded_in_order_and_end_at_the_first_error() -> None:
    map_bounded = load("python-services/references/async.md#many-at-once").map_bounded
    calls = Calls()
    assert await map_bounded(calls.call, calls.items(7), at_once=3) == [0, 2, 4, 6, 8, 10, 12]
    assert calls.most == 3
    calls = Calls()
    with pytest.raises(ExceptionGroup) as caught:
        await map_bounded(calls.call, calls.items(20), at_once=3)
    assert caught.group_contains(ValueError)
    await turns(50)
    assert calls.running == 0
    assert calls.read == len(calls.started) < 12
    with pytest.raises(ValueError, match="at least 1"):
        await map_bounded(calls.call, [1], at_once=0)


async def test_a_semaphore_in_gather_starts_the_rest_after_an_error() -> None:
    calls, places = Calls(), asyncio.Semaphore(3)

    async def seed_one(item: int) -> int:
        async with places:
            return await calls.call(item)

    before = len(asyncio.all_tasks())
    everything = asyncio.gather(*map(seed_one, calls.items(20)))
    assert len(asyncio.all_tasks()) - before == 20
    with pytest.raises(ValueError, match="7"):
        await everything
    await turns(200)
    assert len(calls.started) == 20


async def test_a_place_taken_without_a_block_is_lost_by_a_cancellation() -> None:
    async def seed_use(places: asyncio.Semaphore) -> None:
        await places.acquire()
        await asyncio.sleep(10)
        places.release()

    async def use(places: asyncio.Semaphore) -> None:
        async with places:
            await asyncio.sleep(10)

    for one, free in ((seed_use, False), (use, True)):
        places = asyncio.Semaphore(1)
        task = asyncio.create_task(one(places))
        await turns()
        task.cancel()
        await asyncio.wait([task])
        assert places.locked() is not free


async def test_each_try_has_its_limit_and_all_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = load("python-services/references/async.md#time-limits").fetch
    tries = 0

    async def hangs_twice() -> bytes:
        nonlocal tries
        tries += 1
        if tries < 3:
            await asyncio.sleep(100)
        return b"third"

    async def seed_fetch(get: Callable[[], Awaitable[bytes]]) -> bytes:
        async with asyncio.timeout(SOON):
            while True:
                with contextlib.suppress(TimeoutError):
                    return await get()

    with pytest.raises(TimeoutError):
        await seed_fetch(hangs_twice)
    assert tries == 1
    tries = 0
    # The clock of the wall may jump.
    monkeypatch.setattr(time, "time", iter(range(0, 10**9, 10**6)).__next__)
    assert await fetch(hangs_twice, each=0.001, total=100) == b"third"
    tries = -(10**9)
    with pytest.raises(TimeoutError):
        await fetch(hangs_twice, each=0.001, total=10 * SOON)
    assert tries > 1 - 10**9
    with pytest.raises(TimeoutError):
        await fetch(hangs_twice, each=100, total=SOON)


async def test_a_deadline_on_the_wall_clock_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    def seed_deadline() -> Callable[[], bool]:
        end = time.time() + 60
        return lambda: time.time() > end

    def deadline() -> Callable[[], bool]:
        end = time.monotonic() + 60
        return lambda: time.monotonic() > end

    theirs, ours = seed_deadline(), deadline()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)
    assert theirs()
    assert not ours()
