"""Finds shared values that are read before an await and written after it on that old reading."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Module, bases, decorations, method_calls, ref
from mcp_server.semantic.bindings import first_argument
from mcp_server.semantic.locks import is_lock, under_lock
from mcp_server.semantic.single import kept_for_all

LOST = (
    "`{}` is read before this await and written after it, and what others wrote meanwhile is lost: "
    "await first, or hold an `asyncio.Lock`"
)
TWICE = (
    "`{}` is checked before an await and set after it, so two tasks can both get here: "
    "hold an `asyncio.Lock` and check again inside it"
)
SLEEPS = {"asyncio.sleep", "anyio.sleep", "trio.sleep"}
LIFECYCLE = re.compile(
    r"^_*(a?enter|aexit|a?init|start|run|main|stop|close|aclose|open|connect|disconnect|set_?up|"
    r"tear_?down|shut_?down|initiali[sz]e|prepare|lifespan|on)(_.*)?$"
)
"""Functions that somebody calls once, before or after all else runs."""
RESOURCE = re.compile(
    r"client|pool|conn(ection)?(?![a-z])|session|engine|channel|socket|server|browser|driver|"
    r"producer|consumer|transport|database|redis|task(?!_?id)|listener|worker|process"
)
MAKING = re.compile(r"^_*(create|connect|open|start|launch|make|new|spawn|acquire|dial|build)")
"""Names of what is lost or left open when it is made twice; data that is fetched twice is not."""
LEAVING = (ast.Return, ast.Raise, ast.Continue, ast.Break)
NAMES = (ast.Attribute, ast.Name)
AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True, slots=True)
class Write:
    """One assignment in a coroutine to something that other tasks may use."""

    module: Module
    function: ast.AsyncFunctionDef
    node: ast.stmt
    target: ast.expr
    value: ast.expr

    def reads(self, node: ast.AST) -> bool:
        """Tell whether a node reads or writes the same thing."""
        wanted = ast.unparse(self.target)
        held = (one for kinds in NAMES for one in self.module.within(node, kinds))
        return any(ast.unparse(one) == wanted for one in held)

    def writes(self, node: ast.AST) -> bool:
        """Tell whether a node writes the same thing; a target's dump holds that it is one."""
        wanted = ast.dump(self.target)
        return any(ast.dump(one) == wanted for one in self.module.within(node, type(self.target)))

    def awaits(self, node: ast.AST) -> bool:
        """Tell whether other tasks can run while a node does."""
        return any(True for kinds in AWAITING for _ in self.module.within(node, kinds))

    def before(self) -> Iterator[tuple[ast.stmt, bool]]:
        """Yield the statements that run before it, latest first; with True those that hold it."""
        child: ast.AST = self.node
        for parent in self.module.above(self.node):
            for name in ("body", "orelse", "finalbody"):
                block = getattr(parent, name, None)
                if isinstance(block, list) and child in block:
                    yield from ((one, False) for one in reversed(block[: block.index(child)]))
            if parent is self.function:
                return
            if isinstance(parent, ast.stmt):
                yield parent, True
            child = parent


def check(module: Module) -> Iterator[Hit]:
    """Yield the first write of each coroutine that rests on a reading from before an await."""
    if not module.nodes(ast.AsyncFunctionDef):
        return
    told: set[ast.AST] = set()
    for write in _writes(module):
        message = _message(write) if write.function not in told else None
        if message is not None and not _is_locked(write):
            told.add(write.function)
            yield Hit(write.node, message.format(ast.unparse(write.target)))


def _writes(module: Module) -> Iterator[Write]:
    shared = {name for one in module.nodes(ast.Global) for name in one.names}
    pairs: list[tuple[ast.stmt, ast.expr, ast.expr | None]] = []
    pairs += [(one, one.targets[0], one.value) for one in module.nodes(ast.Assign)]
    pairs += [(one, one.target, one.value) for one in module.nodes(ast.AnnAssign)]
    pairs += [(one, one.target, one.value) for one in module.nodes(ast.AugAssign)]
    for node, target, value in pairs:
        if value is None or (not isinstance(target, ast.Attribute) and _last(target) not in shared):
            continue
        function = module.function(node)
        if isinstance(function, ast.AsyncFunctionDef) and _is_shared(module, function, target):
            yield Write(module, function, node, target, value)


def _last(node: ast.AST) -> str:
    return str(getattr(node, "attr", "") or getattr(node, "id", ""))


def _is_shared(module: Module, function: ast.AsyncFunctionDef, target: ast.expr) -> bool:
    """Tell whether what is written is an attribute of the method's object, or a global."""
    if isinstance(target, ast.Name):
        return any(target.id in one.names for one in module.within(function, ast.Global))
    return (
        isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and isinstance(module.parent(function), ast.ClassDef)
        and target.value.id == first_argument(function)
    )


def _message(write: Write) -> str | None:
    value = write.value
    adds = isinstance(write.node, ast.AugAssign)
    late = value
    if not adds and isinstance(value, ast.BinOp) and write.reads(value.left):
        adds, late = True, value.right
    if adds and write.awaits(value):
        # The old value is read first, then the right side runs.
        return LOST if write.awaits(late) else None
    if isinstance(value, ast.Constant) and not adds:
        return None
    if _is_carried(write):
        return LOST
    if adds and _has_slept(write):
        return TWICE
    if LIFECYCLE.match(write.function.name) and not _is_called_lazily(write):
        return None
    return TWICE if (adds or _makes(write)) and _is_checked(write) and _many_use(write) else None


