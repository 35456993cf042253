"""The tool that mends what the project's own tools mend safely."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from mcp_server.contract_fix import FixView
from mcp_server.fixing import fix
from mcp_server.heartbeat import Heartbeat
from mcp_server.server.answers import answer_later, project
from mcp_server.server.declared import PathArgument, SinceArgument


async def fix_tool(  # noqa: PLR0913 - the arguments that a client may name
    context: Context,
    path: PathArgument = ".",
    targets: Annotated[
        list[str] | str | None,
        Field(description="Only these files and folders.", examples=[["src/a.py"]]),
    ] = None,
    *,
    everything: Annotated[bool, Field(description="Every file, not only changed ones.")] = False,
    dry_run: Annotated[bool, Field(description="Show the diff; write nothing.")] = False,
    since: SinceArgument = "",
) -> CallToolResult:
    """Mend with the project's own linters and formatters what they mend safely: the failures
    marked "fix":"auto", by default in the changed files. Says what it changed, and what remains.
    """  # noqa: D205 - one sentence, which a client shows as it stands

    async def ask() -> FixView:
        named = [targets] if isinstance(targets, str) else targets or ()
        work = fix(
            project(path), named, everything=everything, dry_run=dry_run, since=since or None
        )
        return await Heartbeat(context.report_progress).during(work)

    return await answer_later(ask)
