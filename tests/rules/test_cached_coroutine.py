"""Caches that keep a coroutine."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.cached_coroutine import RULE
from tests.rules.cases import hits

HITS = {
    "lru_cache": """
        from functools import lru_cache as once
        @once(maxsize=8)  # hit
        async def keys(url): ...
    """,
    "cache": """
        import functools as f
        @f.cache  # hit
        async def keys(url): ...
    """,
    "a property": """
        from functools import cached_property
        class Order:
            @cached_property  # hit
            async def customer(self):
                return await load(self.customer_id)
    """,
    "re-exported": """
        from app.caching import remember
        class Keys:
            @staticmethod
            @remember  # hit
            async def load(): ...
        # file: app/caching.py
        from functools import cache as remember
    """,
    "by a call": """
        from functools import lru_cache
        async def load(url): ...
        keys = lru_cache(maxsize=8)(load)  # hit
    """,
    "between others": """
        import functools
        from app.tracing import traced
        @traced
        @functools.lru_cache  # hit
        @traced
        async def load(url): ...
        # file: app/tracing.py
        def traced(function):
            return function
    """,
    "django's": """
        from django.utils.functional import cached_property
        class View:
            @cached_property  # hit
            async def account(self): ...
    """,
    "a cache of its own": """
        from cachetools import TTLCache, cached
        @cached(TTLCache(8, 60))  # hit
        async def load(url): ...
    """,
}
CLEAN = {
    "async-lru": """
        from async_lru import alru_cache
        @alru_cache(maxsize=8)
        async def keys(url): ...
    """,
    "a synchronous function": """
        from functools import cache
        @cache
        def keys(url): ...
    """,
    "a task, which can be awaited again": """
        import asyncio, functools
        def shared(function):
            @functools.wraps(function)
            def start(*args):
                return asyncio.ensure_future(function(*args))
            return start
        @functools.cache
        @shared
        async def load(url): ...
    """,
    "another package makes something of it": """
        from functools import cached_property
        from awaiting import reusable
        class Order:
            @cached_property
            @reusable
            async def customer(self): ...
    """,
    "a plain property": """
        class Order:
            @property
            async def customer(self): ...
    """,
    "the project's own cache": """
        from app.functools import cache
        @cache
        async def load(url): ...
        # file: app/functools.py
        def cache(function): ...
    """,
    "a method of a cached factory": """
        from functools import lru_cache
        @lru_cache
        def settings():
            async def load(): ...
            return load
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
