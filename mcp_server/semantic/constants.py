"""Reads constants and texts through names, also those of other modules."""

from __future__ import annotations

import ast
from typing import Final

from mcp_server.semantic.classes import bases
from mcp_server.semantic.flow import is_changed
from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import Module
from mcp_server.semantic.names import Ref
from mcp_server.semantic.resolve import ref


class Unknown:
    """Says that something is there and cannot be told by reading."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()
CONTAINERS = (ast.List, ast.Dict, ast.Set)
LONGEST = 32
"""How many names and assignments are followed one after the other."""


def valued(module: Module, node: ast.expr) -> tuple[Module, ast.expr]:
    """Return the expression that a name was assigned, where it was assigned once; else itself."""
    for _ in range(LONGEST):
        found = _assigned(module, node)
        if found is None:
            break
        module, node = found
    return module, node


def _assigned(module: Module, node: ast.expr) -> tuple[Module, ast.expr] | None:
    if isinstance(node, ast.NamedExpr):
        return module, node.value
    if isinstance(node, ast.Name):
        for scope in module.scopes(node):
            held = module.bindings.scopes.get(scope, {}).get(node.id)
            if held and held[0].how != "import":
                value = held[0].value if len(held) == 1 and held[0].how == "assign" else None
                known = value is not None and not _changes(module, scope, node.id, value)
                return (module, value) if value is not None and known else None
            if held:
                break
    if isinstance(node, ast.Attribute) and _is_of_object(module, node):
        owner = kind(module, node.value)
        return _of_object(owner, node.attr) if owner is not None else None
    found = ref(module, node) if isinstance(node, ast.Name | ast.Attribute) else None
    return _of_ref(found, node) if found is not None else None


def _changes(module: Module, scope: ast.AST, name: str, value: ast.expr) -> bool:
    return isinstance(value, CONTAINERS) and is_changed(module, scope, name)


def _is_of_object(module: Module, node: ast.Attribute) -> bool:
    """Tell whether an attribute is that of an object, which can have got another value."""
    base = ref(module, node.value)
    return base is None or not (base.node is None or isinstance(base.node, ast.ClassDef))


def _of_object(owner: Ref, name: str) -> tuple[Module, ast.expr] | None:
    """Return what an attribute of an object is assigned, where that is done once.

    An annotated one is a field, which every object can have another value of.
    """
    if owner.module is None or not isinstance(owner.node, ast.ClassDef):
        return None
    found: list[tuple[Module, ast.AST, ast.expr | None]] = []
    for one in bases(owner.module, owner.node):
        if one.module is None or one.node is None:
            continue
        module = one.module
        held = module.bindings.scopes.get(one.node, {}).get(name, ())
        found += [(module, each.node, each.value) for each in held]
        given = module.bindings.attributes.get(one.node, {}).get(name, ())
        found += [(module, each.node, each.value) for each in given]
    if len(found) != 1:
        return None
    source, node, value = found[0]
    return (source, value) if isinstance(node, ast.Assign) and value is not None else None


def _of_ref(found: Ref, node: ast.expr) -> tuple[Module, ast.expr] | None:
    module, value = found.module, getattr(found.node, "value", None)
    if module is None or found.node is None or not isinstance(value, ast.expr):
        return None
    scope = module.bindings.scope(found.node)
    held = module.bindings.scopes.get(scope, {}).get(found.last, ())
    if len(held) != 1 or held[0].value is None or held[0].value is node:
        return None
    value = held[0].value
    return None if _changes(module, scope, found.last, value) else (module, value)


LONGEST = 10_000
"""Characters or members of a constant that is put together; no rule asks for longer ones."""


def constant(module: Module, node: ast.expr | None) -> object:
    """Return the value of a constant expression, through names, else `UNKNOWN`.

    Lists and tuples of constants are tuples, sets frozensets.
    """
    if node is None:
        return UNKNOWN
    held = module.program.questions.ask(module, "constant", node, _constant)
    return UNKNOWN if held is None else held[0]


def _constant(module: Module, node: ast.expr) -> tuple[object] | None:
    source, value = valued(module, node)
    if isinstance(value, ast.Constant):
        return (value.value,)
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        return _listed(source, value)
    if isinstance(value, ast.UnaryOp):
        return _turned(value.op, constant(source, value.operand))
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return _added(constant(source, value.left), constant(source, value.right))
    return None


def _turned(operator: ast.unaryop, inner: object) -> tuple[object] | None:
    if isinstance(operator, ast.Not) and inner is not UNKNOWN:
        return (not inner,)
    if isinstance(operator, ast.USub) and isinstance(inner, int | float):
        return (-inner,)
    return None


def _added(left: object, right: object) -> tuple[object] | None:
    # Some forty lines that double a text would fill all memory.
    if isinstance(left, str) and isinstance(right, str):
        return (left + right,) if len(left) + len(right) <= LONGEST else None
    if isinstance(left, tuple) and isinstance(right, tuple):
        return (left + right,) if len(left) + len(right) <= LONGEST else None
    return None


def _listed(module: Module, node: ast.List | ast.Tuple | ast.Set) -> tuple[object] | None:
    held = [constant(module, one) for one in node.elts]
    if any(one is UNKNOWN or _is_nested(one) for one in held):
        return None
    return (frozenset(held) if isinstance(node, ast.Set) else tuple(held),)


def _is_nested(value: object) -> bool:
    """Tell whether a value holds lists: lists that hold each other twice have no end to hash."""
    return isinstance(value, tuple | frozenset) and any(
        isinstance(one, tuple | frozenset) for one in value
    )


def text(module: Module, node: ast.expr | None) -> str | None:
    """Return the text that an expression is, with `{}` for what it computes; None for no text."""
    if node is None:
        return None
    found: str | None = module.program.questions.ask(module, "text", node, _text)
    return found


def _text(module: Module, node: ast.expr) -> str | None:
    source, value = valued(module, node)
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else None
    if isinstance(value, ast.JoinedStr):
        parts = (
            text(source, one) if isinstance(one, ast.Constant) else "{}" for one in value.values
        )
        return "".join(one or "" for one in parts)
    if isinstance(value, ast.BinOp):
        return _joined(source, value)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return text(source, value.func.value) if value.func.attr == "format" else None
    return None


def _joined(module: Module, node: ast.BinOp) -> str | None:
    left = text(module, node.left)
    if isinstance(node.op, ast.Mod):
        return left
    right = text(module, node.right) if isinstance(node.op, ast.Add) else None
    if left is None and right is None:
        return None
    if not isinstance(node.op, ast.Add):
        return None
    whole = f"{'{}' if left is None else left}{'{}' if right is None else right}"
    return whole if len(whole) <= LONGEST else None
