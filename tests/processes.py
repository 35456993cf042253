"""What tests of processes share: programs that are hard to end, and who is still alive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.lowlevel

# Each starts a child that escapes in another way and writes its pid into the current folder.
FORK = """
import os, pathlib, signal, sys, time
def begun(name):
    pathlib.Path(f'.{name}').write_text(str(os.getpid()))
    pathlib.Path(f'.{name}').rename(f'{name}.pid')
    time.sleep(600)
"""
ESCAPES = {
    "a plain child": "if os.fork() == 0:\n    begun('child')\n",
    "a child in a session of its own": "if os.fork() == 0:\n    os.setsid()\n    begun('child')\n",
    "a daemon that forked twice": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        begun('child')\n"
        "    os._exit(0)\nos.wait()\n"
    ),
    "a child that ignores every request": (
        "if os.fork() == 0:\n    os.setsid()\n"
        "    for number in (1, 2, 3, 6, 15):\n        signal.signal(number, signal.SIG_IGN)\n"
        "    begun('child')\n"
    ),
    "a child without the environment": (
        "if os.fork() == 0:\n    os.setsid()\n"
        "    os.execve(sys.executable, [sys.executable, '-c', NAKED], {})\n"
    ),
    "a child that is stopped": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
        "        time.sleep(0.01)\n        os.kill(os.getppid(), signal.SIGSTOP)\n"
        "    begun('child')\n"
    ),
}
BEGUN = "while not pathlib.Path('child.pid').exists():\n    time.sleep(0.01)\n"


def escaping(name: str, then: str = "time.sleep(600)\n") -> str:
    """Return a program that starts an escaping child and goes on with `then`."""
    naked = FORK + "begun('child')"
    return f"{FORK}NAKED = {naked!r}\n" + ESCAPES[name] + BEGUN + then


def child(folder: Path) -> int:
    """Return the pid of the child that a program in this folder started."""
    return int((folder / "child.pid").read_text(encoding="utf-8"))


def alive(number: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def until(condition: Callable[[], object]) -> None:
    """Wait for what is sure to come."""
    with anyio.fail_after(60):
        while not condition():  # noqa: ASYNC110 - other processes tell no event
            await anyio.sleep(0.01)
