"""Finds and ends the processes of a step whose supervisor was killed, by a mark they all carry."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import anyio

MARKER = "HDB_STEP"
"""The variable in the environment of every process of a step; its value names the step."""
ROUNDS = 200
PAUSE_SECONDS = 0.02


async def end(token: str) -> None:
    """End every process that carries the mark of a step, as far as the system shows them.

    Only Linux does; elsewhere this finds nothing.
    """
    for _ in range(ROUNDS):
        found = _marked(token)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        await anyio.sleep(PAUSE_SECONDS)


def _marked(token: str) -> list[int]:
    mark = f"{MARKER}={token}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # A zombie's environment reads as empty.
            if mark in (folder / "environ").read_bytes():
                found.append(int(folder.name))
    return found
