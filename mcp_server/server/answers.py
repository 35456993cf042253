"""Makes the results of calls: records, texts, refusals and faults of hdb's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from mcp.types import CallToolResult, TextContent

from mcp_server import session
from mcp_server.errors import HdbError, one_line
from mcp_server.roots import project_root
from mcp_server.wire import Wire


def answer(ask: Callable[[], Wire]) -> CallToolResult:
    """Return what is asked for as a result, or why there is none."""
    try:
        return result(ask())
    except Exception as error:  # noqa: BLE001 - the SDK would hide what went wrong from the agent
        return failed(error)


async def answer_later(ask: Callable[[], Awaitable[Wire]]) -> CallToolResult:
    """Return the same where it takes its time."""
    try:
        return result(await ask())
    except Exception as error:  # noqa: BLE001 - the SDK would hide what went wrong from the agent
        return failed(error)


def result(record: Wire) -> CallToolResult:
    """Return a record in both forms that clients read."""
    return CallToolResult(
        content=[TextContent(type="text", text=record.json_text())],
        structured_content=record.lean(),
    )


def text(said: str) -> CallToolResult:
    """Return words that are no record."""
    return CallToolResult(content=[TextContent(type="text", text=said)])


def refusal(message: str) -> CallToolResult:
    """Return a caller's mistake, which says what to do about it."""
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)


def failed(error: Exception) -> CallToolResult:
    """Return a caller's mistake, or a fault of hdb's own as what it is."""
    if isinstance(error, HdbError):
        return refusal(str(error))
    return refusal(one_line(f"A fault of hdb's own, nothing was verified: {error!r}"))


def project(path: str) -> Path:
    """Return the folder that a call means, whose changes in this session count from now on."""
    root = project_root(path)
    session.begin(root)
    return root