def _is_called_lazily(write: Write) -> bool:
    """Tell whether another coroutine awaits the function where it finds the value missing."""
    module = write.module
    for call in method_calls(module, write.function.name):
        function = module.function(call)
        named = ref(module, call.func)
        if function is write.function or named is None or named.node is not write.function:
            continue
        if not isinstance(function, ast.AsyncFunctionDef) or LIFECYCLE.match(function.name):
            continue
        around = (one for one in module.above(call) if isinstance(one, ast.If))
        if any(module.function(one) is function and write.reads(one.test) for one in around):
            return True
    return False


def _makes(write: Write) -> bool:
    """Tell whether what is written has to be closed, so that a second one leaks."""
    value = write.value.value if isinstance(write.value, ast.Await) else write.value
    if not isinstance(value, ast.Call | ast.Name):
        return False
    made = _last(value.func) if isinstance(value, ast.Call) else ""
    return bool(MAKING.match(made.lower()) or RESOURCE.search(_last(write.target).lower()))


def _is_carried(write: Write) -> bool:
    """Tell whether what is written is computed from a local copy that an await has aged."""
    if not isinstance(write.value, ast.BinOp):
        return False
    used = {one.id for one in write.module.within(write.value, ast.Name)}
    awaits = False
    for one, holds in write.before():
        if holds:
            continue
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) in used:
            return awaits and ast.unparse(one.value) == ast.unparse(write.target)
        awaits = awaits or write.awaits(one)
    return False


def _has_slept(write: Write) -> bool:
    """Tell whether a wait for something to be free ends without a second look at it."""
    for one, holds in write.before():
        if isinstance(one, ast.While) and write.reads(one.test):
            return False
        if holds:
            continue
        if isinstance(one, ast.If) and write.reads(one.test):
            waits = [call for part in one.body for call in write.module.within(part, ast.Call)]
            found = {each.dotted for call in waits if (each := ref(write.module, call.func))}
            return bool(found & SLEEPS) and not write.writes(one)
        if write.writes(one):
            return False
    return False


def _is_checked(write: Write) -> bool:
    """Tell whether the last test of a value before it is written has an await after it."""
    awaits = write.awaits(write.value)
    for one, holds in write.before():
        if isinstance(one, ast.If) and write.reads(one.test):
            left = not holds and isinstance(one.body[-1], LEAVING) and not one.orelse
            inside = holds and any(
                each in one.body for each in (write.node, *write.module.above(write.node))
            )
            return awaits and (left or inside) and _asks_only(write, one.test)
        if isinstance(one, ast.While | ast.Assert) and write.reads(one.test):
            return False
        if not holds and write.writes(one):
            return False
        awaits = awaits or isinstance(one, AWAITING) or (not holds and write.awaits(one))
    return False


def _asks_only(write: Write, test: ast.expr) -> bool:
    """Tell whether a test is about the value alone: one about the time keeps a cache fresh."""
    known = {_last(one) for one in ast.walk(write.target)}
    return all(one.id in known or one.id.isupper() for one in write.module.within(test, ast.Name))


def _many_use(write: Write) -> bool:
    """Tell whether several tasks surely share a value: its object is made once, or has a lock."""
    module = write.module
    owner = module.parent(write.function)
    if isinstance(write.target, ast.Name) or not isinstance(owner, ast.ClassDef):
        return True
    if next(decorations(module, write.function, {"builtins.classmethod"}), None) is not None:
        return True
    for source, node in ((one.module, one.node) for one in bases(module, owner)):
        held = source.bindings.attributes.get(node, {}) if source and node else {}
        values = (each.value for kept in held.values() for each in kept)
        if source and any(one and is_lock(source, one, named=False) for one in values):
            return True
    return kept_for_all(module, owner)


def _is_locked(write: Write) -> bool:
    """Tell whether a lock is held, here or by all that call the function in its module."""
    module, function = write.module, write.function
    if under_lock(module, write.node) or re.search(r"(un)?locked|_unsafe", function.name):
        return True
    if any(module.function(one) is function for one in method_calls(module, "acquire")):
        return True
    held = list(method_calls(module, function.name))
    if held and all(under_lock(module, one) for one in held):
        return True
    value = write.value.value if isinstance(write.value, ast.Await) else None
    made = ref(module, value.func) if isinstance(value, ast.Call) else None
    if made is None or made.module is not module or not isinstance(made.node, ast.AsyncFunctionDef):
        return False
    # Nobody else runs between the end of what it awaits and the assignment.
    tests = (one.test for one in module.within(made.node, ast.If))
    return any(write.reads(one) and under_lock(module, one) for one in tests)


RULE = Rule(
    name="check-then-act-across-await",
    why="Every await lets other tasks run, so what was read before it may no longer hold after it.",
    wrong="""\
import asyncpg

_pool: asyncpg.Pool | None = None


async def get_pool() -> asyncpg.Pool:
    global _pool
    if _pool is None:
        _pool = await asyncpg.create_pool("postgres:///orders")
    return _pool
""",
    right="""\
import asyncio

import asyncpg

_pool: asyncpg.Pool | None = None
_opening = asyncio.Lock()


async def get_pool() -> asyncpg.Pool:
    global _pool
    async with _opening:
        if _pool is None:
            _pool = await asyncpg.create_pool("postgres:///orders")
        return _pool
""",
    taught="python-services/references/async.md#shared-state",
    source=(
        "https://docs.python.org/3/library/asyncio-sync.html#asyncio.Lock",
        "https://docs.python.org/3/library/asyncio-dev.html#concurrency-and-multithreading",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
