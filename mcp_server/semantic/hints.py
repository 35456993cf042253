"""Says which class an annotation names: of `X | None`, `Annotated[X, ...]`, `"X"`, `type[X]`."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from mcp_server.semantic import resolve, returns
from mcp_server.semantic.module import Module
from mcp_server.semantic.names import ANYTHING, Ref, own

WRAPPERS = frozenset(
    "typing.Optional typing.Annotated typing.Type typing.Final typing.ClassVar typing.Required "
    "typing.NotRequired typing.Awaitable typing.ReadOnly builtins.type collections.abc.Awaitable "
    "sqlalchemy.orm.Mapped dataclasses.InitVar typing.Union contextlib.AbstractContextManager "
    "contextlib.AbstractAsyncContextManager typing.ContextManager typing.AsyncContextManager "
    "asyncio.Future asyncio.Task contextvars.ContextVar".split()
)
"""Annotations whose first argument is what the value is, or comes to when it is awaited."""
COROUTINES = frozenset({"typing.Coroutine", "collections.abc.Coroutine"})
YIELDING = frozenset(
    f"{module}.{name}"
    for module in ("typing", "collections.abc")
    for name in "Iterator AsyncIterator Generator AsyncGenerator Iterable AsyncIterable".split()
)
"""What a context manager's or a dependency's function returns around what it yields."""
COLLECTIONS = frozenset(
    [f"builtins.{name}" for name in "list tuple set frozenset dict".split()]
    + [
        f"{module}.{name}"
        for module in ("typing", "collections.abc", "collections")
        for name in "List Tuple Set FrozenSet Dict Sequence MutableSequence Collection Mapping "
        "MutableMapping MutableSet deque Deque defaultdict".split()
    ]
)
"""What is looped over for things of its first argument."""


def annotated(module: Module, node: ast.expr) -> Ref | None:
    """Return the class that an annotation names: of `X | None`, `Annotated[X, ...]`, `"X"`, ..."""
    found: Ref | None = module.program.questions.ask(module, "annotated", node, _annotated)
    return found


def _annotated(module: Module, node: ast.expr) -> Ref | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        inner = _quoted(module, node, node.value)
        return annotated(module, inner) if inner is not None else None
    if isinstance(node, ast.BinOp):
        return annotated(module, node.left) or annotated(module, node.right)
    if isinstance(node, ast.Subscript):
        return _generic(module, node)
    if isinstance(node, ast.Name | ast.Attribute):
        found = resolve.ref(module, node)
        if found is not None and found.dotted == "typing.Self":
            owner = module.class_of(node)
            return own(module, owner.name, owner) if owner is not None else found
        return _aliased(found) if found is not None else None
    return None


def parameters(node: ast.Subscript) -> list[ast.expr]:
    """Return what stands in the brackets of an annotation."""
    return node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]


def _generic(module: Module, node: ast.Subscript) -> Ref | None:
    outer, inner = resolve.ref(module, node.value), parameters(node)
    if outer is None:
        return None
    if outer.dotted == "typing.Annotated":
        found = annotated(module, inner[0]) if inner else None
        if found is None or found.dotted in ANYTHING:
            found = next(_depended(module, inner[1:]), found)
        return found
    if outer.dotted in COROUTINES:
        return annotated(module, inner[-1])
    if outer.dotted in WRAPPERS | YIELDING:
        return next((one for each in inner if (one := annotated(module, each))), None)
    return _aliased(outer)


def _depended(module: Module, nodes: list[ast.expr]) -> Iterator[Ref]:
    for one in nodes:
        found = returns.depended(module, one) if isinstance(one, ast.Call) else None
        if found is not None:
            yield found


def _aliased(found: Ref) -> Ref | None:
    """Return the class behind a name in an annotation, which can be an alias of another."""
    if found.module is None or isinstance(found.node, ast.ClassDef):
        return found
    value = getattr(found.node, "value", None)
    if isinstance(value, ast.Call):
        return _variable(found.module, value)
    return annotated(found.module, value) if isinstance(value, ast.expr) else None


def _variable(module: Module, call: ast.Call) -> Ref | None:
    """Return what a `TypeVar` is bound to, or what a `NewType` is made of."""
    called = resolve.ref(module, call.func)
    if called is None or called.dotted not in {"typing.TypeVar", "typing.NewType"}:
        return None
    bound = next((one.value for one in call.keywords if one.arg == "bound"), None)
    if called.dotted == "typing.NewType" and len(call.args) > 1:
        bound = call.args[1]
    return annotated(module, bound) if bound is not None else None


def _quoted(module: Module, node: ast.expr, text: str) -> ast.expr | None:
    known = module.answers["quoted"]
    if node not in known:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                known[node] = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            known[node] = None
            return None
        parents = module.tree.parents
        for one in ast.walk(known[node]):
            ast.copy_location(one, node)
            for child in ast.iter_child_nodes(one):
                parents.setdefault(child, one)
        # So that its names are looked up where the text stands.
        parents[known[node]] = parents.get(node, module.tree.root)
    found: ast.expr | None = known[node]
    return found


def item(module: Module, node: ast.expr) -> Ref | None:
    """Return the class of what looping over something of an annotation gives."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        inner = _quoted(module, node, node.value)
        return item(module, inner) if inner is not None else None
    if isinstance(node, ast.BinOp):
        return item(module, node.left) or item(module, node.right)
    if not isinstance(node, ast.Subscript):
        return None
    outer = resolve.ref(module, node.value)
    if outer is None:
        return None
    held = parameters(node)
    if outer.dotted in COLLECTIONS | YIELDING:
        return annotated(module, held[0]) if held else None
    return item(module, held[0]) if outer.dotted in WRAPPERS and held else None
