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
    "methods of a service": """
        from aiohttp import ClientSession
        class RateService:
            def __init__(self, base):
                address = base or settings.rates
                self._base = f"{address}/v1"
            async def latest(self, currency: str):
                if currency:
                    async with ClientSession() as session:  # hit
                        return await session.get(f"{self._base}/{currency}")
            async def drop(self, currency: str):
                async with ClientSession() as session:
                    return await session.delete(f"{self._base}/{currency}")
    """,
    "a function that a route calls": """
        # file: app/services/rates.py
        from app.http import Client
        async def latest(currency):
            async with Client(base_url=BASE, timeout=5) as client:  # hit
                return await client.get(currency)
        async def rate(currency):
            return (await latest(currency))["rate"]
        # file: app/http.py
        from httpx import AsyncClient as Client
        # file: app/api.py
        from fastapi import APIRouter
        from app.services import rates
        router = APIRouter()
        @router.get("/rates")
        async def show(currency: str):
            return await rates.rate(currency)
    """,
    "either of two calls": """
        import httpx
        from fastapi import APIRouter
        from app.config import settings
        router = APIRouter()
        @router.get("/rates")
        async def rates(day: str | None = None):
            async with httpx.AsyncClient() as client:  # hit
                if day:
                    answer = await client.get(f"{settings.rates}/{day}")
                else:
                    answer = await client.get(settings.rates + "/latest")
            return answer.json()
        @router.get("/days")
        async def days():
            async with httpx.AsyncClient() as client:
                return (await client.get(settings.rates)).json()
    """,
    "a new one for each turn": """
        import httpx
        from fastapi import APIRouter
        router = APIRouter()
        @router.get("/rates")
        async def rates(currencies: list[str]):
            for one in currencies:
                async with httpx.AsyncClient() as client:  # hit
                    await client.get("https://rates.example/" + one)
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
    "a middleware and an endpoint as classes": """
        import httpx
        from starlette.endpoints import HTTPEndpoint
        from starlette.middleware.base import BaseHTTPMiddleware
        class Limit(BaseHTTPMiddleware):
            async def dispatch(self, request, call_next):
                async with httpx.AsyncClient() as client:  # hit
                    await client.post("https://limits.example", json={})
                return await call_next(request)
        class Rates(HTTPEndpoint):
            async def get(self, request):
                async with httpx.AsyncClient() as client:  # hit
                    return await client.get("https://rates.example")
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
    "given, or its own": """
        import httpx
        from fastapi import FastAPI
        app = FastAPI()
        async def latest(client: httpx.AsyncClient | None = None):
            if client is not None:
                return await client.get("https://rates.example")
            async with httpx.AsyncClient() as owned:
                return await owned.get("https://rates.example")
        @app.get("/rates")
        async def rates():
            return await latest()
    """,
    "kept where there is one": """
        import httpx
        class RateClient:
            async def latest(self):
                if self._client:
                    return await self._client.get("https://rates.example")
                async with httpx.AsyncClient() as client:
                    return await client.get("https://rates.example")
            async def former(self):
                if self._client is not None:
                    return await self._client.get("https://rates.example/former")
                async with httpx.AsyncClient() as client:
                    return await client.get("https://rates.example/former")
    """,
    "a login": """
        import httpx
        class GithubOAuthProvider:
            async def get_token(self, code):
                async with httpx.AsyncClient() as client:
                    return await client.post("https://github.example/token", data=code)
            async def get_user(self, token):
                async with httpx.AsyncClient() as client:
                    return await client.get("https://github.example/user")
    """,
    "several calls": """
        import httpx
        from fastapi import FastAPI
        app = FastAPI()
        @app.get("/rates")
        async def rates():
            async with httpx.AsyncClient(base_url="https://rates.example") as client:
                token = await client.post("/token")
                return (await client.get("/latest", params=token.json())).json()
        @app.get("/pages")
        async def pages():
            async with httpx.AsyncClient(base_url="https://rates.example") as client:
                return [await client.get("/pages", params={"at": one}) for one in range(9)]
        @app.get("/all")
        async def everything():
            async with httpx.AsyncClient() as client:
                async with client.stream("GET", "https://rates.example/all") as answer:
                    return [line async for line in answer.aiter_lines()]
    """,
    "a host of a customer": """
        import httpx
        from fastapi import FastAPI
        app = FastAPI()
        @app.post("/hooks/{number}")
        async def hook(number: int):
            found = await find(number)
            async with httpx.AsyncClient(base_url=f"https://{found.host}") as client:
                await client.post("/hook")
            async with httpx.AsyncClient() as other:
                await other.post(f"{found.address}/hook")
    """,
    "an address that callers may choose": """
        import httpx
        from fastapi import APIRouter
        from app.config import settings
        router = APIRouter()
        @router.get("/rates")
        async def rates(url: str | None = None):
            if url is None:
                url = settings.rates
            async with httpx.AsyncClient() as client:
                return (await client.get(url)).json()
    """,
    "a database of a customer": """
        from fastapi import FastAPI
        from sqlalchemy import create_engine
        app = FastAPI()
        @app.post("/sources")
        def tables(source: Source):
            engine = create_engine(source.url)
            return engine.connect().execute(TABLES).all()
    """,
    "nobody asks": """
        # file: app/services/rates.py
        import httpx
        async def latest():
            async with httpx.AsyncClient() as client:
                return await client.get("https://rates.example")
    """,
    "an evaluation": """
        # file: evaluation/client.py
        import httpx
        class RunClient:
            async def run(self):
                async with httpx.AsyncClient() as client:
                    return await client.get("https://runs.example")
            async def task(self):
                async with httpx.AsyncClient() as client:
                    return await client.get("https://runs.example/task")
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
