"""Speaks on standard output and error, also where a shell left them closed, full or narrow."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TextIO


def secure() -> None:
    """Put the null device where a standard stream is closed, lest another file take its place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - positional only


def say(text: str) -> None:
    """Write a line on standard error, as far as there is one."""
    _written(sys.stderr, f"{text}\n")


def write(text: str) -> str:
    """Write on standard output and return "", or else why not all of it is written."""
    return _written(sys.stdout, text)


def flush() -> str:
    """Write what is still held back for standard output, and return why it cannot be."""
    return _written(sys.stdout, "")


def carries(text: str) -> bool:
    """Tell whether standard output has every character of a text in its encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def abandon(stream: TextIO | None) -> None:
    """Let go what a stream holds back, so that the end of the process does not stumble over it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[union-attr] # Python has none for a closed one
        os.close(null)


def _written(stream: TextIO | None, text: str) -> str:
    if stream is None:
        return "it is closed"
    try:
        encoding = stream.encoding or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (OSError, ValueError) as error:
        abandon(stream)
        return getattr(error, "strerror", None) or str(error)
    return ""
