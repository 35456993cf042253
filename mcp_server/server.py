"""The MCP server: three tools over the same functions as the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from mcp_server import __version__, process
from mcp_server.arguments import lean_schema, read_arguments, result_schema
from mcp_server.contract import Batch, ConventionsView, FailureDetail
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.errors import HdbError, UsageError, one_line
from mcp_server.paging import batch_page, conventions_page, failure_page
from mcp_server.roots import project_root
from mcp_server.verify import Progress, verify
from mcp_server.views import failure_detail, stored_batch
from mcp_server.wire import Wire

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

# The arguments are plain texts: the SDK takes a text that may also be null for JSON.
PathArgument = Annotated[
    str,
    Field(
        description="Project folder; default: the project of this session.", examples=["backend"]
    ),
]
CursorArgument = Annotated[
    str, Field(description="`next` of the last result: what follows it; runs nothing.")
]


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

    async def report(event: Progress) -> None:
        await context.report_progress(event.done, event.total, event.text)

    try:
        root = project_root(path)
        if cursor:
            return _result(batch_page(*stored_batch(root, cursor)))
        named = [targets] if isinstance(targets, str) else targets or ()
        batch = await verify(root, named, timeout=timeout, deadline=deadline, listener=report)
        return _result(batch_page(batch))
    except HdbError as error:
        return _refusal(str(error))
    except Exception as error:  # noqa: BLE001 - the SDK would hide what went wrong from the agent
        return _fault(error)


def conventions_tool(
    path: PathArgument = ".",
    *,
    detail: Annotated[
        bool, Field(description="Also the commands that were passed over, and every fact.")
    ] = False,
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, ConventionsView]:
    """Say how a Python project is verified and written: commands by role, environment, facts.

    Reads the project's files; runs nothing of it.
    """

    def page() -> ConventionsView:
        found = read_conventions(project_root(path), facts=True)
        return conventions_page(conventions_view(found, lean=not detail), cursor)

    return _answer(page)


def failure_tool(
    id: Annotated[str, Field(description="The failure's id in the batch.", examples=["6acb"])],  # noqa: A002 - the contract's name
    path: PathArgument = ".",
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, FailureDetail]:
    """Show one failure of the last batch in full: traceback, captured output, source lines."""
    return _answer(lambda: failure_page(failure_detail(project_root(path), id), cursor))


def _tool(
    function: Callable[..., Any], name: str, title: str, annotations: ToolAnnotations
) -> Tool:
    """Return a function as a tool whose schemas say nothing twice."""
    tool = Tool.from_function(function, name=name, title=title, annotations=annotations, meta=WHOLE)
    tool.parameters = lean_schema(tool.parameters)
    tool.fn_metadata.output_schema = result_schema(tool.fn_metadata.output_schema or {})
    return tool


TOOLS = {
    tool.name: tool
    for tool in (
        _tool(verify_tool, "verify", "Verify the project", RUNS),
        _tool(conventions_tool, "conventions", "Read the project's conventions", READS),
        _tool(failure_tool, "failure", "Show one failure in full", READS),
    )
}


async def read_call(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer a call that its tool does not declare; the SDK's own words would teach nothing."""
    if ctx.method != "tools/call":
        return await call_next(ctx)
    params = dict(ctx.params or {})
    name = params.get("name")
    try:
        if not isinstance(name, str) or name not in TOOLS:
            known = f"hdb has {', '.join(sorted(TOOLS))}."
            msg = f"There is no tool {one_line(str(name), 60)!r}: {known}"
            raise UsageError(msg)
        given = params.get("arguments")
        params["arguments"] = read_arguments(
            name, TOOLS[name].parameters, {} if given is None else given
        )
    except HdbError as error:
        return _refusal(str(error))
    return await call_next(replace(ctx, params=params))


app: MCPServer[None] = MCPServer(
    "hdb",
    title="hdb",
    version=__version__,
    instructions=INSTRUCTIONS,
    tools=list(TOOLS.values()),
    middleware=[read_call],
    log_level="WARNING",
)


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


def _answer(ask: Callable[[], Wire]) -> CallToolResult:
    try:
        return _result(ask())
    except HdbError as error:
        return _refusal(str(error))
    except Exception as error:  # noqa: BLE001 - the SDK would hide what went wrong from the agent
        return _fault(error)


def _result(record: Wire) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text=record.json_text())],
        structured_content=record.lean(),
    )


def _fault(error: Exception) -> CallToolResult:
    return _refusal(one_line(f"A fault of hdb's own, nothing was verified: {error!r}"))


def _refusal(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)
