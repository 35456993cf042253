"""Ends a server that a signal asks to stop, with everything that it has started."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable

import anyio

from mcp_server import process


async def until_signal(serve: Callable[[], Awaitable[None]]) -> None:
    """Serve until there is no client any more; a signal ends the process when all is over."""
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as got:
                async for number in got:
                    group.cancel_scope.cancel()
                    # The reader waits in a thread for a line that may never come.
                    with anyio.CancelScope(shield=True):
                        await process.all_ended()
                    os._exit(128 + number)

        group.start_soon(watch)
        await serve()
        group.cancel_scope.cancel()
