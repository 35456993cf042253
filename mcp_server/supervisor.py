"""Runs one command, and ends everything that it started: when it ends, when asked, when hdb dies.

A program of its own, started by `process` for each step with hdb's own Python and nothing but
the standard library. It is killed by nothing that ends hdb, and it sees the end of hdb as the end
of its standard input:

    supervisor.py STATUS_FD SCRATCH KIND FILE_BYTES FLOOD_BYTES INPUT -- PROGRAM ARGUMENT...

INPUT is the file that the command reads as its standard input.

On standard input: `t` (the time is over) or `c` (the caller wants no result); its end says that
hdb is gone, and then the scratch folder is removed as well. On STATUS_FD, when all is over, lines
of a word and a number: how the command ended (`status`, `signal`, or `error` where it could not
be started), `flood` where it was ended for its output, `left` for processes that refuse to end.
"""

# Whatever is imported here is paid for by every step of every verification.
# ruff: noqa: PTH100, PTH120

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # -I keeps Python from doing so

from mcp_server.descendants import (  # noqa: E402 - found only now
    LINUX,
    descendants,
    flood,
    kill_children,
    send,
    send_group,
    without_core_files,
)

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

TIME_OVER, CANCELLED = "t", "c"
# How a command is asked to end, with the seconds that it gets for each way; SIGKILL follows.
# Tests get Ctrl-C's signal, so that pytest says where it is and takes its fixtures down; whoever
# still runs is aborted, at which Python's faulthandler, on in pytest, prints every stack.
LADDERS = {
    ("tests", TIME_OVER): ((signal.SIGINT, 5.0), (signal.SIGABRT, 2.0)),
    ("tests", CANCELLED): ((signal.SIGINT, 2.0),),
    ("tool", TIME_OVER): ((signal.SIGTERM, 2.0),),
    ("tool", CANCELLED): ((signal.SIGTERM, 2.0),),
}
FLOODED = ((signal.SIGABRT, 2.0),)
LADDER_SECONDS = max(sum(seconds for _, seconds in ladder) for ladder in LADDERS.values())
STRAGGLER_SECONDS = 1.0
"""How long what the command left behind may take to end after SIGTERM."""
STUBBORN_SECONDS = 5.0
"""How long processes that SIGKILL does not end (another user's, say) are waited for."""
FLOOD_SECONDS = 2.0
"""How often the size of captured output is looked at."""


