"""Says of which class a value is: by annotations, assignments, calls and what they return."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp_server.semantic import classes, hints, resolve, returns
from mcp_server.semantic.binders import Attribute, Binding
from mcp_server.semantic.flow import candidates
from mcp_server.semantic.known import HELD
from mcp_server.semantic.module import FUNCTIONS, Module
from mcp_server.semantic.names import ANYTHING, Ref, foreign, is_value

LITERALS = {
    ast.JoinedStr: "str",
    ast.List: "list",
    ast.ListComp: "list",
    ast.Dict: "dict",
    ast.DictComp: "dict",
    ast.Set: "set",
    ast.SetComp: "set",
    ast.Tuple: "tuple",
    ast.Compare: "bool",
}
VALUES = {
    "os.environ": "os.environ",
    "loguru.logger": "loguru.Logger",
    "structlog.stdlib.get_logger()": "structlog.BoundLogger",
}
"""Classes of what packages offer as values."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What something is annotated with, and the module that the annotation stands in."""

    module: Module
    node: ast.expr


def kind(module: Module, node: ast.expr) -> Ref | None:
    """Return the class of an expression's value, None where it cannot be told."""
    found: Ref | None = module.program.questions.ask(module, "kind", node, _kind)
    return found


def _kind(module: Module, node: ast.expr) -> Ref | None:
    reader = READERS.get(type(node))
    if reader is not None:
        found: Ref | None = reader(module, node)
        return found
    if type(node) in LITERALS:
        return foreign(f"builtins.{LITERALS[type(node)]}")
    if isinstance(node, ast.Constant) and node.value not in {None, ...}:
        return foreign(f"builtins.{type(node.value).__name__}")
    return None


def _inner(module: Module, node: ast.Await | ast.NamedExpr | ast.Starred) -> Ref | None:
    return kind(module, node.value)


def _either(module: Module, node: ast.IfExp) -> Ref | None:
    return kind(module, node.body) or kind(module, node.orelse)


def _first(module: Module, node: ast.BoolOp) -> Ref | None:
    return next((each for one in node.values if (each := kind(module, one))), None)


