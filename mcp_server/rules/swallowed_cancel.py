"""Finds coroutines that catch their own cancellation and go on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Function, Module, calls, method_calls, ref, valued

LOOP = (
    "`{}` catches its cancellation inside a loop and goes on, so it cannot be stopped: `raise` it"
)
VALUE = "`{}` answers its cancellation with a value, and whoever awaits it goes on: `raise` it"
BROAD = (
    "`{}` catches every BaseException around an await, so cancelling it has no effect: "
    "catch `Exception`, or `raise` at the end"
)
CANCELLED = frozenset({"asyncio.CancelledError", "trio.Cancelled"})
CANCELLED_MAKERS = frozenset({"anyio.get_cancelled_exc_class"})
ALL = frozenset({"builtins.BaseException"})
TASKS = ("asyncio.gather", "asyncio.shield", "asyncio.wait", "asyncio.wait_for")
"""What awaits tasks that others run, when it is given them by name."""
COROUTINES = re.compile(r"coro(s|utine)?s?$")
"""How parameters are called that hold what nobody runs yet."""
CANCELLING = ("cancel", "uncancel", "cancelling", "cancelled", "cancel_called")
ENDING = ("set", "close", "exit", "_exit")
"""What ends a function's own work; in a loop only where the handler calls it."""
MEANT = re.compile(
    rb"#.*\b(re-?rais|propagat|swallow|deliberate|on purpose|intention)", re.IGNORECASE
)
"""How a comment says that the cancellation was thought of."""
LOGS = frozenset("debug info warning warn error exception critical log print".split())
ENTERING = (ast.AsyncFor, ast.AsyncWith)


def check(module: Module) -> Iterator[Hit]:
    """Yield the handlers of a cancellation after which a coroutine goes on."""
    for handler in module.nodes(ast.ExceptHandler):
        function = module.function(handler)
        statement = module.parent(handler)
        if (
            not isinstance(function, ast.AsyncFunctionDef)
            or not isinstance(statement, ast.Try | ast.TryStar)
            or any(module.within(handler, ast.Raise))
            or _raises_anyway(module, statement, function)
        ):
            continue
        caught = _caught(module, handler.type)
        if caught is None or _is_told_before(module, statement, handler):
            continue
        message = _message(module, handler, statement, function, caught)
        if message is not None and not _is_meant(module, handler):
            yield Hit(handler, message.format(function.name))
    for call in calls(module, "contextlib.suppress"):
        item = module.parent(call.node)
        statement = module.parent(item) if item is not None else None
        function = module.function(call.node)
        if (
            isinstance(statement, ast.With | ast.AsyncWith)
            and isinstance(function, ast.AsyncFunctionDef)
            and any(_caught(module, one) for one in call.node.args)
            and _waits(module, statement)
            and _loops(module, statement, function)
            and not _cancels(module, function)
        ):
            yield Hit(call.node, LOOP.format(function.name))


def _caught(module: Module, node: ast.expr | None) -> str | None:
    """Return whether a handler names the cancellation, or catches it with all else."""
    if node is None:
        return "all"
    source, value = valued(module, node)
    if isinstance(value, ast.Tuple):
        held = {_caught(source, one) for one in value.elts}
        return "cancelled" if "cancelled" in held else "all" if "all" in held else None
    if isinstance(value, ast.Call):
        named = ref(source, value.func)
        return "cancelled" if named is not None and named.dotted in CANCELLED_MAKERS else None
    found = ref(module, node)
    if found is None:
        return None
    return "cancelled" if found.dotted in CANCELLED else "all" if found.dotted in ALL else None


def _is_told_before(
    module: Module, statement: ast.Try | ast.TryStar, handler: ast.ExceptHandler
) -> bool:
    """Tell whether an earlier handler of the same `try` has taken the cancellation."""
    for one in statement.handlers:
        if one is handler:
            return False
        if _caught(module, one.type) is not None:
            return True
    return False


def _message(
    module: Module,
    handler: ast.ExceptHandler,
    statement: ast.Try | ast.TryStar,
    function: Function,
    caught: str,
) -> str | None:
    if not _waits(module, statement) or _cancels(module, function):
        return None
    if any(True for one in statement.finalbody for _ in module.within(one, ast.Raise)):
        return None
    returned = next(module.within(handler, ast.Return), None)
    leaves = returned is not None or any(module.within(handler, ast.Break))
    if not leaves and _loops(module, statement, function):
        changes = (ast.Assign, ast.AugAssign, ast.AnnAssign)
        changed = any(one for kind in changes for one in module.within(handler, kind))
        return None if changed or _ends(module, handler) else LOOP
    if caught == "cancelled":
        wrong = returned is not None and _answers(module, returned, function)
    else:
        shielded = _is_last_shielded(module, statement, function)
        wrong = not shielded and not _is_kept(module, handler)
    if not wrong or _ends(module, function):
        return None
    return VALUE if caught == "cancelled" else BROAD


