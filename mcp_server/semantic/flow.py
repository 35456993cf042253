"""Says which of a name's bindings can hold at a place, and which values change in place."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

from mcp_server.semantic.binders import Binding, position
from mcp_server.semantic.module import Module

BRANCHES = (ast.If, ast.Try, ast.TryStar, ast.For, ast.AsyncFor, ast.While, ast.match_case)
SECOND = ("orelse", "handlers")
"""Where code is written for what is not the usual case."""
MOST = 8
"""How many bindings of a name are looked at, where branches leave the choice."""
MOST_LOOKED_AT = 50
MUTATING = frozenset(
    "append add clear discard extend insert pop popitem remove reverse setdefault sort "
    "update".split()
)
"""Methods that change a list, a dictionary or a set in place."""


def candidates(module: Module, held: list[Binding], at: ast.AST | None) -> list[Binding]:
    """Return the bindings of a name that can hold at a node of their scope, the likeliest first.

    `at` is None where another scope asks: a function that runs later sees any of them.
    """
    if len(held) == 1:
        return held
    before = bisect_right(held, position(at), key=_start) if at is not None else 0
    if at is None or not before:
        # `client = None`, until something makes one, says nothing; `@overload` even less.
        told = [one for one in islice(held, MOST_LOOKED_AT) if not _is_empty(one)] or held
        return _ordered(module, told[:MOST], {})
    around = _arms(module, at)
    found: list[Binding] = []
    for one in reversed(held[max(0, before - MOST_LOOKED_AT) : before]):
        arms = _arms(module, one.node)
        if any(_excluded(branch, arm, around.get(branch)) for branch, arm in arms.items()):
            continue
        found.append(one)
        certain = all(around.get(branch) == arm for branch, arm in arms.items())
        if len(found) == MOST or (certain and not _is_empty(one)):
            break
    return _ordered(module, found, around) if found else [held[before - 1]]


def _ordered(module: Module, found: list[Binding], around: dict[ast.AST, str]) -> list[Binding]:
    """Return bindings with the substitutes last: those of `except ImportError:` and `else:`."""
    if len(found) == 1:
        return found
    usual = {
        branch for one in found for branch, arm in _arms(module, one.node).items() if arm == "body"
    }
    return sorted(
        found,
        key=lambda one: any(
            arm in SECOND and branch in usual and around.get(branch) != arm
            for branch, arm in _arms(module, one.node).items()
        ),
    )


def _start(binding: Binding) -> tuple[int, int]:
    return binding.start


def _excluded(branch: ast.AST, arm: str, own: str | None) -> bool:
    """Tell whether what stands in an arm of a branch never runs before the other arm."""
    return own is not None and own != arm and isinstance(branch, ast.If)


def _arms(module: Module, node: ast.AST) -> dict[ast.AST, str]:
    """Return the branches around a node within its scope, with the part that it stands in."""
    known = module.answers["arms"]
    if node not in known:
        scope = module.bindings.scope(node)
        found: dict[ast.AST, str] = {}
        for parent, child in module.tree.above(node):
            if parent is scope:
                break
            if isinstance(parent, BRANCHES):
                found[parent] = arm_of(parent, child)
        known[node] = found
    held: dict[ast.AST, str] = known[node]
    return held


def arm_of(branch: ast.AST, child: ast.AST) -> str:
    """Return the name of a branch's field that holds a child: `body`, `orelse`, ..."""
    for name in ("body", "handlers", "orelse", "finalbody"):
        held = getattr(branch, name, None)
        if isinstance(held, list) and any(one is child for one in held):
            return name
    return "test"


def _is_empty(one: Binding) -> bool:
    if one.how == "assign":
        value = one.value
        return isinstance(value, ast.Constant) and value.value in {None, ...}
    if isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return any(_last(each) == "overload" for each in one.node.decorator_list)
    return False


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def is_changed(module: Module, scope: ast.AST, name: str) -> bool:
    """Tell whether a list, a dictionary or a set changes in place after it was bound to a name."""
    known = module.answers["changed"]
    if not known:
        known[None] = None
        for each in _changed(module):
            known.setdefault(each.id, []).append(each)
    return any(_owner(module, one) is scope for one in known.get(name, ()))


def _changed(module: Module) -> Iterator[ast.Name]:
    for item in module.nodes(ast.Subscript):
        if isinstance(item.value, ast.Name) and not isinstance(item.ctx, ast.Load):
            yield item.value
    for called in module.nodes(ast.Call):
        method = called.func
        if (
            isinstance(method, ast.Attribute)
            and method.attr in MUTATING
            and isinstance(method.value, ast.Name)
        ):
            yield method.value


def _owner(module: Module, node: ast.Name) -> ast.AST | None:
    return next(
        (one for one in module.scopes(node) if node.id in module.bindings.scopes.get(one, {})),
        None,
    )
