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
    "another handler closes, and this one goes on": """
        import asyncio
        async def pump(channel):
            while channel.is_open:
                try:
                    await channel.send(await channel.receive())
                except OSError:
                    await channel.close()
                except asyncio.CancelledError:  # hit
                    pass
    """,
    "a coroutine that it was given": """
        import asyncio
        async def limited(coro, seconds):
            try:
                return await asyncio.wait_for(coro, seconds)
            except asyncio.CancelledError:  # hit
                return False
    """,
    "a clean-up that does not raise in the end": """
        async def pay(order):
            try:
                await charge(order)
            except ValueError:
                try:
                    await refund(order)
                except BaseException:  # hit
                    log("not refunded")
    """,
    "shielded, and more follows": """
        import asyncio
        async def finish(stream):
            try:
                await asyncio.shield(stream.send("end"))
            except BaseException:  # hit
                pass
            await work()
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
    "a handler that raises after its clean-up": """
        async def pay(order):
            try:
                await charge(order)
            except BaseException:
                try:
                    await refund(order)
                except BaseException:
                    log("not refunded")
                raise
    """,
    "a last word that a cancellation does not reach": """
        import asyncio
        async def finish(stream):
            try:
                await asyncio.shield(stream.send("end"))
            except BaseException:
                pass
    """,
    "meant, as a comment says": """
        import asyncio
        async def turn(chat):
            try:
                return await answer(chat)
            except asyncio.CancelledError:
                # Re-raising would skip what the caller has to take back.
                return cancelled(chat)
    """,
    "a handler of a loop that closes": """
        import asyncio
        async def pump(channel):
            while channel.is_open:
                try:
                    await channel.send()
                except asyncio.CancelledError:
                    await channel.close()
    """,
    "a loop that counts": """
        import asyncio, contextlib
        async def wait_all(children):
            at = 0
            while at < len(children):
                with contextlib.suppress(Exception, asyncio.CancelledError):
                    await children[at].wait()
                at += 1
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
