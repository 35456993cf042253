"""Says what Python source means without running it: names, values, classes, calls and routes.

The words are those of Python's reference (binding, scope) and of linters ("semantic model"): a
`Program` holds the `Module`s of a project, and functions answer for a node of one of them.
"""

from mcp_server.semantic.arguments import Given, argument, positional, spread
from mcp_server.semantic.binders import Binding
from mcp_server.semantic.calls import Call, calls, decorations, method_calls, receiver
from mcp_server.semantic.classes import Field, bases, fields, is_a, methods
from mcp_server.semantic.constants import UNKNOWN, Unknown, constant, text, valued
from mcp_server.semantic.handlers import caught
from mcp_server.semantic.hints import annotated
from mcp_server.semantic.kinds import declared, kind
from mcp_server.semantic.module import FUNCTIONS, SCOPES, Function, Module
from mcp_server.semantic.names import Ref
from mcp_server.semantic.program import Program, read_program
from mcp_server.semantic.received import Received, header_name, key_of, origins, received
from mcp_server.semantic.resolve import ref
from mcp_server.semantic.web import Route, routes

__all__ = [
    "FUNCTIONS",
    "SCOPES",
    "UNKNOWN",
    "Binding",
    "Call",
    "Field",
    "Function",
    "Given",
    "Module",
    "Program",
    "Received",
    "Ref",
    "Route",
    "Unknown",
    "annotated",
    "argument",
    "bases",
    "calls",
    "caught",
    "constant",
    "declared",
    "decorations",
    "fields",
    "header_name",
    "is_a",
    "key_of",
    "kind",
    "method_calls",
    "methods",
    "origins",
    "positional",
    "read_program",
    "received",
    "receiver",
    "ref",
    "routes",
    "spread",
    "text",
    "valued",
]
