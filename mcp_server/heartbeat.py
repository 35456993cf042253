"""Tells a client that waits how a call goes on, also while nothing happens that could be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

BEAT_SECONDS = 15.0
"""How long a client may hear nothing; OpenCode gives a call up after 60 s of silence."""
STEPS = 20
"""How slowly beats approach the next whole number, which is the next event's."""

T = TypeVar("T")
Tell = Callable[[float, float | None, str], Awaitable[None]]


class Heartbeat:
    """Reports progress that always grows, as the protocol demands, also between two events."""

    def __init__(self, tell: Tell) -> None:
        """Keep what takes the number, its total and the words."""
        self._tell = tell
        self._events = 0
        self._waits = 0
        self._beats = 0
        self._total: float | None = None
        self._text = "reading the project"
        self._since = 0.0

    async def event(self, checks: int, text: str) -> None:
        """Tell that a check began or ended, of so many in all; of none, that the call waits."""
        self._events += 1
        self._beats = 0
        self._waits += not checks
        # The last step is the batch itself.
        self._total = 2.0 * checks + self._waits + 1 if checks else None
        self._text = text
        self._since = anyio.current_time()
        await self._tell(float(self._events), self._total, text)

    async def during(self, work: Awaitable[T]) -> T:
        """Await some work and its result, with a beat every so often. Raises what the work does."""
        self._since = anyio.current_time()
        done: list[T] = []
        failed: list[Exception] = []
        async with anyio.create_task_group() as group:
            group.start_soon(self._beat)
            try:
                done.append(await work)
            except Exception as error:  # noqa: BLE001 - raised below: a task group would wrap it
                failed.append(error)
            group.cancel_scope.cancel()
        for problem in failed:
            raise problem
        return done[0]

    async def _beat(self) -> None:
        while True:
            await anyio.sleep(BEAT_SECONDS)
            self._beats += 1
            share = self._events + self._beats / (self._beats + STEPS)
            text = f"{self._text} (for {anyio.current_time() - self._since:.0f} s)"
            with anyio.move_on_after(BEAT_SECONDS):
                await self._tell(share, self._total, text)
