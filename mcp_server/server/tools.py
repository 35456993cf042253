"""The tools that the server offers, each with schemas that say nothing twice."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from mcp.server.mcpserver.tools import Tool
from mcp.types import ToolAnnotations

from mcp_server.arguments import lean_schema, result_schema
from mcp_server.server.declared import EDITS, READS, RUNS, SPELT, WHOLE
from mcp_server.server.mending import fix_tool
from mcp_server.server.reading import conventions_tool, failure_tool, map_tool, status_tool
from mcp_server.server.verifying import verify_tool


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
        tool.fn_metadata.output_schema = result_schema(tool.fn_metadata.output_schema, SPELT)
    return tool


TOOLS = {
    tool.name: tool
    for tool in (
        _tool(verify_tool, "verify", "Verify the project", RUNS),
        _tool(conventions_tool, "conventions", "Read the project's conventions", READS),
        _tool(map_tool, "map_change", "Say what a change touches", READS),
        _tool(fix_tool, "fix", "Mend what is mechanical", EDITS),
        _tool(failure_tool, "failure", "Show one failure in full", READS),
        # Without a schema of its results: a hook reads text alone, and clients refuse a result
        # without structured content where a schema promises it.
        _tool(status_tool, "status", "Say whether the tree is verified", READS),
    )
}
