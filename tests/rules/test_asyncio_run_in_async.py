"""Event loops that are started inside a running one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.asyncio_run_in_async import RULE
from tests.rules.cases import hits

HITS = {
    "at once": """
        import asyncio
        async def handler():
            return asyncio.run(work())  # hit
    """,
    "under another name": """
        from asyncio import run as start
        async def handler():
            if ready:
                return start(work())  # hit
    """,
    "until complete": """
        import asyncio
        async def handler():
            loop = asyncio.new_event_loop()
            return loop.run_until_complete(work())  # hit
    """,
    "a runner": """
        import asyncio
        async def handler():
            with asyncio.Runner() as runner:
                runner.run(work())  # hit
    """,
    "through a function": """
        import asyncio
        def rate():
            return asyncio.run(fetch())
        async def quote():
            return 2 * rate()  # hit
    """,
    "through a function of another module, and one more": """
        from app.rates import rate as current
        async def quote():
            with timed():
                return current()  # hit
        # file: app/rates.py
        import asyncio
        def rate():
            return _wait(fetch())
        def _wait(coroutine):
            return asyncio.run(coroutine)
    """,
    "through a method": """
        import asyncio
        class Rates:
            def rate(self):
                loop = asyncio.get_event_loop()
                return loop.run_until_complete(self.fetch())
            async def fetch(self): ...
            async def quote(self):
                return self.rate()  # hit
    """,
    "anyio": """
        import anyio
        async def handler():
            anyio.run(work)  # hit
    """,
    "a property": """
        import asyncio
        class Rates:
            @property
            def latest(self):
                return asyncio.run(self.load())
            async def load(self): ...
            async def show(self):
                return self.latest  # hit
    """,
    "a constructor": """
        import asyncio
        class Rates:
            def __init__(self):
                self.latest = asyncio.run(load())
        async def show():
            return Rates().latest  # hit
    """,
    "where something is configured": """
        import asyncio
        from app import config
        class Session:
            def config(self):
                if config.code.profiles:
                    try:
                        return asyncio.get_event_loop().run_until_complete(config.code.profiles())
                    except Exception:
                        pass
                return None
            async def connect(self):
                return self.config()  # hit
        # file: app/config.py
        code = None
    """,
}
CLEAN = {
    "awaited": """
        async def handler():
            return await work()
    """,
    "from outside": """
        import asyncio
        def main():
            asyncio.run(work())
        if __name__ == "__main__":
            asyncio.run(work())
    """,
    "in a thread": """
        import asyncio
        def rate():
            return asyncio.run(fetch())
        async def quote():
            return await asyncio.to_thread(rate)
        async def other():
            return await asyncio.to_thread(lambda: rate())
        async def third():
            return await asyncio.to_thread(asyncio.run, fetch())
    """,
    "asks first": """
        import asyncio
        def rate():
            try:
                asyncio.get_running_loop()
            except RuntimeError:
                return asyncio.run(fetch())
            raise RuntimeError("await fetch() instead")
        async def quote():
            return rate()
    """,
    "the error is wanted": """
        import asyncio
        async def probe():
            try:
                asyncio.run(work())
            except RuntimeError:
                return True
    """,
    "another method of the name": """
        class Machine:
            def run_until_complete(self): ...
        async def handler():
            Machine().run_until_complete()
    """,
    "only defined": """
        import asyncio
        async def handler():
            def later():
                asyncio.run(work())
            return later
    """,
    "a task of a queue": """
        import asyncio
        from celery import shared_task
        @shared_task
        def send():
            asyncio.run(work())
        async def handler():
            send.delay()
    """,
    "nested loops are allowed": """
        import asyncio, nest_asyncio
        nest_asyncio.apply()
        async def handler():
            asyncio.run(work())
    """,
    "the project's own asyncio": """
        from app import asyncio
        async def handler():
            asyncio.run(work())
        # file: app/asyncio.py
        def run(work): ...
    """,
    "who calls says whether a loop runs": """
        import asyncio
        def send(message, options):
            if options.run:
                asyncio.run(message.send())
        async def handler(message, options):
            send(message, options)
    """,
    "an object that knows how it runs": """
        import asyncio
        class Client:
            def send(self):
                if self.is_sync:
                    asyncio.run(work())
            async def handler(self):
                self.send()
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
