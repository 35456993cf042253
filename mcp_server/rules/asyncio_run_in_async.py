"""Finds coroutines that start an event loop inside the one that runs them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Function,
    Module,
    Ref,
    calls,
    decorations,
    kind,
    method_calls,
    ref,
)
from mcp_server.semantic.bindings import first_argument
from mcp_server.semantic.classes import PROPERTIES, attribute, is_property

DIRECT = "`{}` raises inside the running loop of `async def {}`: await the coroutine instead"
THROUGH = (
    "`{}` starts an event loop (line {} of {}), which raises inside a running one: "
    "await its coroutine, or call it through `asyncio.to_thread`"
)
STARTERS = ("asyncio.run", "asyncio.Runner.run", "anyio.run", "uvloop.run")
UNTIL = "run_until_complete"
GUARDS = (
    "asyncio.get_running_loop",
    "asyncio._get_running_loop",
    "asyncio.events._get_running_loop",
    "asyncio.events.get_running_loop",
    "asyncio.current_task",
    "sniffio.current_async_library",
)
NESTING = frozenset({b"nest_asyncio", b"nest_asyncio2"})
LOOPS = re.compile(
    r"sync|loop|running|thread|wait|block|main|interactive|cli\b|jupyter|notebook|ipython|worker"
)
"""Words of conditions that can tell whether a loop runs."""
KEEPING = ("functools.", "contextlib.", "builtins.staticmethod", "builtins.classmethod")
"""Decorators after which a call of the function still runs it where it is called."""
SPOKEN = frozenset({b"asyncio", b"anyio", b"uvloop", b"Runner", UNTIL.encode()})
DEEPEST = 2
"""How many synchronous functions of the project are followed."""


def check(module: Module) -> Iterator[Hit]:
    """Yield the calls in coroutines that start an event loop, also those that do it deeper down."""
    if not module.nodes(ast.AsyncFunctionDef):
        return
    found = [*_found(module)]
    if found and not _nests(module):
        yield from found


def _nests(module: Module) -> bool:
    """Tell whether the project lets loops run inside others."""
    return any(NESTING & held for held in module.program.library.words.values())


def _found(module: Module) -> Iterator[Hit]:
    for start, name in _starts(module):
        function = module.function(start)
        if isinstance(function, ast.AsyncFunctionDef) and not _expected(module, start):
            yield Hit(start, DIRECT.format(name, function.name))
    for node, called in _called(module):
        source = called.module
        if source is None or not isinstance(called.node, ast.FunctionDef):
            continue
        if not _may_start(source, module) or _expected(module, node):
            continue
        started = _started(source, called.node, 1)
        if started is not None:
            other, at = started
            line = getattr(at, "lineno", 1)
            file = other.path.rpartition("/")[2]
            named = getattr(source.class_of(called.node), "name", called.last)
            shown = named if called.node.name == "__init__" else called.node.name
            yield Hit(node, THROUGH.format(shown, line, file))


def _called(module: Module) -> Iterator[tuple[ast.expr, Ref]]:
    """Yield the functions of the project that coroutines run without awaiting them.

    Constructors are among them, and the properties of the module's own classes.
    """
    for call in module.nodes(ast.Call):
        if module.in_async(call) and not isinstance(module.parent(call), ast.Await):
            found = ref(module, call.func)
            if found is not None and found.module is not None:
                yield call, _constructor(found) or found
    read = {
        one.name
        for one in module.nodes(ast.FunctionDef)
        if one.decorator_list and is_property(module, one)
    }
    for node in module.nodes(ast.Attribute) if read else ():
        if node.attr in read and module.in_async(node):
            found = ref(module, node)
            if found is not None and isinstance(found.node, ast.FunctionDef):
                yield node, found


def _constructor(found: Ref) -> Ref | None:
    """Return what runs when a class is called."""
    return attribute(found, "__init__") if isinstance(found.node, ast.ClassDef) else None


def _starts(module: Module) -> list[tuple[ast.Call, str]]:
    """Return the calls of a module that start a loop."""
    if "loop starts" not in module.cache:
        found = [(one.node, one.name) for one in calls(module, *STARTERS)]
        for call in method_calls(module, UNTIL):
            owner = kind(module, call.func.value) if isinstance(call.func, ast.Attribute) else None
            # A project's own class may have such a method.
            if owner is None or owner.module is None:
                found.append((call, f"loop.{UNTIL}"))
        module.cache["loop starts"] = found
    held: list[tuple[ast.Call, str]] = module.cache["loop starts"]
    return held


def _may_start(module: Module, asking: Module) -> bool:
    """Tell whether a module speaks of loops at all, so that others need not be looked through."""
    return module is asking or bool(SPOKEN & module.program.library.words[module.path])


def _started(module: Module, function: Function, depth: int) -> tuple[Module, ast.AST] | None:
    """Return where a synchronous function of the project starts a loop whenever it is called."""
    key = ("starts a loop", function, depth)
    if key not in module.cache:
        module.cache[key] = None
        module.cache[key] = _search(module, function, depth)
    found: tuple[Module, ast.AST] | None = module.cache[key]
    return found


def _search(module: Module, function: Function, depth: int) -> tuple[Module, ast.AST] | None:
    if any(module.within(function, ast.Yield)) or not _runs_here(module, function):
        return None
    if _is_guarded(module, function):
        return None
    for node, _name in _starts(module):
        if module.function(node) is function and not _conditional(module, node, function):
            return module, node
    if depth >= DEEPEST:
        return None
    for call in module.within(function, ast.Call):
        found = ref(module, call.func)
        if (
            found is not None
            and found.module is not None
            and isinstance(found.node, ast.FunctionDef)
            and found.node is not function
            and _may_start(found.module, module)
            and not _conditional(module, call, function)
        ):
            started = _started(found.module, found.node, depth + 1)
            if started is not None:
                return started
    return None


def _runs_here(module: Module, function: Function) -> bool:
    for found, _ in decorations(module, function):
        known = found.dotted.startswith(KEEPING) or found.dotted in PROPERTIES
        if found.module is None and not known:
            return False
    return True


def _is_guarded(module: Module, function: Function) -> bool:
    """Tell whether a function asks first whether a loop runs."""
    if any(module.function(one.node) is function for one in calls(module, *GUARDS)):
        return True
    return any(module.function(one) is function for one in method_calls(module, "is_running"))


def _conditional(module: Module, node: ast.AST, function: ast.AST) -> bool:
    """Tell whether a node runs only sometimes, which can be when no loop runs."""
    for parent in module.above(node):
        if parent is function:
            return False
        if isinstance(parent, ast.ExceptHandler | ast.BoolOp):
            return True
        test = getattr(
            parent, "test" if isinstance(parent, ast.If | ast.IfExp) else "subject", None
        )
        if isinstance(test, ast.expr) and not _is_setting(module, test):
            return True
    return False


def _is_setting(module: Module, test: ast.expr) -> bool:
    """Tell whether a condition knows nothing of loops: constants, and what objects hold."""
    if any(module.within(test, ast.Call)) or LOOPS.search(ast.unparse(test).lower()):
        return False
    return all(one.id.isupper() or _is_held(module, one) for one in module.within(test, ast.Name))


def _is_held(module: Module, name: ast.Name) -> bool:
    """Tell whether of a name only an attribute is asked: of the method's object, or of a module's.

    What a caller gives can depend on whether a loop runs.
    """
    if not isinstance(module.parent(name), ast.Attribute):
        return False
    for scope in module.scopes(name):
        held = module.bindings.scopes.get(scope, {}).get(name.id)
        if held:
            own = isinstance(scope, FUNCTIONS) and first_argument(scope) == name.id
            method = own and isinstance(module.parent(scope), ast.ClassDef)
            outer = scope is module.tree.root or all(one.how == "import" for one in held)
            return method or outer
    return False


def _expected(module: Module, node: ast.AST) -> bool:
    """Tell whether somebody waits for the error: `except RuntimeError`, `pytest.raises`."""
    for one in module.tries(node):
        for handler in one.handlers:
            caught = ref(module, handler.type) if handler.type is not None else None
            if caught is not None and caught.dotted == "builtins.RuntimeError":
                return True
    for parent in module.above(node):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.With | ast.AsyncWith):
            for item in parent.items:
                held = item.context_expr
                named = ref(module, held.func) if isinstance(held, ast.Call) else None
                if named is not None and named.dotted in {"pytest.raises", "contextlib.suppress"}:
                    return True
    return False


RULE = Rule(
    name="asyncio-run-in-async",
    why="A thread runs one event loop: starting another inside a coroutine raises RuntimeError.",
    wrong="""\
import asyncio


async def fetch_rate(currency: str) -> float:
    await asyncio.sleep(0.01)
    return 1.0


def rate(currency: str) -> float:
    return asyncio.run(fetch_rate(currency))


async def quote(amount: float, currency: str) -> float:
    return amount * rate(currency)
""",
    right="""\
import asyncio


async def fetch_rate(currency: str) -> float:
    await asyncio.sleep(0.01)
    return 1.0


def rate(currency: str) -> float:
    return asyncio.run(fetch_rate(currency))


async def quote(amount: float, currency: str) -> float:
    return amount * await fetch_rate(currency)
""",
    taught="python-services/references/async.md#one-loop",
    source=(
        "https://docs.python.org/3/library/asyncio-runner.html#asyncio.run",
        "https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.run_until_complete",
    ),
    check=check,
)
