"""Says what a name means: follows imports, re-exports, aliases, `partial`s and attributes."""

from __future__ import annotations

import ast
import builtins

from mcp_server.code_map.records import Binding as Imported
from mcp_server.semantic import classes, kinds
from mcp_server.semantic.binders import Binding
from mcp_server.semantic.flow import candidates
from mcp_server.semantic.module import Module
from mcp_server.semantic.names import FOLDER, Ref, foreign, is_value, is_variable, own

__all__ = ["PARTIALS", "Ref", "bound", "exported", "foreign", "lookup", "member", "own", "ref"]
PARTIALS = frozenset({"functools.partial", "functools.partialmethod"})
CASTS = frozenset({"typing.cast"})
BUILTINS = frozenset(dir(builtins))


def ref(module: Module, node: ast.expr) -> Ref | None:
    """Return what an expression names, None where that cannot be told.

    `client.get` of an `httpx.AsyncClient` is `httpx.AsyncClient.get`; a name that is nowhere bound
    is a builtin: `builtins.open`. A call names what it makes no more: ask `kind` for its value.
    """
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
        return None
    found: Ref | None = module.program.questions.ask(module, "ref", node, _ref)
    return found


def _ref(module: Module, node: ast.expr) -> Ref | None:
    if isinstance(node, ast.Name):
        return lookup(module, node.id, node)
    if isinstance(node, ast.Attribute):
        return _attribute(module, node)
    if isinstance(node, ast.NamedExpr):
        return ref(module, node.value)
    if isinstance(node, ast.Call) and node.args:
        called = ref(module, node.func)
        if called is not None and called.dotted in PARTIALS:
            return ref(module, node.args[0])
        if called is not None and called.dotted in CASTS and len(node.args) > 1:
            return ref(module, node.args[1])
    return None


def _attribute(module: Module, node: ast.Attribute) -> Ref | None:
    base = ref(module, node.value)
    if base is not None:
        found = member(base, node.attr)
        if found is not None or not is_variable(base):
            return found
    if isinstance(node.value, ast.Call) and base is None:
        above = _above(module, node.value)
        if above is not None:
            return classes.attribute(above, node.attr, above=True)
    owner = kinds.kind(module, node.value)
    return member(owner, node.attr) if owner is not None else None


def _above(module: Module, call: ast.Call) -> Ref | None:
    """Return the class whose bases `super()` asks, None for another call."""
    called = ref(module, call.func) if isinstance(call.func, ast.Name) else None
    owner = module.class_of(call)
    if called is None or called.dotted != "builtins.super" or owner is None:
        return None
    return own(module, owner.name, owner)


def member(base: Ref, name: str) -> Ref | None:
    """Return an attribute of something: of a module, a class, or a foreign thing."""
    if base.value is not None:
        return None
    if base.module is None:
        return foreign(f"{base.dotted}.{name}")
    if base.node is None:
        return exported(base.module, name)
    if isinstance(base.node, ast.ClassDef):
        return classes.attribute(base, name)
    if base.dotted.endswith(FOLDER):
        return _package(base.module, f"{base.dotted[1:-1]}.{name}", base.node)
    return None


def _package(module: Module, dotted: str, node: ast.AST) -> Ref | None:
    """Return a module, or a folder of modules, by its whole name."""
    path = module.program.imported(module, Imported(dotted))
    source = module.program.module(path) if path else None
    if source is not None:
        return own(source, "", None)
    if path is None and module.program.is_folder(dotted):
        return Ref(f":{dotted}{FOLDER}", module, node)
    return None


def exported(module: Module, name: str) -> Ref | None:
    """Return what a module offers under a name: its own, imported, through a star, or a submodule.

    None where it offers none of the name.
    """
    found: Ref | None = module.program.questions.ask(module, "exported", name, _exported)
    return found


def _exported(module: Module, name: str) -> Ref | None:
    held = module.names.get(name)
    if held:
        return bound(module, name, held, None)
    outside: set[str] = set()
    for star in module.bindings.stars if not name.startswith("_") else ():
        path = module.program.imported(module, star)
        source = module.program.module(path) if path else None
        found = exported(source, name) if source is not None else None
        if found is not None:
            return found
        if path is None and not star.level:
            outside.add(star.module)
    inner = module.program.library.submodule(module.path, name)
    submodule = module.program.module(inner) if inner else None
    if submodule is not None:
        return own(submodule, "", None)
    # The star of a foreign module is the only other place that the name can come from.
    return foreign(f"{outside.pop()}.{name}") if len(outside) == 1 and _is_new(name) else None


def _is_new(name: str) -> bool:
    return name not in BUILTINS


def lookup(module: Module, name: str, at: ast.AST) -> Ref | None:
    """Return what a name means at a node."""
    inner = True
    for scope in module.scopes(at):
        held = module.bindings.scopes.get(scope, {}).get(name)
        if held and (inner or scope is not module.tree.root):
            return bound(module, name, held, at if inner else None)
        inner = False
    found = exported(module, name)
    if found is not None:
        return found
    return Ref(f"builtins.{name}") if name in BUILTINS else None


def bound(module: Module, name: str, held: list[Binding], at: ast.AST | None) -> Ref | None:
    """Return what the bindings of one name in one scope come to."""
    likely = candidates(module, held, at)
    for binding in likely:
        found = _bound(module, name, binding)
        if found is not None:
            return found
    return None


def _bound(module: Module, name: str, binding: Binding) -> Ref | None:
    if binding.imported is not None:
        return imported(module, binding.imported, binding.node)
    if binding.how == "assign" and binding.value is not None:
        alias = ref(module, binding.value)
        # What a name is assigned from another variable is told by `kind`, from here on.
        if alias is not None and not (isinstance(binding.value, ast.Call) and is_value(alias)):
            return alias
    return own(module, name, binding.node)


def imported(module: Module, binding: Imported, node: ast.AST) -> Ref | None:
    """Return what an import brings in: a module, or a name in one."""
    program = module.program
    path = program.imported(module, binding)
    source = program.module(path) if path else None
    if not binding.name:
        if source is not None:
            return own(source, "", None)
        return _package(module, binding.module, node) or foreign(binding.module)
    if source is not None:
        found = exported(source, binding.name)
        if found is not None:
            return found
    dotted = f"{binding.module}.{binding.name}" if binding.module else binding.name
    inner = program.imported(module, Imported(dotted, "", binding.level))
    source = program.module(inner) if inner else None
    if source is not None:
        return own(source, "", None)
    if path is not None or binding.level:
        return None
    return _package(module, dotted, node) or foreign(dotted)
