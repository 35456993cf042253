"""Tasks beside the requests: their death is seen, their end is waited for."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI, Request

from tests.skills.blocks import load, python_sections
from tests.skills.serving import served

tasks = load("python-backend/references/application.md#background-tasks")


class Work:
    """Work in the background that a test lets fail, return or go on."""

    def __init__(self) -> None:
        self.started, self.go_on, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> None:
        """Wait for the test, then fail or return."""
        self.started.set()
        try:
            await self.go_on.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.ended.set()


@pytest.mark.parametrize("error", [RuntimeError("no more rates"), None])
async def test_the_end_of_a_background_task_is_seen_at_once(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    work, died = Work(), asyncio.Event()
    work.error = error
    async with tasks.background(work, died.set):
        await work.started.wait()
        assert not died.is_set()
        work.go_on.set()
        await asyncio.wait_for(died.wait(), 5)
    assert ("no more rates" in caplog.text) == (error is not None)
    assert "background task" in caplog.text


async def test_a_background_task_ends_with_the_lifespan_and_is_not_called_dead() -> None:
    work, died = Work(), asyncio.Event()
    async with tasks.background(work, died.set):
        await work.started.wait()
    assert work.ended.is_set()
    assert not died.is_set()
    async with tasks.background(Work(), died.set):
        pass


async def test_a_cancellation_from_inside_is_a_death_too() -> None:
    async def waits_for_what_was_cancelled() -> None:
        gone = asyncio.get_running_loop().create_future()
        gone.cancel()
        await gone

    async def seed_watched() -> None:
        with suppress(Exception):
            await waits_for_what_was_cancelled()
        seed_died.set()

    seed_died, died = asyncio.Event(), asyncio.Event()
    await asyncio.wait([asyncio.create_task(seed_watched())])
    assert not seed_died.is_set()
    async with tasks.background(waits_for_what_was_cancelled, died.set):
        await asyncio.wait_for(died.wait(), 5)


@pytest.mark.parametrize("error", [RuntimeError("no way to close"), None])
async def test_an_end_that_was_asked_for_is_no_death(
    error: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    started, died = asyncio.Event(), asyncio.Event()

    async def returns_or_fails() -> None:
        started.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        if error is not None:
            raise error

    async with tasks.background(returns_or_fails, died.set):
        await started.wait()
    assert not died.is_set()
    assert ("no way to close" in caplog.text) == (error is not None)


def test_only_a_process_that_handles_the_signal_is_sent_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lifespan in a test would take the whole run with it."""
    handled: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", handled.append)
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        tasks.stop_server()
        assert handled == []
        signal.signal(signal.SIGTERM, lambda *_: None)
        tasks.stop_server()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert handled == [signal.SIGTERM]


async def test_a_cancelled_lifespan_stays_cancelled() -> None:
    stubborn, go_on = asyncio.Event(), asyncio.Event()

    async def ends_slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stubborn.set()
            await go_on.wait()

    @asynccontextmanager
    async def seed_lifespan() -> AsyncIterator[None]:
        task = asyncio.create_task(ends_slowly())
        await asyncio.sleep(0)
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        async with tasks.background(ends_slowly):
            await asyncio.sleep(0)
            yield

    async def run(context: Callable[[], AbstractAsyncContextManager[None]]) -> str:
        async with context():
            pass
        return "went on"

    for context, swallowed in ((seed_lifespan, True), (lifespan, False)):
        stubborn.clear()
        go_on.clear()
        running = asyncio.create_task(run(context))
        await stubborn.wait()
        running.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait([running])
        assert running.cancelled() is not swallowed


async def test_a_task_group_closes_the_clients_of_a_server_that_goes_on() -> None:
    """What the seeds' correction would be: uvicorn does not stop when its lifespan fails."""
    work = Work()
    work.error = RuntimeError("no more rates")

    @asynccontextmanager
    async def grouped(app: FastAPI) -> AsyncIterator[None]:
        async with httpx2.AsyncClient() as app.state.rates, asyncio.TaskGroup() as group:
            group.create_task(work())
            yield

    @asynccontextmanager
    async def ours(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            app.state.rates = await stack.enter_async_context(httpx2.AsyncClient())
            await stack.enter_async_context(tasks.background(work, app.state.stop))
            yield

    for lifespan, goes_on in ((grouped, True), (ours, False)):
        app = FastAPI(lifespan=lifespan)
        stopped = app.state.stopped = asyncio.Event()
        app.state.stop = stopped.set

        @app.get("/closed")
        async def is_closed(request: Request) -> bool:
            return bool(request.app.state.rates.is_closed)

        work.go_on.clear()
        work.ended.clear()
        async with served(app, lifespan="on") as (_, url), httpx2.AsyncClient() as client:
            assert (await client.get(f"{url}/closed")).json() is False
            work.go_on.set()
            await work.ended.wait()
            for _ in range(5):
                await asyncio.sleep(0)
            assert (await client.get(f"{url}/closed")).json() is goes_on
            assert stopped.is_set() is not goes_on


MAIN = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI
from background import background

async def refresh_rates():
    await go_on.wait()
    raise RuntimeError("no more rates")

@asynccontextmanager
async def lifespan(app):
    global go_on
    go_on = asyncio.Event()
    async with background(refresh_rates):
        yield
    print("the lifespan ended", flush=True)

def create_app():
    app = FastAPI(lifespan=lifespan)
    app.post("/fail", status_code=204)(fail)
    return app

async def fail() -> None:
    go_on.set()
"""


def test_a_server_whose_background_task_died_stops_as_on_sigterm(tmp_path: Path) -> None:
    where = "python-backend/references/application.md#background-tasks"
    (tmp_path / "background.py").write_text(python_sections()[where], encoding="utf-8")
    (tmp_path / "main.py").write_text(MAIN, encoding="utf-8")
    options = ["--factory", "main:create_app", "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "uvicorn", *options],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        try:
            url = next(line.split()[4] for line in process.stdout if "running on" in line)
            httpx2.post(f"{url}/fail", timeout=10)
            said = process.stdout.read()
            assert process.wait(10) == -signal.SIGTERM
        finally:
            process.kill()
    assert "RuntimeError: no more rates" in said
    assert "the lifespan ended" in said
