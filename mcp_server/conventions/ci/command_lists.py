"""Joins the commands of a job, each a text of its own, to the one script that they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from mcp_server.conventions.ci.job import MAX_SCRIPT, Script
from mcp_server.conventions.shell.decompose import MOVING, UNREADABLE
from mcp_server.conventions.shell.syntax import parse_shell
from mcp_server.conventions.shell.words import UNKNOWN

MAX_COMMANDS = 500


def joined(
    commands: Iterable[tuple[str, str, int]], cwd: str, env: Mapping[str, str]
) -> list[Script]:
    """Return a script of all commands that can be read, and one for each that cannot.

    A command is its text, its source without the line, and its line. They run in one shell, so
    that a `cd` holds for those after it; one that is no shell must not hide the others.
    """
    texts: list[str] = []
    sources: list[str] = []
    alone: list[Script] = []
    size = 0
    for text, where, line in islice(commands, MAX_COMMANDS):
        size += len(text) + 1
        if size > MAX_SCRIPT:
            break
        kept = text
        if not _is_read(text):
            alone.append(Script(text, where, line, cwd, env))
            kept = f"cd {UNKNOWN}" if MOVING.search(text) else ""
        parts = kept.split("\n")
        texts += parts
        sources += [f"{where}:{line + index}" for index in range(len(parts))]
    if not any(texts):
        return alone
    where = sources[0].rpartition(":")[0]
    return [Script("\n".join(texts), where, 1, cwd, env, tuple(sources)), *alone]


def _is_read(text: str) -> bool:
    if text.startswith(UNREADABLE):
        return False
    try:
        parse_shell(text)
    except ValueError:
        return False
    return True
