"""The blocks of processes.md run as real programs, beside what the seeds left out."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.processes import alive, until
from tests.skills.blocks import load, text
from tests.skills.programs import Program, run

POOL = text("python-services/references/processes.md#a-process-pool", "python")
UNGUARDED = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor

def square(number):
    return number * number

with ProcessPoolExecutor(2, multiprocessing.get_context(sys.argv[1])) as pool:
    print(*pool.map(square, [1, 2, 3]))
"""
JOBS = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor

class OurError(Exception):
    def __init__(self, path, line):
        super().__init__(path, line)
        self.line = line

class SeedError(Exception):
    def __init__(self, path, line):
        super().__init__(f"{path}:{line}")
        self.line = line

def job(kind):
    if kind != "fine":
        raise {"ours": OurError, "seed": SeedError}[kind]("a.csv", 7)
    return kind

if __name__ == "__main__":
    with ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as pool:
        for kind in (sys.argv[1], "fine"):
            try:
                print(pool.submit(job, kind).result())
            except Exception as error:
                print(type(error).__name__, getattr(error, "line", None))
"""
COPIED = """
import multiprocessing, sys, threading, warnings
from concurrent.futures import ProcessPoolExecutor

warnings.simplefilter("ignore")
lock = threading.Lock()
settings = {}

def job():
    return lock.acquire(timeout=0.1), settings.get("name")

if __name__ == "__main__":
    lock.acquire()
    settings["name"] = "set by main"
    with ProcessPoolExecutor(1, multiprocessing.get_context(sys.argv[1])) as pool:
        print(*pool.submit(job).result())
"""
ALONE = """
import multiprocessing, os
from concurrent.futures import ProcessPoolExecutor

def job(_):
    return os.getpid()

if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        print(len(set(pool.map(job, range(3)))))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_the_pool_runs_as_a_program(tmp_path: Path, method: str) -> None:
    status, output, said = run(tmp_path, POOL, method)
    assert (status, output) == (0, "10 4\n100 25\n1000 168")
    # The workers' log is set up by the initializer, and names them.
    assert ("ForkServer" if method == "forkserver" else "Spawn") in said
    assert "up to" in said


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_without_the_guard_only_fork_works(tmp_path: Path, method: str) -> None:
    status, output, said = run(tmp_path, UNGUARDED, method)
    if method == "fork":
        assert (status, output) == (0, "1 4 9")
    else:
        assert (status, output) == (1, "")
        assert "before the current process has finished its bootstrapping phase" in " ".join(
            said.split()
        )


def test_an_error_that_cannot_be_read_back_breaks_the_pool(tmp_path: Path) -> None:
    assert run(tmp_path, JOBS, "ours")[1] == "OurError 7\nfine"
    seeds = run(tmp_path, JOBS, "seed")[1]
    assert seeds == "BrokenProcessPool None\nBrokenProcessPool None"


def test_fork_copies_locks_and_settings_and_spawn_neither(tmp_path: Path) -> None:
    assert run(tmp_path, COPIED, "fork")[1] == "False set by main"
    assert run(tmp_path, COPIED, "spawn")[1] == "True None"


def test_one_job_a_worker_comes_to_its_end(tmp_path: Path) -> None:
    assert run(tmp_path, ALONE)[:2] == (0, "3")


def test_sigterm_ends_a_pool_with_its_workers_and_without_a_handler_leaves_them(
    tmp_path: Path,
) -> None:
    handled = "    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
    assert handled in POOL
    endless = POOL.replace("[10, 100, 1000]", "[10, 10**8]").replace(
        "    logger.info", "    print(os.getpid(), flush=True)\n    logger.info"
    )
    endless = endless.replace("import logging\n", "import logging\nimport os\n", 1)
    for source, left in ((endless, False), (endless.replace(handled, ""), True)):
        with Program(tmp_path, source, "forkserver") as program:
            lines = [program.read() for _ in range(3)]
            workers = {int(line) for line in lines if line != "10 4"}
            assert "10 4" in lines
            program.process.terminate()
            assert program.end() == (-signal.SIGTERM if left else 143)
            assert {alive(worker) for worker in workers} == {left}


def test_a_forked_worker_ends_by_sigterm_although_main_handles_it(tmp_path: Path) -> None:
    reset = "    signal.signal(signal.SIGTERM, signal.SIG_DFL)"
    assert POOL.count(reset) == 1
    ended = """
import multiprocessing
handle = lambda *_: sys.exit(143)
signal.signal(signal.SIGTERM, handle)

def end():
    signal.raise_signal(signal.SIGTERM)

context = multiprocessing.get_context("fork")
with ProcessPoolExecutor(1, context, start_worker, (logging.INFO,)) as pool:
    print(type(pool.submit(end).exception()).__name__)
"""
    block = POOL.partition("if __name__")[0]
    assert run(tmp_path, block + ended)[1] == "BrokenProcessPool"
    seed = block.replace(reset, "    pass")
    assert run(tmp_path, seed + ended)[1] == "SystemExit"


async def test_a_program_does_not_outlive_tests_that_are_killed(tmp_path: Path) -> None:
    source = f"""
import os, signal, sys
from pathlib import Path
from tests.skills.programs import Program

with Program(Path({str(tmp_path)!r}), "import signal; signal.pause()") as program:
    print(program.process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, cwd=ROOT, stdout=subprocess.PIPE
    )
    said, _ = await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    await until(lambda: not alive(int(said)))


def test_the_job_is_a_plain_function() -> None:
    module = load("python-services/references/processes.md#a-process-pool")
    assert [module.count_primes(limit) for limit in (2, 3, 30)] == [0, 1, 10]


async def test_a_pool_does_not_hold_the_loop() -> None:
    context = multiprocessing.get_context("spawn")
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, context) as pool:
        parent = loop.run_in_executor(pool, os.getppid)
        assert not parent.done()
        assert await parent == os.getpid()
