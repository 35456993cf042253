"""The MCP server: thin tools over the same functions as the command line."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Annotated, Any

import anyio
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.prompts import Prompt
from pydantic import Field

from mcp_server import __version__, session
from mcp_server.arguments import read_arguments
from mcp_server.errors import HdbError, UsageError, one_line
from mcp_server.prompts import prompt_text, prompts
from mcp_server.roots import project_root
from mcp_server.server.answers import refusal, text
from mcp_server.server.tools import TOOLS
from mcp_server.serving import until_signal
from mcp_server.stop_check import ALLOW

INSTRUCTIONS = """\
hdb verifies a Python project with the project's own tools and returns every failure of every \
check in one batch. Call `verify` when an edit is complete, fix the whole batch, call it again. \
`conventions` says how the project is verified, running nothing. `failure` shows one failure in \
full. `map_change` says what a change touches; `fix` mends failures marked "fix":"auto". \
`status` says whether the tree is verified as it is now. Only verdict "passed" with scope \
"full" means verified; "incomplete" means that something did not run, and the step says why."""


def _prompt(name: str, about: str) -> Prompt:
    def expand(
        task: Annotated[str, Field(description="What to add, change or fix.")] = "",
    ) -> str:
        return prompt_text(name, task)

    return Prompt.from_function(expand, name=name, title=name, description=about)


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
        return text(ALLOW) if in_hook else refusal(str(error))
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
