"""Finds calls and decorators by what they call, however it was imported and named."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mcp_server.semantic.arguments import Given, argument
from mcp_server.semantic.constants import UNKNOWN, Unknown, valued
from mcp_server.semantic.module import Function, Module
from mcp_server.semantic.names import Ref
from mcp_server.semantic.resolve import ref


@dataclass(frozen=True, slots=True)
class Call:
    """A call of something foreign, `name` is its one dotted name: `jwt.decode`."""

    module: Module
    node: ast.Call
    name: str

    def given(self, name: str, position: int | None = None) -> Given | Unknown | None:
        """Return what it gives a parameter: see `argument`."""
        return argument(self.module, self.node, name, position)

    def constant(self, name: str, position: int | None = None) -> object:
        """Return the constant that it gives a parameter; None also where it gives nothing."""
        given = self.given(name, position)
        if isinstance(given, Given):
            return given.constant
        return UNKNOWN if given is UNKNOWN else None


def calls(module: Module, *names: str) -> Iterator[Call]:
    """Yield the calls of foreign things by their dotted names, in the order of the source.

    A name that ends in a dot stands for all that begins so: `requests.`.
    """
    known = _called(module)
    exact = [one for name in names for one in known.get(name, ())]
    for prefix in names:
        if prefix.endswith("."):
            for dotted, held in known.items():
                exact += held if dotted.startswith(prefix) else ()
    yield from sorted(exact, key=lambda one: (one.node.lineno, one.node.col_offset))


def _called(module: Module) -> dict[str, list[Call]]:
    """Return all calls of a module by what they call; looked at once."""
    known: dict[str, list[Call]] = module.answers["called"]
    if "" not in known:
        known[""] = []
        for node in module.nodes(ast.Call):
            named = ref(module, node.func)
            if named is not None and named.module is None and named.value is None:
                known.setdefault(named.dotted, []).append(Call(module, node, named.dotted))
    return known


def method_calls(module: Module, *names: str) -> Iterator[ast.Call]:
    """Yield the calls of methods by their bare names, of whatever object.

    Also of `send = client.send`, where `receiver` says what the method is of.
    """
    known: dict[str, list[ast.Call]] = module.answers["methods"]
    if "" not in known:
        known[""] = []
        for node in module.nodes(ast.Call):
            method = _method(module, node)
            if method is not None:
                known.setdefault(method.node.attr, []).append(node)
    for name in names:
        yield from known.get(name, ())


@dataclass(frozen=True, slots=True)
class _Method:
    module: Module
    node: ast.Attribute


def _method(module: Module, call: ast.Call) -> _Method | None:
    if isinstance(call.func, ast.Attribute):
        return _Method(module, call.func)
    if not isinstance(call.func, ast.Name):
        return None
    source, value = valued(module, call.func)
    return _Method(source, value) if isinstance(value, ast.Attribute) else None


def receiver(module: Module, call: ast.Call) -> Given | None:
    """Return the object whose method a call calls: `client` of `client.send()`."""
    method = _method(module, call)
    return Given(method.module, method.node.value) if method is not None else None


def decorations(
    module: Module, node: Function | ast.ClassDef, names: Collection[str] = ()
) -> Iterator[tuple[Ref, ast.expr]]:
    """Yield what decorates a definition, with the decorator as it stands: a name or its call.

    With `names` only those of these dotted names. `f = decorator(f)` after it says the same, and
    so does a decorator that is called first and kept under a name.
    """
    for each in (*node.decorator_list, *_wrappers(module, node)):
        one = spelled(module, each)
        found = ref(module, one.func if isinstance(one, ast.Call) else one)
        if found is not None and (not names or found.dotted in names):
            yield found, one


def spelled(module: Module, decorator: ast.expr) -> ast.expr:
    """Return the call that a decorator was kept from under a name, else the decorator itself."""
    if not isinstance(decorator, ast.Name):
        return decorator
    source, value = valued(module, decorator)
    return value if source is module and isinstance(value, ast.Call) else decorator


def _wrappers(module: Module, node: Function | ast.ClassDef) -> Iterator[ast.expr]:
    """Yield what a definition's own name is wrapped in by an assignment to it."""
    held = module.bindings.scopes.get(module.bindings.scope(node), {}).get(node.name, ())
    for one in held:
        if one.how == "assign" and isinstance(one.value, ast.Call):
            given = (each.id for each in one.value.args if isinstance(each, ast.Name))
            if node.name in given:
                yield one.value.func
