"""The blocks of async.md on tasks, cancellation and state, beside the seeds' way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Awaitable, Callable

import pytest

from tests.skills.blocks import load


async def turns(number: int = 5) -> None:
    """Let every other task run some steps."""
    for _ in range(number):
        await asyncio.sleep(0)


async def forever() -> None:
    """Wait for what only this coroutine knows of."""
    await asyncio.get_running_loop().create_future()


async def test_a_task_that_nobody_keeps_is_collected() -> None:
    module = load("python-services/references/async.md#tasks-of-their-own")
    lost: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: lost.append(context["message"]))

    def seed_start() -> None:
        asyncio.create_task(forever(), name="seed")  # noqa: RUF006 - it is what is shown

    background = module.Background()
    seed_start()
    background.start(forever(), "ours")
    await turns()
    gc.collect()
    assert lost == ["Task was destroyed but it is pending!"]
    assert [one.get_name() for one in background.tasks] == ["ours"]
    await background.stop()
    await turns()
    assert not background.tasks
    await background.stop()


async def test_what_a_task_starts_at_its_end_is_stopped_too() -> None:
    background = load("python-services/references/async.md#tasks-of-their-own").Background()

    async def hand_over() -> None:
        try:
            await forever()
        finally:
            background.start(forever(), "late")

    background.start(hand_over(), "first")
    await turns()
    await background.stop()
    assert not background.tasks
    assert len(asyncio.all_tasks()) == 1


async def test_the_error_of_a_kept_task_is_logged_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    background = load("python-services/references/async.md#tasks-of-their-own").Background()

    async def fail() -> None:
        raise LookupError

    background.start(fail(), "mail")
    await turns()
    assert "mail failed" in caplog.text
    assert "LookupError" in caplog.text
    assert not background.tasks


async def test_a_periodic_job_outlives_its_errors_and_ends_when_cancelled(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run_every = load("python-services/references/async.md#tasks-of-their-own").run_every
    rounds, third = 0, asyncio.Event()

    async def job() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise ConnectionError
        third.set()
        await forever()

    working = asyncio.create_task(run_every(0, job, "prices"))
    await asyncio.wait_for(third.wait(), 10)
    assert caplog.text.count("Traceback") == 2
    sleeping = asyncio.create_task(run_every(1000, turns, "prices"))
    await turns(20)
    for task in (working, sleeping):
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled()
    assert rounds == 3


async def seed_stop(task: asyncio.Task[None]) -> None:
    """Do as the seed's lifespan does at its end."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def stopping(
    stop: Callable[[asyncio.Task[None]], Awaitable[None]],
) -> tuple[asyncio.Task[str], asyncio.Event]:
    """Return a task that stops another, which ends when the event is set; both have begun."""
    may_end = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await forever()
        finally:
            await may_end.wait()

    async def caller() -> str:
        task = asyncio.create_task(slow_to_end())
        await turns()
        await stop(task)
        return "went on"

    task = asyncio.create_task(caller())
    await turns(15)
    return task, may_end


async def test_stopping_a_task_does_not_swallow_ones_own_cancellation() -> None:
    stop = load("python-services/references/async.md#cancellation").stop
    for one, swallowed in ((seed_stop, True), (stop, False)):
        task, may_end = await stopping(one)
        task.cancel()
        may_end.set()
        await asyncio.wait([task])
        assert task.cancelled() is not swallowed
        task, may_end = await stopping(one)
        may_end.set()
        assert await task == "went on"


async def test_stopping_a_task_tells_what_it_died_of() -> None:
    stop = load("python-services/references/async.md#cancellation").stop

    async def dead() -> None:
        raise LookupError

    task = asyncio.create_task(dead())
    await turns()
    with pytest.raises(LookupError):
        await stop(task)
    ended = asyncio.create_task(turns(1))
    await turns()
    await stop(ended)


async def test_a_loop_that_catches_the_cancellation_cannot_be_stopped() -> None:
    stop = asyncio.Event()

    async def seed_loop() -> None:
        while not stop.is_set():
            try:
                await asyncio.sleep(0)
            except BaseException:  # noqa: BLE001 - it is what is shown
                logging.getLogger(__name__).debug("again")

    task = asyncio.create_task(seed_loop())
    for _ in range(3):
        await turns()
        task.cancel()
    await turns()
    assert not task.done()
    stop.set()
    await task
    assert not task.cancelled()


async def test_one_lock_from_the_check_to_the_write() -> None:
    token = load("python-services/references/async.md#shared-state").Token
    fetched = 0

    async def fetch() -> str:
        nonlocal fetched
        fetched += 1
        await turns()
        return f"token {fetched}"

    class SeedToken:
        value: str | None = None

        async def get(self) -> str:
            if self.value is None:
                self.value = await fetch()
            return self.value

    theirs = SeedToken()
    await asyncio.gather(*(theirs.get() for _ in range(3)))
    assert fetched == 3
    fetched = 0
    ours = token(fetch)
    assert await asyncio.gather(*(ours.get() for _ in range(3))) == ["token 1"] * 3


async def test_a_limiter_that_looks_before_it_sleeps_lets_all_through() -> None:
    now, starts = 0.0, list[float]()

    async def sleep(seconds: float) -> None:
        nonlocal now
        until = now + seconds
        await turns()
        now = max(now, until)

    class SeedLimiter:
        last = 0.0

        async def acquire(self) -> None:
            if (wait := 0.1 - (now - self.last)) > 0:
                await sleep(wait)
            self.last = now

    limiter = SeedLimiter()

    async def call() -> None:
        await limiter.acquire()
        starts.append(now)

    await asyncio.gather(*(call() for _ in range(5)))
    assert starts == [0.1] * 5
