"""Runs the short commands that tell the doctor a version, each with a limit."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess

SECONDS = 20.0
VERSION = re.compile(r"\d+(?:\.\d+)+\S*")


def version_of(program: str) -> tuple[str, str] | None:
    """Return where a program lies and the version it tells, "" for none; None if not found."""
    path = shutil.which(program)
    if path is None:
        return None
    found = VERSION.search(output_of([path, "--version"]) or "")
    return path, found[0].rstrip(",;)") if found else ""


def output_of(command: list[str]) -> str | None:
    """Return what a command writes to standard output; None where it fails or takes too long."""
    status, output = run(command)
    return output if status == 0 else None


def run(command: list[str], seconds: float = SECONDS) -> tuple[int | None, str]:
    """Return a command's status, None where it does not start or takes too long, and output."""
    try:
        process = subprocess.Popen(  # noqa: S603 - programs of the user's own PATH, fixed arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return None, str(error)
    try:
        output = process.communicate(timeout=seconds)[0]
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return None, f"nothing came within {seconds:.0f} s"
        raise
    return process.returncode, output.decode("utf-8", "replace")
