"""Finds the processes below this one, and what they write; standard library only."""

# The supervisor starts for every step: importing pathlib would cost more than all else it does.
# ruff: noqa: PTH116, PTH123, PTH208

from __future__ import annotations

import os
import resource
import signal
import stat
import sys

LINUX = sys.platform == "linux"
KILLED_TIMES = 50


def parents() -> dict[int, int]:
    """Return the parent of each process; zombies are no processes any more."""
    found = {}
    if LINUX:
        for name in _listed("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", "rb") as file:
                        state, parent = file.read().rpartition(b")")[2].split()[:2]
                except (OSError, ValueError):
                    continue
                if state != b"Z":
                    found[int(name)] = int(parent)
        return found
    with os.popen("ps -A -o pid= -o ppid= -o state=") as listing:  # noqa: S605, S607 - fixed words
        for line in listing:
            number, above, status = line.split()
            if not status.startswith("Z"):
                found[int(number)] = int(above)
    return found


def _listed(folder: str) -> list[str]:
    """Return what a folder holds; nothing where it is not mounted, as in some containers."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


def descendants() -> list[int]:
    """Return who runs below this process; on Linux, no orphan leaves it (a subreaper)."""
    above = parents()
    children: dict[int, list[int]] = {}
    for pid, parent in above.items():
        children.setdefault(parent, []).append(pid)
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def kill_children() -> None:
    """Kill this process's own children, many times over: some live for no millisecond."""
    path = f"/proc/self/task/{os.getpid()}/children"
    for _ in range(KILLED_TIMES):
        try:
            with open(path, "rb") as file:
                pids = file.read().split()
        except OSError:
            return
        for pid in pids:
            send(int(pid), signal.SIGKILL)
        if not pids:
            return


def flood(most: int) -> int:
    """Return the size of a captured output that is about to fill the disk, else 0.

    That is a file without a name that is the output of a process, as pytest's capture makes it.
    """
    for pid in descendants():
        for stream in (1, 2):
            try:
                status = os.stat(f"/proc/{pid}/fd/{stream}")
            except OSError:
                continue
            captured = stat.S_ISREG(status.st_mode) and status.st_nlink == 0
            if captured and status.st_size > most:
                return status.st_size
    return 0


def without_core_files() -> None:
    """Keep the descendants from writing their memory to the project when they are aborted."""
    if LINUX:
        for pid in descendants():
            try:
                _, hard = resource.prlimit(pid, resource.RLIMIT_CORE)
                resource.prlimit(pid, resource.RLIMIT_CORE, (0, hard))
            except (OSError, ValueError):
                continue


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone, or another user's."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def send_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a process group that may be gone, or another user's."""
    # The group outlives its leader while any member is left; none left is the usual case.
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