def _item(module: Module, node: ast.Subscript) -> Ref | None:
    """Return the class of one of the things that a list or a dictionary holds."""
    said = declared(module, node.value)
    held = kind(module, node.value)
    if held is not None and held.dotted in HELD:
        return Ref(HELD[held.dotted])
    if said is None:
        return None
    if isinstance(said.node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
        outer = resolve.ref(said.module, said.node.value)
        if outer is not None and outer.last.lower().endswith(("dict", "mapping")):
            return hints.annotated(said.module, hints.parameters(said.node)[-1])
    return hints.item(said.module, said.node)


def _made(module: Module, node: ast.Call) -> Ref | None:
    return returns.made(module, node)


def _entered(module: Module, node: ast.expr) -> Ref | None:
    return returns.entered(module, node)


def _of_name(module: Module, node: ast.Name) -> Ref | None:
    inner = True
    for scope in module.scopes(node):
        held = module.bindings.scopes.get(scope, {}).get(node.id)
        if held:
            return _of_bindings(module, held, node if inner else None, node)
        inner = False
    # What another module of the project holds under the name, or a foreign value.
    found = resolve.ref(module, node)
    return of_ref(found) if found is not None else None


def of_ref(found: Ref) -> Ref | None:
    """Return the class of the value that a name stands for."""
    if found.value is not None:
        return found.value
    if found.module is None:
        name = VALUES.get(found.dotted)
        return Ref(name) if name else None
    if found.node is None or not is_value(found):
        return None
    module, node = found.module, found.node
    if isinstance(node, ast.AnnAssign):
        return _said(module, node.annotation) or (
            kind(module, node.value) if node.value is not None else None
        )
    held = module.bindings.scopes.get(module.bindings.scope(node), {}).get(found.last)
    return _of_bindings(module, held, None, None) if held else None


def _of_bindings(
    module: Module, held: list[Binding], at: ast.AST | None, name: ast.Name | None
) -> Ref | None:
    for one in candidates(module, held, at):
        found = _of_binding(module, one, name)
        if found is not None:
            return found
    notes = (one.annotation for one in held if one.annotation is not None and one.how == "assign")
    return next((found for one in notes if (found := _said(module, one))), None)


def _of_binding(module: Module, one: Binding, name: ast.Name | None) -> Ref | None:
    if one.annotation is not None:
        found = _said(module, one.annotation)
        if found is not None:
            return found
    if one.how == "parameter":
        return _of_parameter(module, one.node)
    if one.how == "import":
        found = resolve.ref(module, name) if name is not None else None
        return of_ref(found) if found is not None else None
    if one.value is None:
        return None
    return BOUND[one.how](module, one.value) if one.how in BOUND else None


def _said(module: Module, annotation: ast.expr) -> Ref | None:
    found = hints.annotated(module, annotation)
    return None if found is None or found.dotted in ANYTHING else found


def _looped(module: Module, node: ast.expr) -> Ref | None:
    """Return the class of what looping over a value gives."""
    said = declared(module, node)
    if said is not None:
        return hints.item(said.module, said.node)
    if isinstance(node, ast.Call):
        # A generator says with `yield` what it gives.
        called = resolve.ref(module, node.func)
        if called is not None and called.module is not None and isinstance(called.node, FUNCTIONS):
            yields = next(called.module.within(called.node, ast.Yield), None)
            return returns.result(called.module, called.node) if yields is not None else None
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return next((found for one in node.elts if (found := kind(module, one))), None)
    return None


def _of_parameter(module: Module, argument: ast.AST) -> Ref | None:
    given = default(module, argument)
    if given is None:
        return returns.owner_of(module, argument)
    return (returns.depended(module, given) if isinstance(given, ast.Call) else None) or kind(
        module, given
    )


def default(module: Module, argument: ast.AST) -> ast.expr | None:
    """Return the default of a parameter."""
    held = module.parent(argument)
    if not isinstance(held, ast.arguments):
        return None
    listed = [*held.posonlyargs, *held.args]
    pairs = [*zip(reversed(listed), reversed(held.defaults), strict=False)]
    keyed = zip(held.kwonlyargs, held.kw_defaults, strict=False)
    pairs += [(one, value) for one, value in keyed if value is not None]
    return next((value for one, value in pairs if one is argument), None)


def _of_attribute(module: Module, node: ast.Attribute) -> Ref | None:
    found = resolve.ref(module, node)
    if found is None or found.module is None:
        return of_ref(found) if found is not None else None
    if isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef):
        is_read = classes.is_property(found.module, found.node)
        return returns.result(found.module, found.node) if is_read else None
    known = of_ref(found)
    if known is not None or not isinstance(found.node, ast.Assign | ast.AnnAssign):
        return known
    # `client = None` in the class, and a value in one of its methods.
    owner = found.module.parent(found.node)
    if not isinstance(owner, ast.ClassDef):
        return None
    given = found.module.bindings.attributes.get(owner, {}).get(found.last, ())
    return next((each for one in given if (each := of_assigned(found.module, one))), None)


def of_assigned(module: Module, held: Attribute) -> Ref | None:
    """Return the class of what a method assigns to its object."""
    found = _said(module, held.annotation) if held.annotation is not None else None
    return found or (kind(module, held.value) if held.value is not None else None)


def declared(module: Module, node: ast.expr) -> Declared | None:
    """Return the annotation of a value, also of what a function is said to return."""
    found: Declared | None = module.program.questions.ask(module, "declared", node, _declared)
    return found


def _declared(module: Module, node: ast.expr) -> Declared | None:
    if isinstance(node, ast.Await | ast.NamedExpr):
        return declared(module, node.value)
    if isinstance(node, ast.Call):
        called = resolve.ref(module, node.func)
        said = getattr(called.node, "returns", None) if called is not None else None
        source = called.module if called is not None else None
        return Declared(source, said) if source is not None and said is not None else None
    if isinstance(node, ast.Name):
        for scope in module.scopes(node):
            held = module.bindings.scopes.get(scope, {}).get(node.id)
            if held:
                return _of_held(module, held)
    found = resolve.ref(module, node)
    if found is None or found.module is None:
        return None
    said = getattr(found.node, "annotation", None)
    return Declared(found.module, said) if said is not None else None


def _of_held(module: Module, held: list[Binding]) -> Declared | None:
    for one in held:
        if one.annotation is not None:
            return Declared(module, one.annotation)
    if len(held) == 1 and held[0].how == "assign" and held[0].value is not None:
        return declared(module, held[0].value)
    return None


READERS: dict[type[ast.expr], Callable[[Module, Any], Ref | None]] = {
    ast.Await: _inner,
    ast.NamedExpr: _inner,
    ast.Starred: _inner,
    ast.Call: _made,
    ast.IfExp: _either,
    ast.BoolOp: _first,
    ast.Subscript: _item,
    ast.Name: _of_name,
    ast.Attribute: _of_attribute,
}
BOUND: dict[str, Callable[[Module, ast.expr], Ref | None]] = {
    "assign": kind,
    "with": _entered,
    "loop": _looped,
}
