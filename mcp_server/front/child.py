"""Starts hdb's own server as a child process, and ends it with everything that it started."""

# Importing pathlib would cost more than all else this does.
# ruff: noqa: PTH118

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time

from mcp_server.front.lines import Lines

STARTING = "hdb is starting"
ENDING_SECONDS = 10.0
"""How long the server may take to end the checks that it runs."""
TAIL_CHARACTERS = 2000
CHUNK = 65536


class Child:
    """A server process, its pipes, and what it said on standard error."""

    def __init__(self, root: str, about: dict[str, str]) -> None:
        """Start the server of the hdb in `root`, or what first builds its environment.

        `about` is what it is told of its front, by variables.
        """
        launcher = os.path.join(root, "mcp_server", "launcher.py")
        self._process = subprocess.Popen(  # noqa: S603 - hdb's own launcher under the same Python
            [sys.executable, "-I", launcher, "mcp", "--direct"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Of its own session: a Ctrl-C at the terminal is for this process to pass on.
            start_new_session=True,
            env={**os.environ, **about},
        )
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        self.input, self.output, self.errors = (pipe.fileno() for pipe in pipes if pipe)
        # A server that does not read must not hold up the client's other messages.
        os.set_blocking(self.input, False)
        self.unsent = bytearray()
        self.mute = False
        """Whether nothing more comes on its standard error."""
        self._lines = Lines()
        self.said = ""
        self.began = time.monotonic()

    @property
    def doing(self) -> str:
        """What the child does before it serves, for a call that waits."""
        told = [line for line in self.said.splitlines() if line.startswith("hdb: ")]
        what = told[-1].rstrip(".") if told else STARTING
        return f"{what} ({time.monotonic() - self.began:.0f} s so far)"

    @property
    def complaint(self) -> str:
        """What the child said, without what it was doing."""
        lines = [line for line in self.said.strip().splitlines() if not line.endswith("...")]
        return "\n".join(lines).replace("hdb: ", "", 1)

    def send(self) -> None:
        """Write what the pipe takes now."""
        try:
            sent = os.write(self.input, self.unsent[:CHUNK])
        except BlockingIOError:
            return
        except OSError:
            self.unsent.clear()  # it is ending, which its output will tell
            return
        del self.unsent[:sent]

    def lines(self) -> list[bytes] | None:
        """Return the lines that have come whole, or None when there will be no more."""
        data = os.read(self.output, CHUNK)
        if not data:
            return None
        return self._lines.feed(data)

    def listen(self) -> bytes:
        """Return what the child says on standard error, and remember the end of it."""
        data = os.read(self.errors, CHUNK)
        self.mute = not data
        self.said = (self.said + data.decode("utf-8", "replace"))[-TAIL_CHARACTERS:]
        return data

    def end(self, *, patience: float = 0.0, grace: float = ENDING_SECONDS) -> str:
        """End the child with all that it started; return how it ended, in words.

        `patience` is how long it may take to end by itself, `grace` how long when it was asked to,
        both in seconds.
        """
        process = self._process
        status = _status(process, patience)
        if status is None:
            if process.stdin:
                process.stdin.close()
            process.terminate()
            status = _status(process, grace)
        if status is None:
            process.kill()
            status = process.wait()
        while select.select([self.errors], [], [], 0)[0] and self.listen():
            continue
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                pipe.close()
        return _ending(status)


def _status(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def _ending(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"
