"""Clients, engines and pools that are made anew for each request."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.client_per_call import RULE
from tests.rules.cases import hits

HITS = {
    "a route": """
        import httpx
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/rates")
        async def rates():
            async with httpx.AsyncClient() as client:  # hit
                return (await client.get("https://rates.example/latest")).json()
    """,
    "an engine for a route": """
        from fastapi import FastAPI
        from sqlalchemy import create_engine as engine_for
        app = FastAPI()
        @app.get("/orders")
        def orders():
            engine = engine_for(URL)  # hit
            with engine.connect() as connection:
                return connection.execute(ORDERS).all()
    """,
    "a dependency": """
        from typing import Annotated
        from fastapi import APIRouter, Depends
        from app.clients import get_redis
        router = APIRouter()
        @router.get("/orders")
        async def orders(cache: Annotated[object, Depends(get_redis)]): ...
        # file: app/clients.py
        from redis import asyncio as aioredis
        async def get_redis():
            cache = aioredis.from_url(URL)  # hit
            try:
                yield cache
            finally:
                await cache.aclose()
    """,
    "a method of a service": """
        from aiohttp import ClientSession
        class RateService:
            async def latest(self, currency: str):
                if currency:
                    async with ClientSession() as session:  # hit
                        return await session.get(f"https://rates.example/{currency}")
    """,
    "a function of the services": """
        # file: app/services/rates.py
        from app.http import Client
        async def latest(currency):
            async with Client(base_url=BASE, timeout=5) as client:  # hit
                return await client.get(currency)
        # file: app/http.py
        from httpx import AsyncClient as Client
    """,
    "a middleware": """
        import redis.asyncio as redis
        from fastapi import FastAPI
        app = FastAPI()
        @app.middleware("http")
        async def limit(request, call_next):
            store = redis.Redis(**{"host": "cache"})  # hit
            await store.incr(request.client.host)
            return await call_next(request)
    """,
    "partial": """
        import functools, httpx
        from fastapi import FastAPI
        app = FastAPI()
        client_of = functools.partial(httpx.AsyncClient, timeout=5)
        @app.get("/rates")
        async def rates():
            client = client_of()  # hit
            answer = await client.get("https://rates.example/latest")
            await client.aclose()
            return answer.json()
    """,
}
CLEAN = {
    "a lifespan": """
        from contextlib import asynccontextmanager
        import httpx
        @asynccontextmanager
        async def lifespan(app):
            async with httpx.AsyncClient() as client:
                app.state.client = client
                yield
    """,
    "kept by an object": """
        import httpx
        class RateService:
            def __init__(self):
                self.client = httpx.AsyncClient()
            async def reset(self):
                self.client = httpx.AsyncClient()
    """,
    "a factory": """
        import httpx
        class RateClient:
            async def client(self):
                made = httpx.AsyncClient()
                return made
    """,
    "made once": """
        import functools, redis.asyncio
        from fastapi import Depends, FastAPI
        app = FastAPI()
        @functools.lru_cache
        def get_redis():
            return redis.asyncio.from_url(URL)
        @app.get("/")
        async def home(cache=Depends(get_redis)): ...
    """,
    "made when there is none": """
        import httpx
        class RateService:
            async def latest(self, client=None):
                owned = client is None
                if client is None:
                    client = httpx.AsyncClient()
                return await client.get("https://rates.example")
    """,
    "a transport of its own": """
        import httpx
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/preview")
        async def preview(url: str):
            async with httpx.AsyncClient(transport=Guarded(url)) as client:
                return (await client.get(url)).text
    """,
    "addresses that others chose": """
        import httpx
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/preview")
        async def preview(url: str):
            async with httpx.AsyncClient() as client:
                return (await client.get(url)).text
    """,
    "a job": """
        # file: app/services/telemetry.py
        import httpx
        async def send():
            async with httpx.AsyncClient() as client:
                await client.post("https://telemetry.example", json={})
    """,
    "the project's own client": """
        from fastapi import FastAPI
        from app.httpx import AsyncClient
        app = FastAPI()
        @app.get("/rates")
        async def rates():
            async with AsyncClient() as client:
                return await client.get("/latest")
        # file: app/httpx.py
        class AsyncClient: ...
    """,
    "a test": """
        # file: tests/test_rates.py
        import httpx
        class RateService:
            async def test_latest(self):
                async with httpx.AsyncClient() as client:
                    await client.get("https://rates.example")
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [*CLEAN.values(), RULE.right], ids=[*CLEAN, "right"])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_hits_its_own_example(tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, RULE.wrong)
    assert len(found) == 1
