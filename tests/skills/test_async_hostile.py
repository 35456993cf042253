"""The blocks of async.md on many calls and on limits, against calls that misbehave."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.skills.blocks import load

SOON = 0.05
"""Seconds after which what never comes is taken not to come."""


async def test_a_call_that_is_cancelled_from_elsewhere_is_not_left_out() -> None:
    map_bounded = load("python-services/references/async.md#many-at-once").map_bounded

    async def call(item: int) -> int:
        if item == 2:
            shared = asyncio.create_task(asyncio.sleep(0))
            shared.cancel()
            await shared
        await asyncio.sleep(0)
        return item

    async with asyncio.TaskGroup() as group:
        seed_child = group.create_task(call(2))
    assert seed_child.cancelled()  # the group says nothing
    with pytest.raises(asyncio.CancelledError):
        await map_bounded(call, [0, 1, 2], at_once=2)


async def test_a_call_that_fails_at_once_cannot_keep_the_limit_from_ending_it() -> None:
    fetch = load("python-services/references/async.md#time-limits").fetch
    tries = 0

    async def refuses() -> bytes:
        nonlocal tries
        tries += 1
        if tries > 1000:
            raise RecursionError  # where nothing else would end it
        raise TimeoutError

    async def seed_fetch() -> bytes:
        async with asyncio.timeout(SOON):
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(100):
                        return await refuses()

    with pytest.raises(RecursionError):
        await seed_fetch()
    tries = 0
    with pytest.raises(TimeoutError):
        await fetch(refuses, each=100, total=SOON)
    assert tries < 10
