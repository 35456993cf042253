"""Collects what the names of each scope are bound to: imports, definitions, values, parameters."""

from __future__ import annotations

import ast
from typing import TypeAlias

from mcp_server.code_map.records import Binding as Imported
from mcp_server.semantic.binders import ASSIGNMENTS, BINDERS, Attribute, Binding, assigned
from mcp_server.semantic.scopes import COMPREHENSIONS, SCOPE_KINDS, scope_of
from mcp_server.semantic.tree import Tree

__all__ = ["Attribute", "Binding", "Bindings", "Names", "first_argument"]
Names: TypeAlias = dict[str, list[Binding]]


class Bindings:
    """The names of every scope of a tree, and the attributes that methods give to `self`."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.scopes: dict[ast.AST, Names] = {}
        self.attributes: dict[ast.AST, dict[str, list[Attribute]]] = {}
        self.stars: list[Imported] = []
        self._elsewhere: dict[tuple[ast.AST, str], ast.AST] = {}
        """Where `global` and `nonlocal` names of a scope are bound."""
        self._many: list[list[Binding]] = []
        for node in (*tree.by_kind.get(ast.Global, ()), *tree.by_kind.get(ast.Nonlocal, ())):
            self._declared(node)
        for kind, binder in BINDERS.items():
            for node in tree.by_kind.get(kind, ()):
                for name, binding in binder(node):
                    self._bind(node, name, binding)
        for kind in ASSIGNMENTS:
            for node in tree.by_kind.get(kind, ()):
                for target, binding in assigned(node):
                    if isinstance(target, ast.Name):
                        self._bind(node, target.id, binding)
                    else:
                        self._kept(node, target, binding)
        for held in self._many:
            held.sort(key=_start)

    def scope(self, node: ast.AST) -> ast.AST:
        """Return the scope in which a node binds and looks up names."""
        if isinstance(node, ast.arg | ast.comprehension):
            # They stand in the scope that they bind in, though not in its body.
            above = self._tree.above(node)
            return next((one for one, _ in above if isinstance(one, SCOPE_KINDS)), self._tree.root)
        return scope_of(self._tree, node)

    def _declared(self, node: ast.AST) -> None:
        scope = self.scope(node)
        for name in node.names if isinstance(node, ast.Global | ast.Nonlocal) else ():
            self._elsewhere[scope, name] = self._tree.root
            if isinstance(node, ast.Nonlocal):
                self._elsewhere[scope, name] = self._around(scope)

    def _around(self, scope: ast.AST) -> ast.AST:
        """Return the function around a scope."""
        return next(
            (
                one
                for one, _ in self._tree.above(scope)
                if isinstance(one, SCOPE_KINDS) and not isinstance(one, ast.ClassDef)
            ),
            self._tree.root,
        )

    def _bind(self, node: ast.AST, name: str, binding: Binding) -> None:
        if name == "*" and binding.imported is not None:
            self.stars.append(binding.imported)
            return
        scope = self.scope(node)
        while isinstance(node, ast.NamedExpr) and isinstance(scope, COMPREHENSIONS):
            scope = self.scope(scope)
        for _ in range(len(self._elsewhere)):
            if (scope, name) not in self._elsewhere:
                break
            scope = self._elsewhere[scope, name]
        names = self.scopes.setdefault(scope, {})
        held = names.get(name)
        if held is None:
            names[name] = [binding]
            return
        held.append(binding)
        if len(held) == 2:
            self._many.append(held)

    def _kept(self, node: ast.AST, target: ast.Attribute, binding: Binding) -> None:
        """Keep what a method assigns to an attribute of its own object."""
        function = self.scope(node)
        owner = self._tree.parents.get(function)
        if (
            isinstance(owner, ast.ClassDef)
            and isinstance(target.value, ast.Name)
            and target.value.id == first_argument(function)
        ):
            held = self.attributes.setdefault(owner, {}).setdefault(target.attr, [])
            held.append(Attribute(function, binding.value, binding.annotation, node))


def first_argument(function: ast.AST) -> str:
    """Return the name of a function's first parameter, "" for none."""
    arguments = getattr(function, "args", None)
    if not isinstance(arguments, ast.arguments):
        return ""
    listed = [*arguments.posonlyargs, *arguments.args]
    return listed[0].arg if listed else ""


def _start(binding: Binding) -> tuple[int, int]:
    return binding.start
