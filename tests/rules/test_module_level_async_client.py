"""Asyncio clients that are made at import, and that nobody closes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.module_level_async_client import RULE
from tests.rules.cases import hits

HITS = {
    "a client": """
        import httpx
        client = httpx.AsyncClient()  # hit
    """,
    "Redis from an address": """
        from redis import asyncio as aioredis
        from app.config import settings
        try:
            cache: aioredis.Redis = aioredis.from_url(settings.redis_url)  # hit
        except ValueError:
            cache = None
    """,
    "a function that makes it": """
        from app.http import make
        client = make()  # hit
        # file: app/http.py
        import httpx
        def make():
            return httpx.AsyncClient(timeout=5)
    """,
    "an attribute of a class": """
        from redis.asyncio import Redis as Store
        class Limits:
            store = Store.from_url("redis://cache")  # hit
    """,
    "through the project's own module": """
        from app.http import Session
        session = Session(**{"raise_for_status": True})  # hit
        # file: app/http.py
        from aiohttp import ClientSession as Session
    """,
    "a class of the project": """
        from app.http import RateClient
        rates = RateClient()  # hit
        # file: app/http.py
        import httpx
        class RateClient(httpx.AsyncClient): ...
    """,
    "a default": """
        import httpx
        async def latest(client=httpx.AsyncClient()):  # hit
            return await client.get("https://rates.example")
    """,
    "a pool and its client": """
        import redis.asyncio as redis
        pool = redis.ConnectionPool.from_url("redis://cache")  # hit
        cache = redis.Redis(connection_pool=pool)
    """,
    "another is closed": """
        import httpx
        client = httpx.AsyncClient()  # hit
        async def ask():
            client = httpx.AsyncClient()
            try:
                return await client.get("https://rates.example")
            finally:
                await client.aclose()
    """,
}
CLEAN = {
    "closed in a lifespan": """
        from contextlib import asynccontextmanager
        from app.http import client
        @asynccontextmanager
        async def lifespan(app):
            yield
            await client.aclose()
        # file: app/http.py
        import httpx
        client = httpx.AsyncClient()
    """,
    "closed by its module": """
        import redis.asyncio
        cache = redis.asyncio.from_url("redis://cache")
        async def stop():
            await cache.close()
    """,
    "entered in a lifespan": """
        from app import http
        async def lifespan(app):
            async with http.client:
                yield
        # file: app/http.py
        import httpx
        client = httpx.AsyncClient()
    """,
    "made when it is asked for": """
        import functools, httpx
        @functools.cache
        def client():
            return httpx.AsyncClient()
        make = lambda: httpx.AsyncClient()
    """,
    "a sync client": """
        import httpx, redis
        client = httpx.Client()
        cache = redis.Redis()
    """,
    "run by hand": """
        import httpx
        if __name__ == "__main__":
            client = httpx.AsyncClient()
    """,
    "the project's own": """
        from app.http import AsyncClient
        client = AsyncClient()
        # file: app/http.py
        class AsyncClient: ...
    """,
    "a test": """
        # file: tests/test_rates.py
        import httpx
        client = httpx.AsyncClient()
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
