"""Retries that have no limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.retry_forever import RULE
from tests.rules.cases import hits

HITS = {
    "what waits for another, without a pause": """
        from tenacity import retry, wait_fixed
        @retry  # hit
        def connect(): ...
        @retry(wait=wait_fixed(1))  # hit
        def run_query(): ...
    """,
    "no stop": """
        from tenacity import retry, wait_fixed
        @retry(wait=wait_fixed(1))  # hit
        def fetch(): ...
    """,
    "bare": """
        import tenacity
        class Gateway:
            @property
            @tenacity.retry  # hit
            def state(self): ...
    """,
    "a loop": """
        import tenacity as t
        async def fetch():
            async for attempt in t.AsyncRetrying(wait=t.wait_fixed(1)):  # hit
                with attempt:
                    pass
    """,
    "options without": """
        from tenacity import Retrying
        OPTIONS = dict(reraise=True)
        retrying = Retrying(**OPTIONS)  # hit
    """,
    "through the project's own module": """
        from app.retries import again
        @again(reraise=True)  # hit
        def fetch(): ...
        # file: app/retries.py
        from tenacity import retry as again
    """,
    "partial": """
        import functools
        from tenacity import retry, wait_fixed
        again = functools.partial(retry, wait=wait_fixed(1))
        @again()  # hit
        def fetch(): ...
    """,
    "backoff": """
        import backoff
        @backoff.on_exception(backoff.expo, OSError)  # hit
        def fetch(): ...
    """,
    "wrapped": """
        from tenacity import retry
        def fetch(): ...
        steady = retry(fetch)  # hit
    """,
}
CLEAN = {
    "what waits for an end, as its name says": """
        from tenacity import retry, wait_exponential
        @retry(wait=wait_exponential(max=30), reraise=True)
        def wait_for_statement(statement): ...
    """,
    "what waits for another to come": """
        from tenacity import AsyncRetrying, retry, wait_fixed
        @retry(wait=wait_fixed(5))
        async def _run_until_terminated(): ...
        async def load_initial_state():
            async for attempt in AsyncRetrying(wait=wait_fixed(5)):
                with attempt:
                    await load()
    """,
    "bounded": """
        from tenacity import retry, stop_after_attempt
        @retry(stop=stop_after_attempt(3))
        def fetch(): ...
    """,
    "meant, and said": """
        from tenacity import retry, stop_never
        @retry(stop=stop_never)
        def consume(): ...
    """,
    "by place": """
        import asyncio
        from tenacity import AsyncRetrying, stop_after_delay
        retrying = AsyncRetrying(asyncio.sleep, stop_after_delay(10))
    """,
    "partial with it": """
        from functools import partial
        from tenacity import retry, stop_after_attempt
        again = partial(retry, stop=stop_after_attempt(3))
        @again(reraise=True)
        def fetch(): ...
    """,
    "options that nobody can read": """
        from tenacity import retry
        def steady(**options):
            return retry(**options)
    """,
    "the project's own": """
        from app.retries import retry
        @retry
        def fetch(): ...
        @retry()
        def load(): ...
        # file: app/retries.py
        def retry(*given): ...
    """,
    "backoff with a limit": """
        import backoff
        @backoff.on_exception(backoff.expo, OSError, max_time=10)
        def fetch(): ...
    """,
    "a consumer, which has no end": """
        from tenacity import retry, wait_fixed
        @retry(wait=wait_fixed(5))
        async def consume(queue):
            while True:
                await handle(await queue.get())
    """,
    "stamina ends by itself": """
        import stamina
        @stamina.retry(on=OSError)
        def load(): ...
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
