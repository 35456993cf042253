"""Coroutines that catch their cancellation and go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.swallowed_cancel import RULE
from tests.rules.cases import hits

HITS = {
    "in a loop": """
        import asyncio
        async def poll():
            while True:
                try:
                    await work()
                except asyncio.CancelledError:  # hit
                    log("interrupted")
    """,
    "with others, under another name": """
        from asyncio import CancelledError as Stopped, TimeoutError
        async def poll(queue):
            async for item in queue:
                try:
                    await handle(item)
                except (TimeoutError, Stopped):  # hit
                    continue
    """,
    "errors that a module names": """
        from app.errors import HARMLESS
        async def read(client):
            try:
                return await client.get("key")
            except HARMLESS:  # hit
                return None
        # file: app/errors.py
        import asyncio
        HARMLESS = (OSError, asyncio.CancelledError)
    """,
    "everything": """
        async def submit(order):
            try:
                await send(order)
            except BaseException as error:  # hit
                logger.exception("failed", exc_info=error)
    """,
    "bare": """
        class Worker:
            async def run(self):
                try:
                    async with self.session() as session:
                        await session.work()
                except:  # hit
                    self.failed += 1
    """,
    "suppressed in a loop": """
        import asyncio, contextlib
        async def poll():
            while running():
                with contextlib.suppress(asyncio.CancelledError):  # hit
                    await work()
                await asyncio.sleep(1)
    """,
    "a wait for something of its own": """
        import asyncio
        async def take(queue):
            while True:
                try:
                    item = await asyncio.wait_for(queue.get(), 1)
                    handle(item)
                except (asyncio.CancelledError, asyncio.TimeoutError):  # hit
                    pass
    """,
}
CLEAN = {
    "raised on": """
        import asyncio
        async def poll():
            while True:
                try:
                    await work()
                except asyncio.CancelledError:
                    log("stopping")
                    raise
    """,
    "the task that it cancelled": """
        import asyncio
        async def stop(tasks):
            for task in tasks:
                task.cancel()
                try:
                    await task
                except asyncio.CancelledError:
                    pass
    """,
    "the end of a task": """
        import asyncio
        async def poll():
            while True:
                try:
                    await work()
                except asyncio.CancelledError:
                    break
    """,
    "the end of a task, outside of its loop": """
        import asyncio
        async def poll():
            try:
                while True:
                    await work()
            except asyncio.CancelledError:
                log("stopped")
    """,
    "taken before": """
        import asyncio
        async def poll():
            while True:
                try:
                    await work()
                except asyncio.CancelledError:
                    raise
                except BaseException:
                    log("failed")
    """,
    "handed on": """
        async def run(future):
            try:
                future.set_result(await work())
            except BaseException as error:
                future.set_exception(error)
    """,
    "Exception does not catch it": """
        async def poll():
            while True:
                try:
                    await work()
                except Exception:
                    log("failed")
    """,
    "nothing is awaited": """
        async def poll():
            while True:
                try:
                    work()
                except BaseException:
                    log("failed")
                await pause()
    """,
    "ends its loop by a flag": """
        import asyncio
        class Worker:
            async def run(self):
                while self.running:
                    try:
                        await self.work()
                    except asyncio.CancelledError:
                        self.running = False
    """,
    "the project's own error": """
        from app.orders import CancelledError
        async def poll():
            while True:
                try:
                    await work()
                except CancelledError:
                    log("the order was cancelled")
        # file: app/orders.py
        class CancelledError(Exception): ...
    """,
    "a thread's": """
        from concurrent.futures import CancelledError
        async def poll():
            while True:
                try:
                    await work()
                except CancelledError:
                    log("the future was")
    """,
    "a test": """
        # file: tests/test_poll.py
        async def test_poll():
            try:
                await work()
            except BaseException:
                pass
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
