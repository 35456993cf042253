"""Apps of the skills, reached in memory or served on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, TypedDict, Unpack

import httpx2
import uvicorn
from fastapi import FastAPI


def asgi(app: FastAPI, *, raises: bool = True) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=raises)
    return httpx2.AsyncClient(transport=transport, base_url="http://test")


class Options(TypedDict, total=False):
    """What a test asks of uvicorn."""

    lifespan: Literal["on"]
    timeout_graceful_shutdown: int


@asynccontextmanager
async def served(
    app: FastAPI, **options: Unpack[Options]
) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """Serve an app on loopback, in this loop."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, **options))
    serving = asyncio.create_task(server._serve())  # noqa: SLF001 - `serve` takes signals
    async with asyncio.timeout(10):
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving
