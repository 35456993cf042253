"""The blocks of async.md on streams and queues, beside the seeds' way."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from tests.skills.blocks import load

SOON = 0.05
"""Seconds after which what never comes is taken not to come."""


async def turns(number: int = 5) -> None:
    """Let every other task run some steps."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_stream_that_is_left_early_is_closed() -> None:
    find = load("python-services/references/async.md#streams").find
    closed: list[str] = []

    async def rows(name: str) -> AsyncGenerator[str, None]:
        try:
            for row in ("one", "two", "three"):
                yield row
        finally:
            closed.append(name)

    async def seed_find(opened: AsyncGenerator[str, None], word: str) -> str | None:
        async for row in opened:
            if word in row:
                return row
        return None

    kept = rows("seed")
    assert await seed_find(kept, "tw") == "two"
    assert closed == []
    assert await find(lambda: rows("ours"), "tw") == "two"
    assert closed == ["ours"]
    assert await find(lambda: rows("ours"), "ten") is None
    await kept.aclose()


async def test_a_limit_round_a_yield_cancels_the_consumer() -> None:
    async def seed_rows() -> AsyncGenerator[int, None]:
        async with asyncio.timeout(SOON):
            yield 1

    async def consume() -> str:
        async for _ in seed_rows():
            await asyncio.sleep(10)
        return "never"

    # Not a TimeoutError: the cancellation leaves the consumer as one that nobody asked for.
    task = asyncio.create_task(consume())
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def numbers(count: int, asked: list[int]) -> AsyncIterator[int]:
    """Yield numbers, and note which were asked for."""
    for number in range(count):
        asked.append(number)
        yield number


async def test_a_queue_holds_back_its_producer_and_is_emptied_at_the_end() -> None:
    consume = load("python-services/references/async.md#queues").consume
    asked, handled, go = list[int](), list[int](), asyncio.Event()

    async def handle(number: int) -> None:
        await go.wait()
        handled.append(number)

    task = asyncio.create_task(consume(numbers(50, asked), handle, workers=2, waiting=3))
    await turns(100)
    # Two are handled, three wait, one is at the door.
    assert len(asked) == 6
    go.set()
    await task
    assert sorted(handled) == [*range(50)]


async def test_a_queue_without_a_bound_or_a_consumer_is_refused() -> None:
    consume = load("python-services/references/async.md#queues").consume

    async def handle(_: int) -> None: ...

    for workers, waiting in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            async with asyncio.timeout(5):
                await consume(numbers(50, []), handle, workers=workers, waiting=waiting)


async def test_a_thread_waits_for_a_place_in_a_full_queue() -> None:
    loop, lost = asyncio.get_running_loop(), list[object]()
    loop.set_exception_handler(lambda _, context: lost.append(context.get("exception")))
    queue: asyncio.Queue[int] = asyncio.Queue(maxsize=1)

    def seed_put() -> None:
        for number in range(3):
            loop.call_soon_threadsafe(queue.put_nowait, number)

    def put() -> None:
        for number in range(3):
            asyncio.run_coroutine_threadsafe(queue.put(number), loop).result(10)

    await asyncio.to_thread(seed_put)
    await turns()
    assert [type(one) for one in lost] == [asyncio.QueueFull] * 2
    assert (queue.get_nowait(), queue.qsize()) == (0, 0)
    putting = asyncio.create_task(asyncio.to_thread(put))
    assert [await queue.get() for _ in range(3)] == [0, 1, 2]
    await putting


async def test_a_consumer_that_dies_ends_the_producer_too() -> None:
    consume = load("python-services/references/async.md#queues").consume

    async def handle(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ExceptionGroup):
        await consume(numbers(50, []), handle, workers=2, waiting=3)

    async def seed_consume() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue(maxsize=3)

        async def work() -> None:
            while True:
                await handle(await queue.get())
                queue.task_done()

        workers = [asyncio.create_task(work()) for _ in range(2)]
        async for number in numbers(50, []):
            await queue.put(number)
        await queue.join()
        await asyncio.gather(*workers)

    task = asyncio.create_task(seed_consume())
    await asyncio.wait([task], timeout=SOON)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    # Collected here: each of their errors is told to nobody.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    gc.collect()
