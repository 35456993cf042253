"""Says where one of several tasks has something to itself."""

from __future__ import annotations

import ast
import re

from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import FUNCTIONS, Module

PACKAGES = ("asyncio", "anyio", "trio")
KINDS = ("Lock", "Semaphore", "BoundedSemaphore", "Condition", "CapacityLimiter")
LOCKS = {f"{one}.{name}" for one in PACKAGES for name in KINDS}
LOCK_NAME = re.compile(r"lock|mutex|sem\b|semaphore|cond(ition)?\b|guard|limiter|exclusive")
"""How locks are called whose class nobody knows."""


def is_lock(module: Module, node: ast.expr, *, named: bool = True) -> bool:
    """Tell whether an expression is a lock: by its class, and with `named` by its name too."""
    found = kind(module, node)
    if found is not None and found.dotted in LOCKS:
        return True
    at = node.func if isinstance(node, ast.Call) else node
    at = at.value if isinstance(at, ast.Subscript) else at
    last = str(getattr(at, "attr", "") or getattr(at, "id", ""))
    return named and LOCK_NAME.search(last.lower()) is not None


def under_lock(module: Module, node: ast.AST) -> bool:
    """Tell whether a node stands below a `with` of a lock, within its function."""
    for parent in module.above(node):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.AsyncWith | ast.With) and any(
            is_lock(module, one.context_expr) for one in parent.items
        ):
            return True
    return False