def _is_meant(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a comment in a handler speaks of what it does to the cancellation."""
    lines = module.content.splitlines()[handler.lineno - 1 : handler.end_lineno]
    return any(MEANT.search(one) for one in lines)


def _raises_anyway(module: Module, statement: ast.AST, function: Function) -> bool:
    """Tell whether a `try` cleans up in another handler, which ends by raising."""
    for parent in module.above(statement):
        if parent is function:
            return False
        if isinstance(parent, ast.ExceptHandler) and isinstance(parent.body[-1], ast.Raise):
            return True
    return False


def _is_last_shielded(module: Module, statement: ast.AST, function: Function) -> bool:
    """Tell whether all that a function still does is wait for what a cancellation cannot reach."""
    if not isinstance(statement, ast.Try | ast.TryStar) or statement not in function.body[-1:]:
        return False
    waits = [one.value for part in statement.body for one in module.within(part, ast.Await)]
    named = [ref(module, one.func) if isinstance(one, ast.Call) else None for one in waits]
    return all(one is not None and one.dotted == "asyncio.shield" for one in named)


def _waits(module: Module, statement: ast.Try | ast.TryStar | ast.With | ast.AsyncWith) -> bool:
    """Tell whether a body awaits something that it started itself, and not another's task."""
    for part in statement.body:
        if any(_is_own(module, one.value) for one in module.within(part, ast.Await)):
            return True
        if any(True for kind in ENTERING for _ in module.within(part, kind)):
            return True
    return False


def _is_own(module: Module, awaited: ast.expr) -> bool:
    if not isinstance(awaited, ast.Call):
        return False
    named = ref(module, awaited.func)
    if named is not None and named.dotted in TASKS:
        first = awaited.args[0] if awaited.args else None
        if isinstance(first, ast.Name) and COROUTINES.search(first.id):
            return True
        return isinstance(first, ast.Call) and _is_own(module, first)
    return True


def _cancels(module: Module, function: Function) -> bool:
    """Tell whether a function cancels others, or keeps account of who was cancelled."""
    return any(module.function(one) is function for one in method_calls(module, *CANCELLING))


def _ends(module: Module, node: ast.AST) -> bool:
    """Tell whether a node closes what its function works on, or tells others that it is over."""
    called = (one.func for one in module.within(node, ast.Call))
    return any(isinstance(one, ast.Attribute) and one.attr in ENDING for one in called)


def _loops(module: Module, statement: ast.AST, function: Function) -> bool:
    """Tell whether what follows a statement is the next turn of a loop."""
    child = statement
    for parent in module.above(statement):
        # A `for` ends by itself, as one that stops services does, and a `while` that counts.
        if isinstance(parent, ast.While) and _counts(module, parent.test):
            return False
        if isinstance(parent, ast.While | ast.AsyncFor) and child in parent.body:
            rest = parent.body[parent.body.index(child) + 1 :]
            return not any(isinstance(one, ast.Return | ast.Break | ast.Raise) for one in rest)
        if parent is function:
            return False
        block = getattr(parent, "body", None)
        if isinstance(block, list) and child in block and block[-1] is not child:
            rest = block[block.index(child) + 1 :]
            if any(isinstance(one, ast.Return | ast.Break | ast.Raise) for one in rest):
                return False
        child = parent
    return False


def _counts(module: Module, test: ast.expr) -> bool:
    found = (one for each in module.within(test, ast.Compare) for one in each.ops)
    return any(isinstance(one, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for one in found)


def _answers(module: Module, returned: ast.Return, function: Function) -> bool:
    """Tell whether a handler returns a value in a function that answers with values."""
    if returned.value is None:
        return False
    others = (one.value for one in module.within(function, ast.Return) if one is not returned)
    return any(
        one is not None and not (isinstance(one, ast.Constant) and one.value is None)
        for one in others
    )


def _is_kept(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler hands on what it caught, other than to the log."""
    if handler.name is None:
        return False
    for name in module.within(handler, ast.Name):
        if name.id != handler.name or not isinstance(name.ctx, ast.Load):
            continue
        for parent in module.above(name):
            if isinstance(parent, ast.Call):
                called = parent.func
                last = called.attr if isinstance(called, ast.Attribute) else ""
                last = called.id if isinstance(called, ast.Name) else last
                if last in LOGS:
                    break
            if parent is handler:
                return True
    return False


RULE = Rule(
    name="swallowed-cancel",
    why="A coroutine that swallows its cancellation outlives timeouts, task groups and shutdown.",
    wrong="""\
import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def poll(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            logger.info("interrupted")
        await asyncio.sleep(1)
""",
    right="""\
import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)


async def poll(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except asyncio.CancelledError:
            logger.info("stopping")
            raise
        await asyncio.sleep(1)
""",
    taught="python-services/references/async.md#cancellation",
    source=(
        "https://docs.python.org/3/library/asyncio-task.html#task-cancellation",
        "https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError",
    ),
    same_as=("ASYNC103", "ASYNC104"),
    looks_at=frozenset({"service"}),
    check=check,
)
