"""Says of which classes a program keeps one object for all."""

from __future__ import annotations

import ast

from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import ref


def kept_for_all(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a name of a module, or of the class's own scope, holds an object of a class.

    A name that a function declares `global` counts too; names in tests do not.
    """
    scope = next(module.scopes(owner), module.tree.root)
    if _holds(module, scope, owner):
        return True
    program = module.program
    for path in program.library.holding(owner.name):
        other = None if path == module.path else program.module(path)
        if other is not None and not other.is_test and _holds(other, other.tree.root, owner):
            return True
    return False


def _holds(module: Module, scope: ast.AST, owner: ast.ClassDef) -> bool:
    for bindings in module.bindings.scopes.get(scope, {}).values():
        for one in bindings:
            made = ref(module, one.value.func) if isinstance(one.value, ast.Call) else None
            if made is not None and made.node is owner:
                return True
    return False
