"""Finds calls of `asyncio.get_event_loop`, which no longer makes the loop that it cannot find."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, calls, ref

INSIDE = (
    "`get_event_loop()` in a coroutine: `asyncio.get_running_loop()` says that there is one, "
    "or use `asyncio.create_task` and `asyncio.to_thread`"
)
OUTSIDE = (
    "`get_event_loop()` raises from Python 3.14 where no loop is set: start with `asyncio.run()`, "
    "or take `get_running_loop()` where one runs"
)
GETTER = "asyncio.get_event_loop"
SETTERS = ("asyncio.set_event_loop", "asyncio.events.set_event_loop", "uvloop.install")
FALLEN_BACK = frozenset({"builtins.RuntimeError", "builtins.AttributeError"})
MAKERS = frozenset({"asyncio.new_event_loop", "asyncio.run"})
ASKED = frozenset({"version_info", "hasattr", "PY", "PY3", "PY37", "PY310", "PY312", "PY314"})
"""Names in a condition that tell old Pythons from new ones."""


def check(module: Module) -> Iterator[Hit]:
    """Yield the first call of each function that asks for a loop and provides for no other case."""
    told: set[ast.AST] = set()
    for call in calls(module, GETTER):
        function = module.function(call.node) or module.tree.root
        if function in told or _is_provided_for(module, call.node, function):
            continue
        told.add(function)
        inside = isinstance(function, ast.AsyncFunctionDef)
        yield Hit(call.node, INSIDE if inside else OUTSIDE)


def _is_provided_for(module: Module, node: ast.Call, function: ast.AST) -> bool:
    """Tell whether a missing loop is caught or set, or another Python is meant."""
    if not isinstance(function, ast.AsyncFunctionDef) and any(
        _falls_back(module, handler) for one in module.tries(node) for handler in one.handlers
    ):
        return True
    for parent in module.above(node):
        # The last resort after `get_running_loop`, which the oldest Pythons do not have.
        if isinstance(parent, ast.ExceptHandler) and _falls_back(module, parent):
            return True
        if isinstance(parent, ast.If | ast.IfExp) and _asks(module, parent.test):
            return True
        if parent is function:
            break
    root = module.tree.root
    return any(
        (module.function(one.node) or root) is function and one.node.lineno < node.lineno
        for one in calls(module, *SETTERS)
    )


def _falls_back(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler is for a missing loop: by what it catches, or by making one."""
    if handler.type is not None:
        listed = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        found = (ref(module, one) for one in listed)
        if any(one is not None and one.dotted in FALLEN_BACK for one in found):
            return True
    made = (ref(module, one.func) for one in module.within(handler, ast.Call))
    return any(one is not None and one.dotted in MAKERS for one in made)


def _asks(module: Module, test: ast.expr) -> bool:
    names = {one.attr for one in module.within(test, ast.Attribute)}
    names |= {one.id for one in module.within(test, ast.Name)}
    return bool(names & ASKED)


RULE = Rule(
    name="event-loop-getter",
    why="From Python 3.14 on `get_event_loop()` makes no loop: it raises where none is set.",
    wrong="""\
import asyncio


async def refresh() -> None:
    await asyncio.sleep(1)


def main() -> None:
    loop = asyncio.get_event_loop()
    loop.run_until_complete(refresh())
""",
    right="""\
import asyncio


async def refresh() -> None:
    await asyncio.sleep(1)


def main() -> None:
    asyncio.run(refresh())
""",
    taught="python-services/references/async.md#one-loop",
    source=(
        "https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop",
        "https://docs.python.org/3/whatsnew/3.14.html#asyncio",
    ),
    check=check,
)
