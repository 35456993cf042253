"""Finds the operations that a revision's function performs, through aliases, batches, helpers."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace

from mcp_server.migrations.bindings import Functions, Owners, functions_of, names_of, owners_of
from mcp_server.migrations.change import Arms, TableName, stated_table
from mcp_server.migrations.contracted import asks_presence
from mcp_server.migrations.expressions import Names, dotted, resolved
from mcp_server.migrations.operation import EXECUTING, NOWHERE, TABLE_AT, Operation

OTHER_BACKENDS = frozenset({"sqlite", "mysql", "mariadb", "oracle", "mssql"})
POSTGRESQL = frozenset({"postgresql", "postgres"})
TABLE_NAMES = ("table_name", "source_table", "old_table_name")
SCHEMAS = ("schema", "source_schema")
DEEPEST = 8
"""How many helper functions inside each other are followed."""
MOST = 2_000
"""How many calls of helper functions are followed."""
COMMIT = re.compile(r"\s*commit\s*;?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean at a place: operations' owners with their batch's table, and values."""

    owners: Owners
    names: Names
    elsewhere: bool = False
    outside: bool = False
    depth: int = 0
    arms: Arms = ()
    asked: bool = False


@dataclass(slots=True)
class _Walk:
    functions: Functions
    committed: bool = False
    followed: int = 0
    found: list[Operation] = field(default_factory=list)
    visited: set[int] = field(default_factory=set)


def operations(tree: ast.Module, function: str) -> list[Operation]:
    """Return what a function of a revision, and what it calls in the same file, performs in order.

    `function` also stands for its variants of several databases (`upgrade_engine1`).
    """
    functions = functions_of(tree)
    scope = _Scope(owners_of(tree), names_of(tree))
    variants = (
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and one.name.startswith(f"{function}_")
    )
    found: list[Operation] = []
    visited: set[int] = set()
    for name in (function, *variants):
        # A variant that the plain function calls was met there.
        if name in functions and id(functions[name]) not in visited:
            walk = _Walk(functions, visited=visited)
            _enter(walk, functions[name], scope)
            found += walk.found
    return found


def _enter(walk: _Walk, function: ast.FunctionDef | ast.Lambda, scope: _Scope) -> None:
    walk.visited.add(id(function))
    if isinstance(function, ast.Lambda):
        _expression(walk, function.body, scope)
    else:
        _body(walk, function.body, scope)


def _body(walk: _Walk, body: list[ast.stmt], scope: _Scope) -> _Scope:
    """Note what statements do, and return what names mean after them."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, (ast.With, ast.AsyncWith)):
            scope = replace(scope, names=_within(walk, node, scope).names)
        elif isinstance(node, ast.If):
            scope = _chosen(walk, node, scope)
        elif isinstance(node, ast.Match):
            scope = _matched(walk, node, scope)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.While, ast.Try)):
            scope = _repeated(walk, node, scope)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    _expression(walk, child, scope)
            scope = _assigned(node, scope)
    return scope


def _within(walk: _Walk, node: ast.With | ast.AsyncWith, scope: _Scope) -> _Scope:
    inner = scope
    for item in node.items:
        _expression(walk, item.context_expr, scope)
        inner = _entered(item, inner)
    return _body(walk, node.body, inner)


def _chosen(walk: _Walk, node: ast.If, scope: _Scope) -> _Scope:
    _expression(walk, node.test, scope)
    chosen, rest = _branches(node.test)
    for at, (arm, elsewhere) in enumerate(((node.body, chosen), (node.orelse, rest))):
        inner = _inside(scope, node, at, elsewhere=elsewhere)
        asked = scope.asked or asks_presence(node.test)
        _body(walk, arm, replace(inner, asked=asked))
    return _without(scope, node)


def _repeated(
    walk: _Walk, node: ast.For | ast.AsyncFor | ast.While | ast.Try, scope: _Scope
) -> _Scope:
    """Note what a loop or a try does, which may change names once, many times or never."""
    after = inner = _without(scope, node) if not isinstance(node, ast.Try) else scope
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _expression(walk, child, scope)
    if isinstance(node, (ast.For, ast.AsyncFor)):
        inner = replace(inner, names={**inner.names, **_looped(node)})
    for part in ("body", "orelse", "finalbody"):
        _body(walk, getattr(node, part, []), inner)
    for handler in getattr(node, "handlers", []):
        _body(walk, handler.body, inner)
    return _without(after, node)


def _looped(node: ast.For | ast.AsyncFor | ast.comprehension) -> dict[str, ast.expr]:
    """Return a loop's names as parts of what it goes over, so that two loops' names differ."""
    names = [one for one in ast.walk(node.target) if isinstance(one, ast.Name)]
    return {one.id: ast.Subscript(node.iter, ast.Constant(one.id)) for one in names}


def _inside(scope: _Scope, node: ast.stmt, arm: int, *, elsewhere: bool) -> _Scope:
    arms = (*scope.arms, (id(node), arm))
    return replace(scope, elsewhere=scope.elsewhere or elsewhere, arms=arms)


def _without(scope: _Scope, node: ast.stmt) -> _Scope:
    """Return a scope in which what a statement may have assigned is not known."""
    stored = {
        one.id
        for one in ast.walk(node)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    if not stored & scope.names.keys():
        return scope
    kept = {name: value for name, value in scope.names.items() if name not in stored}
    return replace(scope, names=kept)


def _assigned(node: ast.stmt, scope: _Scope) -> _Scope:
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        return scope
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    value = node.value
    if isinstance(node, ast.AugAssign):
        value = ast.BinOp(scope.names.get(dotted(target), target), node.op, node.value)
        value = ast.fix_missing_locations(ast.copy_location(value, node))
    after = _without(scope, node)
    if not isinstance(target, ast.Name) or value is None:
        return after
    written = dotted(value)
    owner, _, called = written.rpartition(".")
    for name in (written, owner):
        if name in scope.owners:
            # `drop = op.drop_table` is a name of the operation itself.
            known = scope.owners[name] if name == written else (called, scope.owners[name][1])
            return replace(after, owners={**scope.owners, target.id: known})
    value = resolved(value, scope.names)
    if isinstance(node, ast.AugAssign) and not isinstance(value, ast.Constant):
        # What grows from step to step and is no text would be read again for each of them.
        return after
    return replace(after, names={**after.names, target.id: value})


def _entered(item: ast.withitem, scope: _Scope) -> _Scope:
    """Return the scope inside of a `with`: a batch's table has a name, or a transaction is left."""
    call = item.context_expr
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return scope
    if call.func.attr == "autocommit_block":
        return replace(scope, outside=True)
    if call.func.attr == "batch_alter_table" and isinstance(item.optional_vars, ast.Name):
        given = {one.arg: one.value for one in call.keywords if one.arg}
        table = call.args[0] if call.args else given.get("table_name")
        schema = call.args[1] if len(call.args) > 1 else given.get("schema")
        batch = stated_table(table, schema, scope.names)
        return replace(scope, owners={**scope.owners, item.optional_vars.id: ("", batch)})
    return scope


