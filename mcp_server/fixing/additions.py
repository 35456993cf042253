"""Finds the tools that print something of their own with the content that they are to mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mcp_server.fixing.running import Run, formed, gathered, unfinished
from mcp_server.fixing.tools import Tool
from mcp_server.repository import Role


async def additions(tools: Sequence[Tool], paths: Mapping[str, Path], run: Run) -> tuple[str, ...]:
    """Return of each tool that prints more than the content what it prints, for a problem.

    A banner of a wrapper or of a start file of Python would be written into every file. Each tool
    is given nothing, in the name of the first of the files that it takes, and gives nothing back.
    """
    first = [(tool, next((paths[one] for one in paths if tool.takes(one)), None)) for tool in tools]
    asked = [partial(_addition, tool, path, run) for tool, path in first if path is not None]
    return tuple(dict.fromkeys(one for one in await gathered(asked) if one is not None))


async def _addition(tool: Tool, path: Path, run: Run) -> str | None:
    form = tool.checker.mend(tool.step.args, str(path), tool.report)
    report = await run(formed(tool.step, form, b""))
    once = report.output
    if not once or unfinished(report) or report.status != 0:
        # One that fails gives back no content that could be believed.
        return None
    if tool.checker.ROLE is Role.IMPORTS and once.strip():
        # isort's `force_adds` adds imports even to nothing, and once; a banner comes each time.
        again = await run(formed(tool.step, form, once))
        return words(tool, once) if again.output != once else None
    return words(tool, once)


def added(before: bytes, after: bytes) -> bytes:
    """Return what stands before and behind the content in a longer one that holds all of it."""
    return b"".join(after.split(before, 1)) if before in after else b""


def words(tool: Tool, more: bytes) -> str:
    """Return what is wrong with a tool that prints more than the content."""
    line = next((one for one in more.decode(errors="replace").split("\n") if one.strip()), "")
    shown = f'"{line.strip()}"' if line else "empty lines"
    return (
        f"{tool.step.tool} prints {shown} of its own with the content of each file, so nothing was "
        "written: keep its wrapper, start file or settings from that"
    )
