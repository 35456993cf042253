"""Retries on builtin exceptions around clients that raise their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.retry_never_matches import RULE
from tests.rules.cases import hits

HITS = {
    "httpx": """
        import httpx
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type((ConnectionError, TimeoutError)))  # hit
        async def fetch(client: httpx.AsyncClient, url: str) -> bytes:
            return (await client.get(url)).content
    """,
    "aliases, and a client on self": """
        import tenacity as t
        import httpx as http
        import asyncio
        TRANSIENT = (ConnectionError, asyncio.TimeoutError)
        class Gateway:
            def __init__(self) -> None:
                self.http = http.Client()
            @t.retry(wait=t.wait_fixed(1), retry=t.retry_if_exception_type(TRANSIENT))  # hit
            def fetch(self, url):
                return self.http.get(url)
    """,
    "requests raises OSError only": """
        import requests
        from backoff import expo, on_exception
        @on_exception(expo, (ConnectionError, TimeoutError), max_tries=3)  # hit
        def fetch(url):
            return requests.get(url, timeout=5)
    """,
    "redis, by options": """
        import stamina
        from redis.asyncio import Redis
        OPTIONS = {"on": ConnectionError, "attempts": 3}
        @stamina.retry(**OPTIONS)  # hit
        async def read(key: str, redis: Redis) -> bytes | None:
            return await redis.get(key)
    """,
    "a loop": """
        import httpx
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
        async def fetch(url):
            async for attempt in AsyncRetrying(  # hit
                stop=stop_after_attempt(3), retry=retry_if_exception_type(OSError)
            ):
                with attempt:
                    async with httpx.AsyncClient() as client:
                        return await client.get(url)
    """,
    "a policy of its own, and the call in a helper": """
        import httpx
        from tenacity import retry, retry_if_exception_type
        transient = retry(  # hit
            retry=retry_if_exception_type(ConnectionError) | retry_if_exception_type(TimeoutError)
        )
        @transient
        def fetch(url):
            return load(url)
        def load(url):
            return httpx.get(url)
    """,
    "a policy of another module": """
        import httpx
        from app.policies import transient
        @transient  # hit
        def fetch(url):
            return httpx.get(url)
        # file: app/policies.py
        from tenacity import retry, retry_if_exception_type
        transient = retry(retry=retry_if_exception_type(ConnectionError))
    """,
    "a method that is given": """
        import redis
        from tenacity import Retrying, retry_if_exception_type
        client = redis.Redis()
        def read(key):
            return Retrying(retry=retry_if_exception_type(ConnectionError))(client.get, key)  # hit
    """,
    "a task": """
        import httpx
        from celery import shared_task
        @shared_task(autoretry_for=(ConnectionError,), retry_backoff=True)  # hit
        def notify(url):
            httpx.post(url).raise_for_status()
    """,
    "partial": """
        import functools, httpx, tenacity
        again = functools.partial(
            tenacity.retry, retry=tenacity.retry_if_exception_type(TimeoutError)
        )
        @again(stop=tenacity.stop_after_attempt(2))  # hit
        def fetch(url):
            return httpx.get(url)
    """,
}
CLEAN = {
    "the library's own": """
        import httpx
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type((httpx.TransportError, ConnectionError)))
        def fetch(url):
            return httpx.get(url)
    """,
    "requests' errors are OSErrors": """
        import requests
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(OSError))
        def fetch(url):
            return requests.get(url)
    """,
    "the library's name of the same spelling": """
        from redis import ConnectionError, Redis
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(ConnectionError))
        def read(redis: Redis, key):
            return redis.get(key)
    """,
    "aiohttp times out with the builtin": """
        import asyncio, aiohttp
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(asyncio.TimeoutError))
        async def fetch(session: aiohttp.ClientSession, url):
            return await session.get(url)
    """,
    "a timeout around it": """
        import asyncio, httpx
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(TimeoutError))
        async def fetch(client: httpx.AsyncClient, url):
            async with asyncio.timeout(3):
                return await client.get(url)
    """,
    "translated": """
        import httpx
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(ConnectionError))
        def fetch(url):
            try:
                return httpx.get(url)
            except httpx.TransportError as error:
                raise ConnectionError(url) from error
    """,
    "translated to a class of the project": """
        import httpx
        from tenacity import retry, retry_if_exception_type
        from app.errors import Unreachable
        @retry(retry=retry_if_exception_type(ConnectionError))
        def fetch(url):
            try:
                return httpx.get(url)
            except httpx.TransportError as error:
                raise Unreachable(url) from error
        # file: app/errors.py
        class Unreachable(ConnectionError): ...
    """,
    "a socket": """
        import socket
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(ConnectionError))
        def reach(host):
            socket.create_connection((host, 80)).close()
    """,
    "whatever it raises": """
        import httpx
        from tenacity import retry, stop_after_attempt
        @retry(stop=stop_after_attempt(3))
        def fetch(url):
            return httpx.get(url)
    """,
    "the project's own httpx": """
        from app import httpx
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(ConnectionError))
        def fetch(url):
            return httpx.get(url)
        # file: app/httpx.py
        def get(url): ...
    """,
    "nobody knows what it calls": """
        from tenacity import retry, retry_if_exception_type
        @retry(retry=retry_if_exception_type(ConnectionError))
        def fetch(client, url):
            return client.get(url)
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", [RULE.right, *CLEAN.values()], ids=["right", *CLEAN])
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found


def test_names_in_a_circle(tmp_path: Path) -> None:
    found, _ = hits(
        RULE,
        tmp_path,
        """
        import httpx, tenacity
        A = (ConnectionError, B)
        B = (TimeoutError, A)
        C = C | A
        @tenacity.retry(retry=tenacity.retry_if_exception_type(A) | C)
        def fetch(url):
            return httpx.get(url)
        """,
    )
    assert not found
