"""Tells whose choice an address is: the service's own (a literal, configuration), or another's."""

from __future__ import annotations

import ast
import re

from mcp_server.semantic.constants import valued
from mcp_server.semantic.module import FUNCTIONS, Module
from mcp_server.semantic.received import origins
from mcp_server.semantic.resolve import ref

CONFIGURED = re.compile(r"settings|config|environ|getenv|\bconf\b|\bcfg\b|\benv\b", re.IGNORECASE)
HOST = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//[^/{}]*\w")
"""A scheme and the beginning of a host."""
DEEPEST = 6


def is_own_address(module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Tell whether an address is, in every case, a literal, configured, or its object's own."""
    if depth > DEEPEST:
        return False
    found = [*origins(module, node)]
    if _is_parameter(module, node):
        return False
    return bool(found) and all(_is_own(module, one, depth + 1) for one in found)


def _is_parameter(module: Module, node: ast.expr) -> bool:
    """Tell whether callers choose a value; those who make an object choose for its life."""
    function = module.function(node)
    if not isinstance(node, ast.Name) or not isinstance(function, FUNCTIONS):
        return False
    held = function.args
    listed = (*held.posonlyargs, *held.args, *held.kwonlyargs)
    return function.name != "__init__" and any(one.arg == node.id for one in listed)


def _is_own(module: Module, node: ast.expr, depth: int) -> bool:
    source, value = valued(module, node)
    if isinstance(node, ast.Name | ast.Attribute) and (value is node or _is_named(module, node)):
        return _is_named(module, node)
    if value is not node and not isinstance(value, ast.Name | ast.Attribute):
        return is_own_address(source, value, depth)
    match value:
        case ast.JoinedStr(values=values):
            return _is_joined(source, values, depth)
        case ast.BinOp(left=left):
            return is_own_address(source, left, depth)
        case ast.Call():
            return _is_made(source, value, depth)
    held = value.value if isinstance(value, ast.Subscript) else value
    return isinstance(value, ast.Constant) or (held is not value and _is_configured(held))


def _is_joined(module: Module, values: list[ast.expr], depth: int) -> bool:
    """Tell it of an f-string, whose host is written, or computed first."""
    match values:
        case [ast.Constant(value=str(begins)), *_] if HOST.match(begins):
            return True
    computed = next((one for one in values if isinstance(one, ast.FormattedValue)), None)
    return computed is None or is_own_address(module, computed.value, depth)


def _is_made(module: Module, node: ast.Call, depth: int) -> bool:
    """Tell it of an address that a call returns: `urljoin(BASE, path)`, `"{}".format(...)`."""
    if _is_configured(node.func):
        return True
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return is_own_address(module, node.func.value, depth)
    made = ref(module, node.func)
    if made is not None and made.module is not None and isinstance(made.node, FUNCTIONS):
        returned = [one.value for one in made.module.within(made.node, ast.Return)]
        held = [one for one in returned if one is not None]
        return bool(held) and all(is_own_address(made.module, one, depth) for one in held)
    return bool(node.args) and is_own_address(module, node.args[0], depth)


def _is_named(module: Module, node: ast.Name | ast.Attribute) -> bool:
    """Tell it of a name without a value that is known: a constant, or what an object is given."""
    if isinstance(node, ast.Attribute):
        return node.attr.isupper() or _is_configured(node)
    own = getattr(module.function(node), "name", "") == "__init__"
    return own or node.id.isupper() or _is_configured(node)


def _is_configured(node: ast.expr) -> bool:
    return CONFIGURED.search(ast.unparse(node)) is not None
