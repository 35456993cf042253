"""The MCP server: three tools over the same functions as the command line."""

from __future__ import annotations

import os
import signal
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from mcp_server import __version__, process
from mcp_server.contract import Batch, ConventionsView, FailureDetail, Wire
from mcp_server.conventions import read_conventions
from mcp_server.errors import HdbError
from mcp_server.paging import page
from mcp_server.roots import project_root
from mcp_server.verify import STEP_SECONDS, Progress, verify
from mcp_server.views import conventions_view, failure_detail, stored_batch

INSTRUCTIONS = """\
hdb verifies a Python project with the project's own tools and returns every failure of every \
check in one batch. Call `verify` when an edit is complete, fix the whole batch, call it again. \
`conventions` says how the project is verified, running nothing. `failure` shows one failure in \
full. Only verdict "passed" with scope "full" means verified; "incomplete" means that something \
did not run, and the step says why."""

READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
# The project's own tests may do anything; hdb itself changes nothing.
RUNS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
WHOLE = {"anthropic/maxResultSizeChars": 60_000}
"""Above a page, so that no client puts one into a file."""

PathArgument = Annotated[
    str | None, Field(description="Project folder; default: the project of this session.")
]


async def refuse_unknown_arguments(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """Answer a call with an argument that its tool lacks; the SDK would drop it silently."""
    params = ctx.params or {}
    if ctx.method == "tools/call":
        known = _PARAMETERS.get(str(params.get("name")))
        given = params.get("arguments") or {}
        unknown = sorted(set(given) - known) if known is not None else []
        if known is not None and unknown:
            listed = ", ".join(sorted(known))
            return _refusal(
                f"Unknown argument {', '.join(unknown)}. {params['name']} takes: {listed}."
            )
    return await call_next(ctx)


app: MCPServer[None] = MCPServer(
    "hdb",
    title="hdb",
    version=__version__,
    instructions=INSTRUCTIONS,
    middleware=[refuse_unknown_arguments],
    log_level="WARNING",
)


@app.tool(name="verify", title="Verify the project", annotations=RUNS, meta=WHOLE)
async def verify_tool(
    context: Context,
    path: PathArgument = None,
    targets: Annotated[
        list[str] | str | None,
        Field(description="Only these files, folders or test ids, relative to the folder."),
    ] = None,
    timeout: Annotated[  # noqa: ASYNC109 - the limit of each check, which process.run keeps
        float, Field(description="Seconds each check may run.", gt=0)
    ] = STEP_SECONDS,
    cursor: Annotated[
        str | None, Field(description="`next` of the last batch: its following page; runs nothing.")
    ] = None,
) -> Annotated[CallToolResult, Batch]:
    """Run all checks of a Python project (tests, types, lint, imports, format) side by side.

    Returns every failure of every check in one batch, grouped by root cause: `also` lists
    further findings of the same cause. Fix the whole batch before the next call. A verdict of
    "passed" with scope "full" means verified.
    """

    async def report(event: Progress) -> None:
        state = event.finished.verdict.value if event.finished else "running"
        await context.report_progress(event.done, event.total, f"{event.step.tool} {state}")

    try:
        root = project_root(path)
        if cursor is not None:
            batch, number = stored_batch(root, cursor)
            following = page(batch, number)
            if following is None:
                return _refusal(f"Cursor {cursor!r} is past the end of the batch.")
            return _result(following)
        named = [targets] if isinstance(targets, str) else targets or ()
        batch = await verify(root, named, seconds=timeout, listener=report)
    except HdbError as error:
        return _refusal(str(error))
    except Exception as error:  # noqa: BLE001 - the SDK would hide what went wrong from the agent
        return _refusal(f"A fault of hdb's own, nothing was verified: {error!r}")
    return _result(page(batch) or batch)


@app.tool(name="conventions", title="Read the project's conventions", annotations=READS)
def conventions_tool(path: PathArgument = None) -> Annotated[CallToolResult, ConventionsView]:
    """Say how a Python project is verified: commands by role with their source, environment.

    Reads the project's files; runs nothing of it.
    """
    try:
        return _result(conventions_view(read_conventions(project_root(path))))
    except HdbError as error:
        return _refusal(str(error))


@app.tool(name="failure", title="Show one failure in full", annotations=READS, meta=WHOLE)
def failure_tool(
    id: Annotated[str, Field(description="The failure's id in the last batch.")],  # noqa: A002 - the contract's name
    path: PathArgument = None,
) -> Annotated[CallToolResult, FailureDetail]:
    """Show one failure of the last batch in full: traceback, captured output, source lines."""
    try:
        return _result(failure_detail(project_root(path), id))
    except HdbError as error:
        return _refusal(str(error))


_PARAMETERS = {
    "verify": {"path", "targets", "timeout", "cursor"},
    "conventions": {"path"},
    "failure": {"id", "path"},
}


def serve() -> None:
    """Serve standard input and output until the client closes them or a signal asks to stop."""
    anyio.run(_serve_until_signal)


async def _serve_until_signal() -> None:
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as got:
                async for number in got:
                    group.cancel_scope.cancel()
                    # The SDK's reader waits in a thread for a line that may never come.
                    with anyio.CancelScope(shield=True):
                        await process.all_ended()
                    os._exit(128 + number)

        group.start_soon(watch)
        await app.run_stdio_async()
        group.cancel_scope.cancel()


def _result(record: Wire) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=record.json_text())],
        structured_content=record.lean(),
    )


def _refusal(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)
