"""The tool that runs a project's checks."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult
from pydantic import Field

from mcp_server.contract import Batch
from mcp_server.heartbeat import Heartbeat
from mcp_server.paging import batch_page
from mcp_server.scope import is_affected
from mcp_server.server.answers import answer_later, project
from mcp_server.server.declared import CursorArgument, PathArgument
from mcp_server.verify import Progress, Request, verify
from mcp_server.views import stored_batch


async def verify_tool(  # noqa: PLR0913, PLR0917 - the arguments that a client may name
    context: Context,
    path: PathArgument = ".",
    targets: Annotated[
        list[str] | str | None,
        Field(
            description="Only these files, folders or test ids, relative to the folder.",
            examples=[["src/a.py", "tests/test_a.py::test_b"]],
        ),
    ] = None,
    scope: Annotated[
        str,
        Field(
            description='"affected": without the tests that no change since the last green '
            'full batch can reach; only "full" verifies.',
            json_schema_extra={"enum": ["full", "affected", "targets"]},
        ),
    ] = "",
    since: Annotated[
        str,
        Field(
            description="Tell failures that are new since this commit from known ones; "
            '"base": since the branch parted from the main one.',
            examples=["base"],
        ),
    ] = "",
    timeout: Annotated[  # noqa: ASYNC109 - the limit of each check, which process.run keeps
        float | None, Field(description="Seconds each check may run.", gt=0, examples=[300])
    ] = None,
    deadline: Annotated[
        float | None, Field(description="Seconds for everything.", gt=0, examples=[1200])
    ] = None,
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, Batch]:
    """Run all checks of a Python project (tests, types, lint, imports, format) side by side.

    Returns every failure of every check in one batch, grouped by root cause: `also` lists
    further findings of the same cause. Fix the whole batch before the next call. A verdict of
    "passed" with scope "full" means verified.
    """
    heart = Heartbeat(context.report_progress)

    async def report(event: Progress) -> None:
        await heart.event(event.total, event.text)

    async def ask() -> Batch:
        root = project(path)
        if cursor:
            return batch_page(*stored_batch(root, cursor))
        named = [targets] if isinstance(targets, str) else targets or ()
        request = Request(
            targets=named,
            affected=is_affected(scope, named),
            since=since or None,
            timeout=timeout,
            deadline=deadline,
        )
        return batch_page(await heart.during(verify(root, request, report)))

    return await answer_later(ask)
