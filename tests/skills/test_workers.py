"""The workers of processes.md run as real programs, and are sent real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.skills.blocks import load, text
from tests.skills.programs import Program

SYNC_BLOCK = text("python-services/references/processes.md#a-synchronous-worker", "python")
ASYNC_BLOCK = text("python-services/references/processes.md#an-asynchronous-worker", "python")
TAKE = """
import select, sys

stdin = open(0, "rb", buffering=0)

def take():
    found, _, _ = select.select([stdin], [], [], 0.02)
    return stdin.readline().decode().strip() if found else None

def handle(job):
    print("began", job, flush=True)
    stdin.readline()
    print("ended", job, flush=True)

"""
START = "print('ready', flush=True)\nwork(take, handle)\n"
SEED_WORK = """
def work(take, handle):
    while True:
        job = take()
        if job:
            handle(job)
"""
ASYNC = """
import sys

async def main():
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: protocol, sys.stdin)
    add = loop.add_signal_handler
    loop.add_signal_handler = lambda number, call, *words: add(
        number, lambda: print("told", call(*words))
    )

    async def take():
        return (await reader.readline()).decode().strip()

    async def handle(job):
        print("began", job, flush=True)
        await reader.readline()
        print("ended", job, flush=True)

    working = asyncio.create_task(work(take, handle))
    await asyncio.sleep(0)
    print("ready", flush=True)
    await working

asyncio.run(main())
"""
WORKERS = {"sync": f"{SYNC_BLOCK}{TAKE}{START}", "async": f"{ASYNC_BLOCK}{ASYNC}"}


@pytest.mark.parametrize("source", WORKERS.values(), ids=WORKERS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_finishes_its_job_and_takes_no_other(
    tmp_path: Path, source: str, number: int
) -> None:
    with Program(tmp_path, source) as program:
        assert program.read() == "ready"
        program.write("a")
        assert program.read() == "began a"
        program.process.send_signal(number)
        if source is WORKERS["async"]:
            # Its handler runs in the loop, perhaps later than what comes by the pipe.
            assert program.read() == "told None"
        program.write("go on", "b")
        assert program.read() == "ended a"
        assert program.end() == 0
        assert program.read() == ""


@pytest.mark.parametrize("source", WORKERS.values(), ids=WORKERS)
def test_a_worker_that_waits_ends_at_once(tmp_path: Path, source: str) -> None:
    with Program(tmp_path, source) as program:
        assert program.read() == "ready"
        program.write("a", "go on", "b", "go on")
        assert [program.read() for _ in range(4)] == ["began a", "ended a", "began b", "ended b"]
        program.process.terminate()
        assert program.end() == 0


@pytest.mark.parametrize("source", WORKERS.values(), ids=WORKERS)
def test_the_second_signal_ends_the_job_too(tmp_path: Path, source: str) -> None:
    with Program(tmp_path, source) as program:
        program.write("a")
        assert [program.read(), program.read()] == ["ready", "began a"]
        program.process.terminate()
        # The first has been handled when the default is back.
        while _caught(program.process.pid, signal.SIGTERM):
            assert program.process.poll() is None
            os.sched_yield()
        program.process.terminate()
        assert program.end() == -signal.SIGTERM


def _caught(process: int, number: int) -> bool:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    mask = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(mask, 16) >> (number - 1) & 1)


def test_without_a_handler_the_job_is_cut(tmp_path: Path) -> None:
    with Program(tmp_path, f"{SEED_WORK}{TAKE}{START}") as program:
        program.write("a")
        assert [program.read(), program.read()] == ["ready", "began a"]
        program.process.terminate()
        assert program.end() == -signal.SIGTERM
        assert program.read() == ""


def test_the_flag_is_looked_at_after_each_job(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("python-services/references/processes.md#a-synchronous-worker")
    set_to: dict[int, object] = {}
    monkeypatch.setattr(module.signal, "signal", set_to.__setitem__)
    jobs, handled = iter([None, "a", None, "b", "c"]), list[str]()

    def handle(job: str) -> None:
        handled.append(job)
        asked = set_to[signal.SIGTERM]
        if job == "b":
            assert callable(asked)
            asked(signal.SIGTERM, None)

    module.work(jobs.__next__, handle)
    assert handled == ["a", "b"]
    assert set_to[signal.SIGTERM] == signal.SIG_DFL
    assert set_to[signal.SIGINT] != signal.SIG_DFL


async def test_a_job_that_came_with_the_signal_is_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    work = load("python-services/references/processes.md#an-asynchronous-worker").work
    handlers: list[Callable[[], None]] = []
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(
        loop, "add_signal_handler", lambda _, *call: handlers.append(partial(*call))
    )
    handled: list[str] = []

    async def take() -> str:
        try:
            await asyncio.sleep(0)
        finally:
            handlers[0]()
        return "late"

    async def handle(job: str) -> None:
        handled.append(job)

    await work(take, handle)
    assert handled == ["late"]


def test_an_event_in_a_handler_can_hang() -> None:
    source = """
import faulthandler, signal, threading

faulthandler.dump_traceback_later(0.3, exit=True)
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
with stop._cond:  # where wait() is for a moment
    signal.raise_signal(signal.SIGTERM)
"""
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Timeout" in done.stderr