def _branches(test: ast.expr) -> tuple[bool, bool]:
    """Tell of each branch of a condition on the backend whether PostgreSQL never takes it."""
    if not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return False, False
    value = test.comparators[0]
    backend = value.value if isinstance(value, ast.Constant) else None
    if isinstance(test.ops[0], ast.Eq):
        return backend in OTHER_BACKENDS, backend in POSTGRESQL
    if isinstance(test.ops[0], ast.NotEq):
        return backend in POSTGRESQL, backend in OTHER_BACKENDS
    return False, False


def _matched(walk: _Walk, node: ast.Match, scope: _Scope) -> _Scope:
    _expression(walk, node.subject, scope)
    taken = False
    for at, case in enumerate(node.cases):
        values = {one.value for one in ast.walk(case.pattern) if isinstance(one, ast.Constant)}
        other = bool(values) and values <= OTHER_BACKENDS
        inner = _inside(scope, node, at, elsewhere=taken or other)
        taken = taken or (case.guard is None and bool(values & POSTGRESQL))
        if case.guard is not None:
            _expression(walk, case.guard, inner)
        _body(walk, case.body, inner)
    return _without(scope, node)


def _expression(walk: _Walk, node: ast.expr, scope: _Scope) -> None:
    loops = (one for one in ast.walk(node) if isinstance(one, ast.comprehension))
    names = {name: value for one in loops for name, value in _looped(one).items()}
    scope = replace(scope, names={**scope.names, **names}) if names else scope
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        if isinstance(call.func, ast.Attribute):
            owner, name = dotted(call.func.value), call.func.attr
            # alembic's own implementation behind `op` has the same operations.
            inner = isinstance(call.func.value, ast.Attribute) and call.func.value.attr == "impl"
            if owner in scope.owners or inner or name in EXECUTING:
                _operation(walk, call, name, scope.owners.get(owner, ("", None))[1], scope)
        elif isinstance(call.func, ast.Name):
            name, batch = scope.owners.get(call.func.id, ("", None))
            if name:
                _operation(walk, call, name, batch, scope)
            elif call.func.id in walk.functions:
                _called(walk, call, walk.functions[call.func.id], scope)


def _operation(
    walk: _Walk, call: ast.Call, name: str, batch: TableName | None, scope: _Scope
) -> None:
    one = Operation(
        name=name,
        call=call,
        names=scope.names,
        batch=batch is not None,
        outside=scope.outside or walk.committed,
        elsewhere=scope.elsewhere,
        arms=scope.arms,
        asked=scope.asked,
    )
    table = batch
    if table is None and name in TABLE_AT:
        stated = one.argument(TABLE_AT[name], *TABLE_NAMES)
        table = stated_table(stated, one.option(*SCHEMAS), scope.names)
    if name in EXECUTING and COMMIT.fullmatch(one.text(0, "sqltext") or ""):
        walk.committed = True
    walk.found.append(replace(one, table=table or NOWHERE))


def _called(
    walk: _Walk, call: ast.Call, function: ast.FunctionDef | ast.Lambda, scope: _Scope
) -> None:
    """Follow a helper of the same file with what it is given."""
    if scope.depth >= DEEPEST or walk.followed >= MOST:
        return
    walk.followed += 1
    parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    every = {*parameters, *(one.arg for one in function.args.kwonlyargs)}
    defaults = function.args.defaults
    given = dict(zip(parameters[len(parameters) - len(defaults) :], defaults, strict=True))
    given |= dict(zip(parameters, call.args, strict=False))
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    owners = {**scope.owners}
    for name, value in given.items():
        if (owner := dotted(value)) in scope.owners:
            owners[name] = scope.owners[owner]
    values = {name: resolved(value, scope.names) for name, value in given.items()}
    kept = {name: value for name, value in scope.names.items() if name not in every}
    inner = replace(scope, owners=owners, names={**kept, **values}, depth=scope.depth + 1)
    _enter(walk, function, inner)
