"""Shared values that are read before an await and written after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.check_then_act_across_await import RULE
from tests.rules.cases import hits

HITS = {
    "a global that is made late": """
        pool = None
        async def get_pool():
            global pool
            if pool is None:
                pool = await connect()  # hit
            return pool
    """,
    "left early": """
        client: Client | None = None
        async def get_client():
            global client
            if client is not None:
                return client
            settings = await load()
            client = Client(settings)  # hit
            return client
    """,
    "counted across an await": """
        class Meter:
            async def add(self, order):
                self.total += await price(order)  # hit
    """,
    "summed across an await": """
        class Meter:
            async def add(self, order):
                self.total = self.total + await price(order)  # hit
    """,
    "an old copy": """
        class Account:
            async def charge(self, amount):
                balance = self.balance
                await self.record(amount)
                self.balance = balance - amount  # hit
    """,
    "waits, and does not look again": """
        from asyncio import sleep as pause
        class Limiter:
            async def acquire(self):
                if self.tokens < 1:
                    await pause(self.delay)
                self.tokens -= 1  # hit
    """,
    "an object that knows of others": """
        import asyncio
        class Broker:
            def __init__(self):
                self.lock = asyncio.Lock()
                self.channel = None
            async def current(self):
                if self.channel is None:
                    self.channel = await self.dial()  # hit
                return self.channel
    """,
    "one object for all": """
        class Store:
            held = None
            async def current(self):
                if self.held is None or self.held.closed:
                    settings = await load()
                    self.held = create_engine(settings)  # hit
                return self.held
        store = Store()
    """,
    "a class for all": """
        class Pool:
            held = None
            @classmethod
            async def get(cls):
                if not cls.held:
                    cls.held = await connect()  # hit
                return cls.held
    """,
    "a start that others make on their way": """
        import asyncpg
        class Layer:
            def __init__(self):
                self.pool = None
            async def connect(self):
                if not self.pool:
                    self.pool = await asyncpg.create_pool("db")  # hit
            async def run(self, query):
                await self.query(query)
            async def query(self, query):
                if not self.pool:
                    await self.connect()
                return await self.pool.fetch(query)
        layer = Layer()
    """,
    "what it awaits has a lock for something else": """
        import asyncio
        class Socket:
            def __init__(self):
                self.client = None
                self._lock = asyncio.Lock()
            async def ensure(self):
                if self.client is None:
                    self.client = await self._open()  # hit
            async def _open(self):
                async with self._lock:
                    return await connect()
    """,
}
CLEAN = {
    "under a lock": """
        import asyncio
        pool = None
        opening = asyncio.Lock()
        async def get_pool():
            global pool
            async with opening:
                if pool is None:
                    pool = await connect()
                return pool
    """,
    "callers hold the lock": """
        class Store:
            async def current(self):
                async with self._lock:
                    return await self._make()
            async def _make(self):
                if self.client is None:
                    self.client = await connect()
                return self.client
        store = Store()
    """,
    "awaited first": """
        class Meter:
            async def add(self, order):
                cost = await price(order)
                self.total += cost
    """,
    "looks again": """
        import asyncio
        class Limiter:
            async def acquire(self):
                while self.tokens < 1:
                    await asyncio.sleep(self.delay)
                self.tokens -= 1
    """,
    "an object of one task": """
        class Request:
            async def json(self):
                if self._json is None:
                    self._json = parse(await self.body())
                return self._json
    """,
    "closes": """
        client = None
        async def close():
            global client
            if client is not None:
                await client.aclose()
                client = None
    """,
    "a local": """
        async def total(orders):
            sum = 0
            for order in orders:
                sum += await price(order)
            return sum
    """,
    "no await between": """
        pool = None
        async def get_pool():
            global pool
            if pool is None:
                pool = Pool()
            await pool.ready()
            return pool
    """,
    "checks twice": """
        pool = None
        async def get_pool():
            global pool
            if pool is None:
                fresh = await connect()
                if pool is None:
                    pool = fresh
            return pool
    """,
    "data that does no harm twice": """
        user_id = None
        async def get_user_id():
            global user_id
            if user_id is None:
                user_id = await fetch()
            return user_id
    """,
    "a cache that is fresh for a while": """
        balance = None
        async def get_balance(now):
            global balance
            if balance is not None and now - balance.at < 30:
                return balance
            balance = await fetch()
            return balance
    """,
    "restored": """
        class Job:
            async def run(self):
                before = self.state
                await self.work()
                self.state = before
    """,
    "what it awaits checks again under a lock": """
        import asyncio
        class Socket:
            def __init__(self):
                self.client = None
                self._lock = asyncio.Lock()
            async def ensure(self):
                if not self.client or not self.client.connected:
                    self.client = await self._open()
            async def _open(self):
                async with self._lock:
                    if self.client is not None and self.client.connected:
                        return self.client
                    return await connect()
    """,
    "a start that only the start makes": """
        import asyncpg
        class Layer:
            def __init__(self):
                self.pool = None
            async def connect(self):
                if not self.pool:
                    self.pool = await asyncpg.create_pool("db")
            async def start(self):
                if not self.pool:
                    await self.connect()
        layer = Layer()
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
