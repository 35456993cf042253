"""The face that agents see: tools and prompts over MCP."""

from mcp_server.server.app import app, serve
from mcp_server.server.tools import TOOLS

__all__ = ["TOOLS", "app", "serve"]
