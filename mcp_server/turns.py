"""Lets one verification of a project run at a time, across calls, sessions and processes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import anyio

from mcp_server.cache import cache_folder
from mcp_server.errors import BusyError, UsageError
from mcp_server.process import VERIFYING

PAUSE_SECONDS = 0.05


@contextlib.asynccontextmanager
async def turn(
    root: Path, seconds: float, waiting: Callable[[], Awaitable[None]]
) -> AsyncIterator[tuple[int, ...]]:
    """Wait until nobody else verifies the folder; yield what holds the turn, as descriptors.

    A turn lasts while any process has its descriptor open, so that the checks of an hdb that was
    killed are over before the next begin. `waiting` is called once if it is another's turn. A
    cache that cannot be written makes no turns. Raises `BusyError` after `seconds`, and
    `UsageError` within a check of the same folder, which would wait for itself.
    """
    if os.environ.get(VERIFYING) == str(root):
        msg = (
            f"{root} is being verified, and this call comes from one of its own checks: "
            "it would run itself without end."
        )
        raise UsageError(msg)
    descriptor = _open(root)
    if descriptor is None:
        yield ()
        return
    try:
        await _acquire(descriptor, root, seconds, waiting)
        yield (descriptor,)
    finally:
        os.close(descriptor)


def _open(root: Path) -> int | None:
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    folder = cache_folder() / "turns"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return None


async def _acquire(
    descriptor: int, root: Path, seconds: float, waiting: Callable[[], Awaitable[None]]
) -> None:
    end = anyio.current_time() + seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        except OSError:
            # A file system without locks.
            return
        else:
            break
        if anyio.current_time() >= end:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            who = f" by process {holder}" if holder.isdecimal() else ""
            msg = f"{root} is still being verified{who} after {seconds:g} s: try again later."
            raise BusyError(msg)
        if not told:
            told = True
            await waiting()
        await anyio.sleep(PAUSE_SECONDS)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
