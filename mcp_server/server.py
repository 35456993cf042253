"""The MCP server: four tools over the same functions as the command line."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.tools import Tool
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from mcp_server import __version__, session
from mcp_server.arguments import lean_schema, read_arguments, result_schema
from mcp_server.contract import Batch, ConventionsView, FailureDetail
from mcp_server.conventions import read_conventions
from mcp_server.conventions_view import conventions_view
from mcp_server.errors import HdbError, UsageError, one_line
from mcp_server.heartbeat import Heartbeat
from mcp_server.paging import batch_page, conventions_page, failure_page
from mcp_server.prompts import prompt_text, prompts
from mcp_server.roots import checkout, project_root
from mcp_server.serving import until_signal
from mcp_server.snapshot import Snapshot
from mcp_server.status import read_status
from mcp_server.stop_check import ALLOW, answer_stop
from mcp_server.verify import Progress, verify
from mcp_server.views import failure_detail, stored_batch
from mcp_server.wire import Wire

INSTRUCTIONS = """\
hdb verifies a Python project with the project's own tools and returns every failure of every \
check in one batch. Call `verify` when an edit is complete, fix the whole batch, call it again. \
`conventions` says how the project is verified, running nothing. `failure` shows one failure in \
full. `status` says whether the tree is verified as it is now. Only verdict "passed" with scope \
"full" means verified; "incomplete" means that something did not run, and the step says why."""

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
        description="Project folder, or worktree; default: the project of this session.",
        examples=["backend"],
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
    heart = Heartbeat(context.report_progress)

    async def report(event: Progress) -> None:
        await heart.event(event.total, event.text)

    try:
        root = _project(path)
        if cursor:
            return _result(batch_page(*stored_batch(root, cursor)))
        named = [targets] if isinstance(targets, str) else targets or ()
        work = verify(root, named, timeout=timeout, deadline=deadline, listener=report)
        return _result(batch_page(await heart.during(work)))
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
        found = read_conventions(_project(path), facts=True)
        return conventions_page(conventions_view(found, lean=not detail), cursor)

    return _answer(page)


def failure_tool(
    id: Annotated[str, Field(description="The failure's id in the batch.", examples=["6acb"])],  # noqa: A002 - the contract's name
    path: PathArgument = ".",
    cursor: CursorArgument = "",
) -> Annotated[CallToolResult, FailureDetail]:
    """Show one failure of the last batch in full: traceback, captured output, source lines."""
    return _answer(lambda: failure_page(failure_detail(_project(path), id), cursor))


def status_tool(
    path: PathArgument = ".",
    stop_hook: Annotated[
        str | bool,
        Field(description='Of a Stop hook alone: "${stop_hook_active}". Answers in its form.'),
    ] = "",
) -> CallToolResult:
    """Say whether the tree is verified as it is now, by which batch, what changed since then and
    in this session, and what to do. Cheap; runs nothing.
    """  # noqa: D205 - one sentence, which a client shows as it stands
    if stop_hook != "":

        def began() -> tuple[Path, Path, Snapshot]:
            root = checkout(path)
            return project_root(None), root, session.baseline(root)

        return _text(answer_stop(stop_hook, began))

    def found() -> Wire:
        root = project_root(path)
        return read_status(root, session.baseline(root))

    return _answer(found)


def _project(path: str) -> Path:
    """Return the folder that a call means, whose changes in this session count from now on."""
    root = project_root(path)
    session.begin(root)
    return root


def _tool(
    function: Callable[..., Any], name: str, title: str, annotations: ToolAnnotations
) -> Tool:
    """Return a function as a tool whose schemas say nothing twice."""
    tool = Tool.from_function(
        function,
        name=name,
        title=title,
        description=inspect.getdoc(function),
        annotations=annotations,
        meta=WHOLE,
    )
    tool.parameters = lean_schema(tool.parameters)
    if tool.fn_metadata.output_schema is not None:
        tool.fn_metadata.output_schema = result_schema(tool.fn_metadata.output_schema)
    return tool


def _prompt(name: str, about: str) -> Prompt:
    def expand(
        task: Annotated[str, Field(description="What to add, change or fix.")] = "",
    ) -> str:
        return prompt_text(name, task)

    return Prompt.from_function(expand, name=name, title=name, description=about)


TOOLS = {
    tool.name: tool
    for tool in (
        _tool(verify_tool, "verify", "Verify the project", RUNS),
        _tool(conventions_tool, "conventions", "Read the project's conventions", READS),
        _tool(failure_tool, "failure", "Show one failure in full", READS),
        # Without a schema of its results: a hook reads text alone, and clients refuse a result
        # without structured content where a schema promises it.
        _tool(status_tool, "status", "Say whether the tree is verified", READS),
    )
}


async def read_call(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Answer a call that its tool does not declare; the SDK's own words would teach nothing."""
    if ctx.method != "tools/call":
        return await call_next(ctx)
    params = dict(ctx.params or {})
    name = params.get("name")
    given = params.get("arguments")
    try:
        if not isinstance(name, str) or name not in TOOLS:
            known = f"hdb has {', '.join(sorted(TOOLS))}."
            msg = f"There is no tool {one_line(str(name), 60)!r}: {known}"
            raise UsageError(msg)
        params["arguments"] = read_arguments(
            name, TOOLS[name].parameters, {} if given is None else given
        )
    except HdbError as error:
        # A hook that fails would be told to people at every stop.
        in_hook = name == "status" and isinstance(given, dict) and "stop_hook" in given
        return _text(ALLOW) if in_hook else _refusal(str(error))
    return await call_next(replace(ctx, params=params))


app: MCPServer[None] = MCPServer(
    "hdb",
    title="hdb",
    version=__version__,
    instructions=INSTRUCTIONS,
    tools=list(TOOLS.values()),
    middleware=[read_call],
    log_level="WARNING",
    # Nothing here ever changes; a client that is told otherwise waits before it lists the tools.
    subscriptions=False,
)
for prompt_name, about in prompts().items():
    app.add_prompt(_prompt(prompt_name, about))


def serve() -> None:
    """Serve standard input and output until the client closes them or a signal asks to stop."""
    with contextlib.suppress(HdbError, OSError):
        # An agent may edit before its first call.
        session.begin(project_root(None))
    anyio.run(until_signal, app.run_stdio_async)


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


def _text(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)])


def _refusal(message: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=message)], is_error=True)
