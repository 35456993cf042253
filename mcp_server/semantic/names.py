"""Names things by one dotted name: foreign ones canonically, the project's own by their place."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mcp_server.semantic.known import canonical
from mcp_server.semantic.module import Module

DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FOLDER = "/"
"""How the name of a package without a file ends."""
ANYTHING = frozenset({"typing.Any", "builtins.object"})
"""Annotations that say nothing of a value."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that has a name. Foreign things have a dotted one: `jwt.decode`.

    What the project defines has `module` and `node` (its definition or assignment; None for the
    module itself), and a dotted name that begins with a colon, which no foreign one does.
    """

    dotted: str
    module: Module | None = None
    node: ast.AST | None = None
    value: Ref | None = None
    """The class of its value, for the attribute of an object: there is no more to be told of it."""

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.dotted.rpartition(".")[2].rpartition(":")[2]


def foreign(dotted: str) -> Ref:
    """Return something of another package under the one name that rules know it by."""
    return Ref(canonical(dotted))


def own(module: Module, name: str, node: ast.AST | None) -> Ref:
    """Return something that a module of the project defines, under its qualified name."""
    if not name or node is None:
        return Ref(f":{module.path}", module, node)
    around = [one.name for one in module.above(node) if isinstance(one, DEFINITIONS)]
    return Ref(f":{module.path}:{'.'.join((*reversed(around), name))}", module, node)


def is_variable(base: Ref) -> bool:
    """Tell whether something has a value, whose attributes are those of its class.

    A function counts as well: reading a property calls it.
    """
    if base.value is not None:
        return True
    if base.module is None or base.node is None or base.dotted.endswith(FOLDER):
        return False
    return not isinstance(base.node, ast.ClassDef)


def is_value(base: Ref) -> bool:
    """Tell whether something is a variable, and no class, function or module."""
    return is_variable(base) and not isinstance(base.node, DEFINITIONS)
