"""Knows the classes of a program: their bases, also foreign ones, their fields and methods."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mcp_server.semantic import kinds, resolve
from mcp_server.semantic.known import DERIVED
from mcp_server.semantic.module import FUNCTIONS, Function, Module
from mcp_server.semantic.names import Ref, foreign, is_value, own

MOST_BASES = 50
PROPERTIES = frozenset(
    {
        "builtins.property",
        "functools.cached_property",
        "django.utils.functional.cached_property",
        "sqlalchemy.ext.hybrid.hybrid_property",
        "abc.abstractproperty",
    }
)
STATIC = frozenset({"builtins.staticmethod"})
OF_CLASS = frozenset({"builtins.classmethod"})
CLASS_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
WITHOUT_MEMBERS = frozenset({"typing.Generic", "typing.Protocol", "abc.ABC", "builtins.object"})
"""Bases that offer nothing to look for."""


@dataclass(frozen=True, slots=True)
class Field:
    """An annotated name in the body of a class: a field of a model, a dataclass or settings."""

    module: Module
    node: ast.AnnAssign
    name: str

    @property
    def annotation(self) -> ast.expr:
        """What it is annotated with."""
        return self.node.annotation

    @property
    def default(self) -> ast.expr | None:
        """What it is assigned, `Field(...)` as it stands."""
        return self.node.value


def bases(module: Module, node: ast.ClassDef) -> tuple[Ref, ...]:
    """Return the class itself and all that it inherits from, nearest first, foreign ones too."""
    found: tuple[Ref, ...] | None = module.program.questions.ask(module, "bases", node, _bases)
    # Whoever asks again on the way, in a circle of bases, gets the class alone.
    return found or (own(module, node.name, node),)


def _bases(module: Module, node: ast.ClassDef) -> tuple[Ref, ...]:
    found = [own(module, node.name, node)]
    seen: set[object] = {node}
    for one in found:
        for base in _direct(one):
            key = base.node or base.dotted
            if key not in seen and len(found) < MOST_BASES:
                seen.add(key)
                found.append(base)
    return tuple(found)


def _direct(one: Ref) -> Iterator[Ref]:
    if one.module is None:
        yield from map(foreign, DERIVED.get(one.dotted, ()))
        return
    for base in one.node.bases if isinstance(one.node, ast.ClassDef) else ():
        # `Repository[Order]` is a Repository.
        named = base.value if isinstance(base, ast.Subscript) else base
        found = resolve.ref(one.module, named)
        if found is None or (found.module is not None and not isinstance(found.node, ast.ClassDef)):
            # `Base = declarative_base()` is of the class that the call makes.
            found = kinds.kind(one.module, named)
        if found is not None:
            yield found


def is_a(found: Ref | None, names: Collection[str]) -> bool:
    """Tell whether something is one of the named foreign classes, or inherits from one."""
    if found is None or found.value is not None:
        return False
    if found.module is None:
        if found.dotted in names:
            return True
        return any(is_a(foreign(one), names) for one in DERIVED.get(found.dotted, ()))
    if not isinstance(found.node, ast.ClassDef):
        return False
    return any(
        one.module is None and one.dotted in names for one in bases(found.module, found.node)
    )


def fields(module: Module, node: ast.ClassDef) -> dict[str, Field]:
    """Return the annotated names of a class and of those that it inherits from."""
    found: dict[str, Field] = {}
    for one in bases(module, node):
        if one.module is None or not isinstance(one.node, ast.ClassDef):
            continue
        for statement in one.node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                name = statement.target.id
                found.setdefault(name, Field(one.module, statement, name))
    return found


def methods(node: ast.ClassDef) -> Iterator[Function]:
    """Yield the methods that a class itself defines."""
    return (one for one in node.body if isinstance(one, FUNCTIONS))


def attribute(owner: Ref, name: str, *, above: bool = False) -> Ref | None:
    """Return what an attribute of a class of the project is: its own, inherited or foreign.

    With `above` it is looked for in what the class inherits from alone, as `super()` does.
    """
    if owner.module is None or not isinstance(owner.node, ast.ClassDef):
        return None
    first: Ref | None = None
    for one in bases(owner.module, owner.node)[above:]:
        if one.module is None:
            if one.dotted not in WITHOUT_MEMBERS:
                first = first or foreign(f"{one.dotted}.{name}")
            continue
        found = _of_class(one.module, one.node, name)
        if found is not None:
            return found
    return first


def _of_class(module: Module, node: ast.AST | None, name: str) -> Ref | None:
    if not isinstance(node, ast.ClassDef):
        return None
    held = module.bindings.scopes.get(node, {}).get(name)
    found = resolve.bound(module, name, held, None) if held else None
    if found is not None:
        return found
    given = module.bindings.attributes.get(node, {}).get(name, ())
    for each in given:
        value = kinds.of_assigned(module, each)
        if value is not None:
            return Ref(f":{module.path}:{node.name}.{name}", value=value)
        # `self._get = requests.get` has no class, and a name.
        alias = resolve.ref(module, each.value) if each.value is not None else None
        if alias is not None and not is_value(alias):
            return alias
    return None


def is_property(module: Module, function: Function) -> bool:
    """Tell whether a method is read like an attribute."""
    return any(is_named(module, one, PROPERTIES) for one in function.decorator_list)


def is_named(module: Module, node: ast.expr, names: Collection[str]) -> bool:
    """Tell whether an expression names one of some foreign things."""
    found = resolve.ref(module, node)
    return found is not None and found.dotted in names