class Supervisor:
    """One command, its descendants, and what is said about them."""

    def __init__(self, kind: str, pid: int, flood_bytes: int) -> None:
        self.kind = kind
        self.pid = pid
        self.flood_bytes = flood_bytes
        self.ended: int | None = None
        self.orphaned = False
        self.flood = 0
        self.asked = ""
        self._childless = False
        self._bell, ring = os.pipe()
        for end in (self._bell, ring):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        # A signal that came before the bell was there rings it now.
        os.write(ring, b"\0")

    def stopped(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal to the supervisor itself for a cancellation."""
        self.asked = self.asked or CANCELLED

    def run(self) -> int:
        """Wait for the command's end, end what is left, and return how many could not be."""
        looked = time.monotonic()
        while not self._reap() and not self.asked:
            self._wait(FLOOD_SECONDS if LINUX else None)
            if LINUX and time.monotonic() - looked >= FLOOD_SECONDS:
                looked = time.monotonic()
                self.flood = flood(self.flood_bytes)
                if self.flood:
                    break
        if self.ended is None and (self.flood or self.asked):
            self._climb(FLOODED if self.flood else LADDERS[self.kind, self.asked])
        return self._sweep()

    def _wait(self, seconds: float | None) -> None:
        """Wait for a signal or for word from hdb."""
        watched = [self._bell] if self.orphaned else [self._bell, 0]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._bell in ready:
            os.read(self._bell, 4096)
        if 0 in ready:
            word = os.read(0, 1).decode("ascii", "replace")
            self.orphaned = not word
            self.asked = self.asked or (word if word == TIME_OVER else CANCELLED)

    def abandoned(self) -> bool:
        """Tell whether hdb is gone, so that nobody else removes the scratch folder."""
        while not self.orphaned and select.select([0], [], [], 0)[0]:
            self._wait(0)
        return self.orphaned

    def _reap(self) -> bool:
        """Collect who ended; return whether the command did."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return True
            if pid == 0:
                return self.ended is not None
            if pid == self.pid:
                self.ended = status

    def _climb(self, ladder: Sequence[tuple[signal.Signals, float]]) -> None:
        """Ask the command to end, ever more firmly."""
        for number, seconds in ladder:
            if number is signal.SIGABRT:
                without_core_files()
            send_group(self.pid, number)
            deadline = time.monotonic() + seconds
            while not self._reap() and (left := deadline - time.monotonic()) > 0:
                self._wait(left)
            if self.ended is not None:
                return
        send_group(self.pid, signal.SIGKILL)

    def _sweep(self) -> int:
        """End every descendant; return how many refuse."""
        began = time.monotonic()
        asked: set[int] = set()
        gentle = self.ended is not None and not self.asked and not self.flood
        send_group(self.pid, signal.SIGTERM if gentle else signal.SIGKILL)
        while True:
            self._reap()
            if self._childless:
                # Only the kernel knows: who forks and exits all the time is in no list of all
                # processes, but always somebody's child, and an orphan is the subreaper's.
                return 0
            left = descendants()
            spent = time.monotonic() - began
            if spent > STRAGGLER_SECONDS + STUBBORN_SECONDS:
                return max(1, len(left))
            firm = not gentle or spent > STRAGGLER_SECONDS
            if firm:
                kill_children()
            for pid in left:
                if firm or pid not in asked:
                    send(pid, signal.SIGKILL if firm else signal.SIGTERM)
                    asked.add(pid)
            self._wait(0.02 if left else 0)


def main(words: Sequence[str]) -> int:
    """Run the command that the words name, as the module says."""
    status_fd, scratch, kind, file_bytes, flood_bytes, given, _, *argv = words
    answer = int(status_fd)
    os.set_inheritable(answer, False)  # noqa: FBT003 - positional only
    if LINUX:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    waiting = {signal.SIGCHLD, *stops}
    # Nothing is lost between the fork and the first wait.
    signal.pthread_sigmask(signal.SIG_BLOCK, waiting)
    pid, error = _start(argv, int(file_bytes), given)
    if error:
        os.write(answer, f"error {error}\n".encode())
        return 0
    # The command's output ends with its processes; the supervisor must not hold it open.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(null, stream)
    supervisor = Supervisor(kind, pid, int(flood_bytes))
    for number in stops:
        signal.signal(number, supervisor.stopped)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, waiting)
    left = supervisor.run()
    lines = [f"left {left}"] if left else []
    lines += [f"flood {supervisor.flood}"] if supervisor.flood else []
    if supervisor.ended is not None:
        code = os.waitstatus_to_exitcode(supervisor.ended)
        lines.append(f"signal {-code}" if code < 0 else f"status {code}")
    if supervisor.abandoned():
        shutil.rmtree(scratch, ignore_errors=True)
    else:
        os.write(answer, "".join(f"{line}\n" for line in lines).encode())
    return 0


def _start(argv: Sequence[str], file_bytes: int, given: str) -> tuple[int, int]:
    """Start the command in a session of its own; return its pid, and why it could not start."""
    told, tell = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            if LINUX:
                # Should the supervisor itself be killed; hdb then looks for the others.
                _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                if os.getppid() != parent:
                    os._exit(1)
            _limit_files(file_bytes)
            os.dup2(os.open(given, os.O_RDONLY), 0)
            # As in a shell: what Python or whoever started hdb ignores, the command does not.
            for number in signal.valid_signals():
                if number not in {signal.SIGKILL, signal.SIGSTOP}:
                    signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            os.execvpe(argv[0], list(argv), os.environ)  # noqa: S606 - no shell is the point
        except OSError as error:
            os.write(tell, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(tell)
    why = os.read(told, 16)
    os.close(told)
    if why:
        os.waitpid(pid, 0)
    return pid, int(why or 0)


def _limit_files(file_bytes: int) -> None:
    """Keep one file from filling the disk; a lower limit of the user's own stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    known = [value for value in (soft, hard) if value != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_FSIZE, (min([file_bytes, *known]), hard))


def _prctl(option: int, value: int) -> None:
    import ctypes  # noqa: PLC0415 - not needed elsewhere than on Linux

    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
