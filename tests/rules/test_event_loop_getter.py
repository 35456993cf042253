"""Calls of `asyncio.get_event_loop` that provide for no missing loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.event_loop_getter import RULE
from tests.rules.cases import hits
from tests.semantic.asked import module

HITS = {
    "in a function": """
        import asyncio
        def main():
            loop = asyncio.get_event_loop()  # hit
            loop.run_until_complete(work())
    """,
    "in a coroutine": """
        from asyncio import get_event_loop as current
        async def load(path):
            return await current().run_in_executor(None, read, path)  # hit
    """,
    "in a constructor": """
        import asyncio as aio
        class Worker:
            def __init__(self, loop=None):
                self.loop = loop or aio.get_event_loop()  # hit
    """,
    "in a module": """
        import asyncio
        loop = asyncio.get_event_loop()  # hit
        loop.create_task(work())
    """,
    "through a module of the project": """
        from app.compat import loop_now
        def main():
            loop_now().run_forever()  # hit
        # file: app/compat.py
        from asyncio.events import get_event_loop as loop_now
    """,
    "whatever goes wrong": """
        import asyncio
        def main():
            try:
                loop = asyncio.get_event_loop()  # hit
                loop.run_until_complete(work())
            except Exception:
                log("failed")
    """,
    "once a function": """
        import asyncio
        async def wait():
            end = asyncio.get_event_loop().time() + 5  # hit
            while asyncio.get_event_loop().time() < end:
                await asyncio.sleep(1)
    """,
}
CLEAN = {
    "the running one": """
        import asyncio
        async def load(path):
            return await asyncio.get_running_loop().run_in_executor(None, read, path)
    """,
    "with one to fall back on": """
        import asyncio
        def loop():
            try:
                return asyncio.get_event_loop()
            except RuntimeError:
                return asyncio.new_event_loop()
    """,
    "the last resort": """
        import asyncio
        def loop():
            try:
                return asyncio.get_running_loop()
            except RuntimeError:
                return asyncio.get_event_loop()
    """,
    "for old Pythons": """
        import asyncio, sys
        def loop():
            if sys.version_info < (3, 10):
                return asyncio.get_event_loop()
            return asyncio.new_event_loop()
    """,
    "one that was set": """
        import asyncio
        def main():
            asyncio.set_event_loop(asyncio.new_event_loop())
            asyncio.get_event_loop().run_until_complete(work())
    """,
    "the project's own": """
        from app.loops import get_event_loop
        def main():
            get_event_loop().run_forever()
        # file: app/loops.py
        def get_event_loop(): ...
    """,
    "a test": """
        # file: tests/test_loop.py
        import asyncio
        def test_loop():
            asyncio.get_event_loop()
    """,
    "a class for old Pythons": """
        import asyncio, sys
        if sys.version_info >= (3, 13):
            from asyncio import as_completed
        else:
            class Completed:
                def __init__(self):
                    self.loop = asyncio.get_event_loop()
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


SAID = {
    "a coroutine calls it": (
        """
        import asyncio
        def config():
            return asyncio.get_event_loop().run_until_complete(profiles())
        async def connect():
            return config()
        """,
        "make `config` a coroutine",
    ),
    "it starts": (
        """
        import asyncio
        loop = asyncio.get_event_loop()
        loop.run_until_complete(work())
        """,
        "start the coroutine with `asyncio.run()`",
    ),
    "nobody knows who calls a method": (
        """
        import asyncio
        class Session:
            def config(self):
                return asyncio.get_event_loop().run_until_complete(profiles())
        """,
        "make this a coroutine",
    ),
    "it only uses one": (
        """
        import asyncio
        class Page:
            def __init__(self):
                self.loop = asyncio.get_event_loop()
            def later(self):
                self.loop.call_later(1, self.close)
        """,
        "for a loop that is used and not started",
    ),
    "nobody knows": (
        """
        import asyncio
        def loop():
            return asyncio.get_event_loop()
        """,
        "or take `get_running_loop()`",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), SAID.values(), ids=SAID)
def test_says_what_fits(text: str, wanted: str, tmp_path: Path) -> None:
    assert RULE.check is not None
    (hit,) = RULE.check(module(tmp_path, text))
    assert wanted in hit.message
