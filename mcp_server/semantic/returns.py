"""Says of which class is what a call returns, a generator yields, or a `with` enters."""

from __future__ import annotations

import ast
from collections.abc import Callable

from mcp_server.semantic import classes, hints, kinds, resolve
from mcp_server.semantic.known import MADE, returned
from mcp_server.semantic.module import FUNCTIONS, Function, Module
from mcp_server.semantic.names import ANYTHING, Ref, own

DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
PASSING = frozenset(
    "contextlib.closing contextlib.aclosing copy.copy copy.deepcopy builtins.aiter builtins.iter "
    "builtins.anext builtins.next asyncio.wait_for asyncio.shield asyncio.create_task "
    "asyncio.ensure_future".split()
)
"""Functions that return, when awaited, what they are given."""
ENTERED = frozenset(
    {"contextlib.ExitStack.enter_context", "contextlib.AsyncExitStack.enter_async_context"}
)


def made(module: Module, node: ast.Call) -> Ref | None:
    """Return the class of what a call returns."""
    called = resolve.ref(module, node.func)
    if called is None:
        return _unnamed(module, node)
    if node.args and called.dotted in OF_ARGUMENT:
        return OF_ARGUMENT[called.dotted](module, node.args[0])
    if called.dotted == "sqlalchemy.orm.sessionmaker" and _is_async(module, node):
        return Ref("sqlalchemy.ext.asyncio.async_sessionmaker")
    # What a property returns is called, and not the property.
    found = None if _is_read(called) else of_callable(called)
    return found or of_value(module, node.func)


def _is_read(called: Ref) -> bool:
    return (
        called.module is not None
        and isinstance(called.node, FUNCTIONS)
        and classes.is_property(called.module, called.node)
    )


def _unnamed(module: Module, node: ast.Call) -> Ref | None:
    """Return what `type(self)()`, `factories["x"]()` and the like return, where that is known."""
    if isinstance(node.func, ast.Call) and len(node.func.args) == 1:
        outer = resolve.ref(module, node.func.func)
        if outer is not None and outer.dotted == "builtins.type":
            return kinds.kind(module, node.func.args[0])
    return of_value(module, node.func)


def _is_async(module: Module, node: ast.Call) -> bool:
    given = (one.value for one in node.keywords if one.arg == "class_")
    return any(
        (found := resolve.ref(module, one)) and found.last == "AsyncSession" for one in given
    )


def of_callable(called: Ref) -> Ref | None:
    """Return the class of what calling something returns."""
    if called.value is not None:
        return None
    if called.module is None:
        name = returned(called.dotted)
        return Ref(name) if name else None
    if isinstance(called.node, ast.ClassDef):
        return called
    if isinstance(called.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return result(called.module, called.node)
    return None


def of_value(module: Module, node: ast.expr) -> Ref | None:
    """Return the class of what calling a value returns: `SessionLocal()` of a `sessionmaker`."""
    declared = kinds.declared(module, node)
    if declared is not None and isinstance(declared.node, ast.Subscript):
        outer = resolve.ref(declared.module, declared.node.value)
        if outer is not None and outer.last == "Callable":
            return hints.annotated(declared.module, hints.parameters(declared.node)[-1])
        if outer is not None and outer.last in {"type", "Type"}:
            return hints.annotated(declared.module, declared.node)
    owner = kinds.kind(module, node)
    if owner is None:
        return None
    if owner.module is None:
        name = returned(f"{owner.dotted}()")
        return Ref(name) if name else None
    return special(owner, "__call__") or (owner if _is_class(module, node) else None)


def _is_class(module: Module, node: ast.expr) -> bool:
    """Tell whether a name is the first parameter of a class method."""
    found = resolve.ref(module, node) if isinstance(node, ast.Name) else None
    function = module.function(node) if found is not None else None
    if found is None or isinstance(function, ast.Lambda | None):
        return False
    if found.node not in {*function.args.posonlyargs[:1], *function.args.args[:1]}:
        return False
    return function.name in classes.CLASS_METHODS or any(
        classes.is_named(module, one, classes.OF_CLASS) for one in function.decorator_list
    )


def special(owner: Ref, name: str) -> Ref | None:
    """Return the class of what a special method of an object of the project returns."""
    method = classes.attribute(owner, name)
    return of_callable(method) if method is not None and method.module is not None else None


def entered(module: Module, node: ast.expr) -> Ref | None:
    """Return the class of what `with` binds."""
    owner = kinds.kind(module, node)
    if owner is None:
        return None
    if owner.module is None:
        name = MADE.get(f"{owner.dotted}.__enter__")
        return Ref(name) if name else owner
    return special(owner, "__aenter__") or special(owner, "__enter__") or owner


def result(module: Module, function: Function) -> Ref | None:
    """Return the class of what a function of the project returns, or yields."""
    found: Ref | None = module.program.questions.ask(module, "result", function, _result)
    return found


def _result(module: Module, function: Function) -> Ref | None:
    said = hints.annotated(module, function.returns) if function.returns is not None else None
    if said is not None and said.dotted not in ANYTHING:
        return said
    kept: tuple[type[ast.Return | ast.Yield], ...] = (ast.Return, ast.Yield)
    for kind in kept:
        for one in module.within(function, kind):
            found = kinds.kind(module, one.value) if one.value is not None else None
            if found is not None:
                return found
    return None


def depended(module: Module, call: ast.Call) -> Ref | None:
    """Return what `Depends(f)` gives, None for another call."""
    called = resolve.ref(module, call.func)
    if called is None or called.dotted not in DEPENDS:
        return None
    named = (one.value for one in call.keywords if one.arg == "dependency")
    given = call.args[0] if call.args else next(named, None)
    if given is None:
        return None
    found = resolve.ref(module, given)
    return (of_callable(found) if found is not None else None) or of_value(module, given)


def owner_of(module: Module, argument: ast.AST | None) -> Ref | None:
    """Return the class whose method has an argument as its first, None for any other argument."""
    arguments = module.parent(argument) if argument is not None else None
    function = module.parent(arguments) if arguments is not None else None
    owner = module.parent(function) if function is not None else None
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    listed = [*function.args.posonlyargs, *function.args.args]
    if not isinstance(owner, ast.ClassDef) or not listed or listed[0] is not argument:
        return None
    if any(classes.is_named(module, one, classes.STATIC) for one in function.decorator_list):
        return None
    return own(module, owner.name, owner)


def _said(module: Module, node: ast.expr) -> Ref | None:
    return hints.annotated(module, node)


def _passed(module: Module, node: ast.expr) -> Ref | None:
    return kinds.kind(module, node)


OF_ARGUMENT: dict[str, Callable[[Module, ast.expr], Ref | None]] = {
    "typing.cast": _said,
    **dict.fromkeys(PASSING, _passed),
    **dict.fromkeys(ENTERED, entered),
}
"""Functions whose first argument says what they return."""
