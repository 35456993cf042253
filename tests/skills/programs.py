"""Python programs that tests write, run as real processes and talk to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

PATIENCE = 30
"""Seconds until a program that does not end is given up."""


class Program:
    """A Python program that runs in a folder; its output is read line by line."""

    def __init__(self, folder: Path, source: str, *words: str) -> None:
        """Start it."""
        script = folder / "program.py"
        script.write_text(source, encoding="utf-8")
        self.errors = folder / "errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-u", str(script), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                bufsize=1,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Have it ended where it does not end in time, or where the tests are killed before it."""
        # Reads until this process is gone, in a session that no signal to the tests reaches.
        self.heir = subprocess.Popen(
            ["/bin/sh", "-c", f"read _; kill -9 -{self.process.pid}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.guard = threading.Timer(PATIENCE, self.kill)
        self.guard.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it and all that it started, whatever happened."""
        self.guard.cancel()
        self.kill()
        self.heir.kill()
        self.heir.communicate()
        self.process.communicate(timeout=PATIENCE)

    def kill(self) -> None:
        """Kill it and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def read(self) -> str:
        """Return its next line."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def write(self, *lines: str) -> None:
        """Give it lines to read."""
        assert self.process.stdin
        # In one piece: it may end after the first line.
        self.process.stdin.write("".join(f"{line}\n" for line in lines))

    def end(self) -> int:
        """Wait for its end, and return its status."""
        return self.process.wait(timeout=PATIENCE)


def run(folder: Path, source: str, *words: str) -> tuple[int, str, str]:
    """Return a program's status, its output, and its errors."""
    with Program(folder, source, *words) as program:
        output, _ = program.process.communicate(timeout=PATIENCE)
        errors = program.errors.read_text(encoding="utf-8")
        return program.process.returncode, output.strip(), errors
