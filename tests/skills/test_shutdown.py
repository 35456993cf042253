"""How a service says that it can work, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from tests.skills.blocks import load, text
from tests.skills.serving import asgi, served

probes = load("python-backend/references/application.md#health-and-readiness")


def probed(checks: dict[str, Any]) -> FastAPI:
    app = FastAPI()
    app.state.checks = checks
    app.include_router(probes.router)
    return app


async def fine() -> None:
    pass


PLACE = "db-7.internal:5432 refused"


async def fail() -> None:
    raise ConnectionRefusedError(PLACE)


async def hang() -> None:
    await asyncio.Event().wait()


async def test_readiness_names_what_failed_and_nothing_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passes = probes.passes
    monkeypatch.setattr(probes, "passes", lambda name, check, _: passes(name, check, 0.01))
    checks = {"database": fail, "cache": hang, "queue": fine}
    async with asyncio.timeout(10), asgi(probed(checks)) as client:
        answer = await client.get("/ready")
        assert answer.status_code == 503
        assert answer.json() == {"failed": ["database", "cache"]}
        assert (await client.get("/health")).status_code == 200
        checks.clear()
        assert (await client.get("/ready")).json() == {"failed": []}
    assert "db-7.internal" in caplog.text


def test_the_probes_are_not_in_the_schema_and_wait_for_no_thread() -> None:
    assert probed({}).openapi()["paths"] == {}
    assert all(asyncio.iscoroutinefunction(one) for one in (probes.health, probes.ready))


class Slow:
    """An app with a request that a test holds."""

    def __init__(self) -> None:
        self.inside, self.go_on = asyncio.Event(), asyncio.Event()
        self.order: list[str] = []

    def app(self) -> FastAPI:
        """Return the app."""

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            self.order.append("lifespan")

        app = FastAPI(lifespan=lifespan)
        app.get("/slow")(self.slow)
        return app

    async def slow(self) -> str:
        """Wait for the test."""
        self.inside.set()
        try:
            await self.go_on.wait()
        finally:
            self.order.append("request")
        return "done"


async def refused(url: str) -> None:
    """Return when nobody listens any more."""
    async with asyncio.timeout(10), httpx2.AsyncClient() as client:
        with suppress(httpx2.TransportError):
            while True:
                await client.get(f"{url}/openapi.json", headers={"connection": "close"})


async def test_a_server_that_stops_refuses_new_requests_and_ends_running_ones() -> None:
    slow = Slow()
    async with served(slow.app()) as (server, url), httpx2.AsyncClient() as client:
        running = asyncio.create_task(client.get(f"{url}/slow"))
        await slow.inside.wait()
        server.should_exit = True
        await refused(url)
        assert slow.order == []
        slow.go_on.set()
        assert (await running).json() == "done"
    assert slow.order == ["request", "lifespan"]


async def test_a_limit_ends_what_would_keep_the_server_for_ever() -> None:
    slow = Slow()
    app = slow.app()
    async with httpx2.AsyncClient() as client:
        async with served(app, timeout_graceful_shutdown=0) as (_, url):
            running = asyncio.create_task(client.get(f"{url}/slow"))
            await slow.inside.wait()
        await asyncio.wait([running])
        assert running.exception() or running.result().status_code == 500
    assert set(slow.order) == {"request", "lifespan"}


async def test_nobody_waits_for_what_a_handler_does_after_the_limit() -> None:
    inside, lifespan_ended, handler_ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        lifespan_ended.set()

    app = FastAPI(lifespan=lifespan)

    @app.get("/slow")
    async def slow() -> None:
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            await lifespan_ended.wait()
            handler_ended.set()

    async with asyncio.timeout(10), httpx2.AsyncClient() as client:
        async with served(app, timeout_graceful_shutdown=0) as (_, url):
            running = asyncio.create_task(client.get(f"{url}/slow"))
            await inside.wait()
        await handler_ended.wait()
        await asyncio.wait([running])
        assert running.exception() or running.result().status_code == 500


def test_the_command_names_options_that_uvicorn_has() -> None:
    command = text("python-backend/references/application.md#shutdown", "sh").split()
    assert command[:2] == ["exec", "uvicorn"]
    known = {option for one in uvicorn.main.params for option in one.opts}
    assert {word for word in command if word.startswith("--")} <= known
