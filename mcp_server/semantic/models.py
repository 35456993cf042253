"""Reads what Pydantic models say of themselves: their configuration, and the defaults of fields."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from mcp_server.semantic.arguments import UNKNOWN, Given, argument, constant, spread
from mcp_server.semantic.classes import Field, bases, fields, is_a
from mcp_server.semantic.constants import Unknown
from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import ref

SETTINGS = frozenset(
    {"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"}
)
FIELDS = frozenset(
    "pydantic.Field sqlmodel.Field sqlmodel.main.Field pydantic.v1.Field pydantic.v1.fields.Field "
    "pydantic.dataclasses.Field dataclasses.field".split()
)
EMPTY = frozenset({"builtins.list", "builtins.dict", "builtins.set", "builtins.tuple"})
PRESENT: Final = object()
"""A default that is something, whatever it is."""


def is_settings(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a class takes its fields from the environment."""
    return any(one.module is None and is_a(one, SETTINGS) for one in bases(module, owner))


def model_fields(module: Module, owner: ast.ClassDef) -> dict[str, Field]:
    """Return the fields of a model: annotated names but for private ones and class variables."""
    found = fields(module, owner)
    return {
        name: one
        for name, one in found.items()
        if not name.startswith("_") and name != "model_config" and not _is_class_variable(one)
    }


def _is_class_variable(one: Field) -> bool:
    node = one.annotation.value if isinstance(one.annotation, ast.Subscript) else one.annotation
    found = ref(one.module, node)
    return found is not None and found.dotted == "typing.ClassVar"


def configured(module: Module, owner: ast.ClassDef, *names: str) -> Given | Unknown | None:
    """Return what a model's configuration, its own or an inherited one, gives under a name.

    Read from `model_config`, an inner `Config` and the keywords of the class; `UNKNOWN` where
    part of it cannot be read.
    """
    for one in bases(module, owner):
        if one.module is None or not isinstance(one.node, ast.ClassDef):
            continue
        unknown = False
        for key, given in _stated(one.module, one.node):
            if key in names and given is not None:
                return given
            unknown = unknown or key is None
        if unknown:
            return UNKNOWN
    return None


def _stated(module: Module, owner: ast.ClassDef) -> Iterator[tuple[str | None, Given | None]]:
    for one in owner.keywords:
        yield one.arg, Given(module, one.value)
    for statement in owner.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Config":
            for each in statement.body:
                if isinstance(each, ast.Assign | ast.AnnAssign) and each.value is not None:
                    yield _target(each), Given(module, each.value)
        elif (
            isinstance(statement, ast.Assign | ast.AnnAssign)
            and statement.value is not None
            and _target(statement) == "model_config"
        ):
            yield from _held(module, statement.value)


def _held(module: Module, node: ast.expr) -> Iterator[tuple[str | None, Given | None]]:
    if isinstance(node, ast.Call):
        yield from spread(module, node)
        if not node.args:
            return
        node = node.args[0]
    # What a table holds is read as keywords are.
    asked = ast.Call(func=ast.Name("dict"), args=[], keywords=[ast.keyword(None, node)])
    yield from spread(module, asked)


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return getattr(target, "id", "")


def described(one: Field) -> Iterator[ast.Call]:
    """Yield the `Field(...)` of a field: its default, and those in its `Annotated`."""
    held: list[ast.expr] = [one.default] if one.default is not None else []
    if isinstance(one.annotation, ast.Subscript) and isinstance(one.annotation.slice, ast.Tuple):
        held += one.annotation.slice.elts[1:]
    for node in held:
        if isinstance(node, ast.Call):
            found = ref(one.module, node.func)
            if found is not None and found.dotted in FIELDS:
                yield node


def stated(one: Field, name: str, position: int | None = None) -> Given | Unknown | None:
    """Return what a field's `Field(...)` gives under a name."""
    unknown = False
    for call in described(one):
        given = argument(one.module, call, name, position)
        if isinstance(given, Given):
            return given
        unknown = unknown or given is UNKNOWN
    return UNKNOWN if unknown else None


def default(one: Field) -> object:
    """Return a field's default, `PRESENT` where it is computed, `UNKNOWN` where there is none."""
    if one.default is not None and not any(each is one.default for each in described(one)):
        return _value(one.module, one.default)
    given = stated(one, "default", 0)
    if isinstance(given, Given):
        return _value(given.module, given.node)
    made = stated(one, "default_factory")
    if not isinstance(made, Given):
        return UNKNOWN
    found = ref(made.module, made.node)
    if found is not None and found.dotted in EMPTY:
        return ()
    return _value(made.module, made.node.body) if isinstance(made.node, ast.Lambda) else PRESENT


def _value(module: Module, node: ast.expr) -> object:
    value = constant(module, node)
    if value is ...:
        return UNKNOWN
    if value is UNKNOWN:
        return () if isinstance(node, ast.Dict) and not node.keys else PRESENT
    return value
