"""Finds calls of `asyncio.get_event_loop`, which no longer makes the loop that it cannot find."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, calls, ref
from mcp_server.semantic.reached import callers_of

INSIDE = (
    "`get_event_loop()` in a coroutine: `asyncio.get_running_loop()` says that there is one, "
    "or use `asyncio.create_task` and `asyncio.to_thread`"
)
STARTED = (
    "`get_event_loop()` raises from Python 3.14 where no loop is set: "
    "start the coroutine with `asyncio.run()`"
)
HIDDEN = (
    "`get_event_loop()` raises from Python 3.14 where no loop is set, and `run_until_complete` "
    "inside a running one: make this a coroutine, or call `asyncio.run()` at the program's entry"
)
CALLED = (
    "the coroutine `{1}` calls `{0}`, and starting a loop raises inside a running one: "
    "make `{0}` a coroutine and await it"
)
USED = (
    "`get_event_loop()` for a loop that is used and not started: `asyncio.get_running_loop()` says "
    "that one must run, where this raises from Python 3.14 on"
)
OUTSIDE = (
    "`get_event_loop()` raises from Python 3.14 where no loop is set: start with `asyncio.run()`, "
    "or take `get_running_loop()` where one runs"
)
STARTING = frozenset({"run_until_complete", "run_forever"})
USING = frozenset(
    "add_reader add_signal_handler add_writer call_at call_later call_soon create_connection "
    "create_future create_server create_task run_in_executor stop time".split()
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
        yield Hit(call.node, _message(module, call.node, function))


def _message(module: Module, node: ast.Call, function: ast.AST) -> str:
    """Return what to do instead: that depends on what becomes of the loop."""
    if isinstance(function, ast.AsyncFunctionDef):
        return INSIDE
    used = _used(module, node)
    if used & STARTING:
        if isinstance(function, ast.FunctionDef) and "run_until_complete" in used:
            for _, caller in callers_of(module, function):
                if isinstance(caller, ast.AsyncFunctionDef):
                    return CALLED.format(function.name, caller.name)
            # Who calls a method of some object can rarely be told.
            return HIDDEN if isinstance(module.parent(function), ast.ClassDef) else STARTED
        return STARTED
    return USED if used & USING else OUTSIDE


def _used(module: Module, node: ast.Call) -> set[str]:
    """Return the methods that are called on a loop, as far as its own function shows."""
    parent = module.parent(node)
    if isinstance(parent, ast.Attribute):
        return {parent.attr}
    if not isinstance(parent, ast.Assign | ast.NamedExpr):
        return set()
    kept = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
    wanted = ast.unparse(kept)
    scope = module.class_of(node) if isinstance(kept, ast.Attribute) else module.function(node)
    held = (one for one in ast.walk(scope or module.tree.root) if isinstance(one, ast.Attribute))
    return {one.attr for one in held if ast.unparse(one.value) == wanted}


def _is_provided_for(module: Module, node: ast.Call, function: ast.AST) -> bool:
    """Tell whether a missing loop is caught or set, or another Python is meant."""
    if not isinstance(function, ast.AsyncFunctionDef) and any(
        _falls_back(module, handler) for one in module.tries(node) for handler in one.handlers
    ):
        return True
    child: ast.AST = node
    inside = True
    for parent in module.above(node):
        # The last resort after `get_running_loop`, which the oldest Pythons do not have.
        if isinstance(parent, ast.ExceptHandler) and inside and _falls_back(module, parent):
            return True
        # A whole class or function may stand in the `else` of what newer Pythons have.
        outer = isinstance(parent, ast.If) and child in parent.orelse
        asks = isinstance(parent, ast.If | ast.IfExp) and _asks(module, parent.test)
        if asks and (inside or outer):
            return True
        inside = inside and parent is not function
        child = parent
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
