"""Finds the operations that a revision's function performs, through aliases, batches, helpers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

OTHER_BACKENDS = frozenset({"sqlite", "mysql", "mariadb", "oracle", "mssql"})
POSTGRESQL = frozenset({"postgresql", "postgres"})
EXECUTING = frozenset({"execute", "exec_driver_sql"})
TABLE_AT = {
    "create_table": 0, "drop_table": 0, "rename_table": 0, "add_column": 0, "drop_column": 0,
    "alter_column": 0, "create_index": 1, "create_unique_constraint": 1,
    "create_check_constraint": 1, "create_foreign_key": 1,
}  # fmt: skip
"""Where an operation of `alembic.op` takes its table; in a batch that argument is left out."""
TABLE_NAMES = ("table_name", "source_table", "old_table_name")
DEEPEST = 8
"""How many helper functions inside each other are followed."""
WRAPPING = frozenset({"f", "text", "dedent", "DDL", "cleandoc"})
FILLING = frozenset({"format", "bindparams"})
COMMIT = re.compile(r"\s*commit\s*;?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of an operation; `table` is its table's name, or its expression where computed.

    `batch` says that the table comes from `batch_alter_table`; `outside` that no transaction is
    open; `elsewhere` that it only runs on another backend than PostgreSQL.
    """

    name: str
    call: ast.Call
    names: Mapping[str, ast.expr]
    table: str = ""
    batch: bool = False
    outside: bool = False
    elsewhere: bool = False

    @property
    def line(self) -> int:
        """The 1-based line of the call."""
        return self.call.lineno

    def argument(self, position: int, *keywords: str) -> ast.expr | None:
        """Return an argument by its place in `alembic.op`'s signature, or by a keyword."""
        at = TABLE_AT.get(self.name)
        if self.batch and at is not None and position > at:
            position -= 1
        if position < len(self.call.args):
            return self.call.args[position]
        return next((one.value for one in self.call.keywords if one.arg in keywords), None)

    def flag(self, keyword: str) -> bool:
        """Tell whether a keyword is given and is anything but a plain false."""
        value = self.argument(99, keyword)
        return value is not None and not (isinstance(value, ast.Constant) and not value.value)

    def text(self, position: int, *keywords: str) -> str | None:
        """Return an argument that is a text, None where it is computed."""
        return text_of(self.argument(position, *keywords), self.names)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What names mean at a place: operations' owners with their batch's table, and values."""

    owners: Mapping[str, str | None]
    names: Mapping[str, ast.expr]
    elsewhere: bool = False
    outside: bool = False
    depth: int = 0


@dataclass(slots=True)
class _Walk:
    functions: dict[str, ast.FunctionDef]
    committed: bool = False
    found: list[Operation] = field(default_factory=list)


def operations(tree: ast.Module, function: str) -> list[Operation]:
    """Return what a function of a revision, and what it calls in the same file, performs.

    `function` also stands for its variants of several databases (`upgrade_engine1`).
    """
    functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: list[Operation] = []
    for one in tree.body:
        variant = isinstance(one, ast.FunctionDef) and one.name.startswith(f"{function}_")
        if isinstance(one, ast.FunctionDef) and (one.name == function or variant):
            walk = _Walk(functions)
            _body(walk, one.body, _Scope(_owners(tree), names))
            found += walk.found
    # A function of several databases that the plain one calls is met twice.
    return list({(id(one.call), one.table): one for one in found}.values())


def _owners(tree: ast.Module) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "alembic":
            found |= {one.asname or one.name: None for one in node.names if one.name == "op"}
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name == "alembic.op":
                    found[one.asname or one.name] = None
                elif one.name == "alembic":
                    found[f"{one.asname or one.name}.op"] = None
    return found


def _body(walk: _Walk, body: list[ast.stmt], scope: _Scope) -> None:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, (ast.With, ast.AsyncWith)):
            inner = scope
            for item in node.items:
                _expression(walk, item.context_expr, scope)
                inner = _entered(item, inner)
            _body(walk, node.body, inner)
        elif isinstance(node, ast.If):
            _expression(walk, node.test, scope)
            chosen, rest = _branches(node.test)
            _body(walk, node.body, replace(scope, elsewhere=scope.elsewhere or chosen))
            _body(walk, node.orelse, replace(scope, elsewhere=scope.elsewhere or rest))
        else:
            scope = _assigned(node, scope)
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    _expression(walk, child, scope)
            for inside in ("body", "orelse", "finalbody"):
                _body(walk, getattr(node, inside, []), scope)
            for handler in getattr(node, "handlers", []):
                _body(walk, handler.body, scope)


def _assigned(node: ast.stmt, scope: _Scope) -> _Scope:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        name, value = node.targets[0].id, node.value
        owner = dotted(value)
        if owner in scope.owners:
            return replace(scope, owners={**scope.owners, name: scope.owners[owner]})
        return replace(scope, names={**scope.names, name: value})
    return scope


def _entered(item: ast.withitem, scope: _Scope) -> _Scope:
    """Return the scope inside of a `with`: a batch's table has a name, or a transaction is left."""
    call = item.context_expr
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return scope
    if call.func.attr == "autocommit_block":
        return replace(scope, outside=True)
    if call.func.attr == "batch_alter_table" and isinstance(item.optional_vars, ast.Name):
        table = call.args[0] if call.args else None
        named = next((one.value for one in call.keywords if one.arg == "table_name"), table)
        owners = {**scope.owners, item.optional_vars.id: name_of(named, scope.names)}
        return replace(scope, owners=owners)
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


def _expression(walk: _Walk, node: ast.expr, scope: _Scope) -> None:
    calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        if isinstance(call.func, ast.Attribute):
            owner = dotted(call.func.value)
            if owner in scope.owners or call.func.attr in EXECUTING:
                _operation(walk, call, call.func.attr, scope.owners.get(owner or ""), scope)
        elif isinstance(call.func, ast.Name) and call.func.id in walk.functions:
            _called(walk, call, walk.functions[call.func.id], scope)


def _operation(walk: _Walk, call: ast.Call, name: str, batch: str | None, scope: _Scope) -> None:
    one = Operation(
        name=name,
        call=call,
        names=scope.names,
        batch=batch is not None,
        outside=scope.outside or walk.committed,
        elsewhere=scope.elsewhere,
    )
    table = batch
    if table is None and name in TABLE_AT:
        table = name_of(one.argument(TABLE_AT[name], *TABLE_NAMES), scope.names)
    if name in EXECUTING and COMMIT.fullmatch(one.text(0, "sqltext") or ""):
        walk.committed = True
    walk.found.append(replace(one, table=table or ""))


def _called(walk: _Walk, call: ast.Call, function: ast.FunctionDef, scope: _Scope) -> None:
    """Follow a helper of the same file with what it is given."""
    if scope.depth >= DEEPEST:
        return
    parameters = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    given = dict(zip(parameters, call.args, strict=False))
    given |= {one.arg: one.value for one in call.keywords if one.arg}
    owners = {**scope.owners}
    for name, value in given.items():
        if (owner := dotted(value)) in scope.owners:
            owners[name] = scope.owners[owner]
    inner = replace(scope, owners=owners, names={**scope.names, **given}, depth=scope.depth + 1)
    _body(walk, function.body, inner)


def dotted(node: ast.expr | None) -> str:
    """Return `a.b` for a name or a plain chain of attributes, else ""."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def name_of(node: ast.expr | None, names: Mapping[str, ast.expr]) -> str:
    """Return a name that an argument states, or its expression where it is computed."""
    return text_of(node, names) or (ast.unparse(node) if node is not None else "")


def text_of(  # noqa: PLR0911 - one a kind of expression
    node: ast.expr | None, names: Mapping[str, ast.expr], depth: int = 0
) -> str | None:
    """Return the text that an expression is, `?` for what is filled in; None where unknown."""
    if node is None or depth > DEEPEST:
        return None
    if isinstance(node, ast.Name):
        return text_of(names.get(node.id), names, depth + 1)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_filled(node, names, depth))
    if isinstance(node, ast.BinOp):
        left = text_of(node.left, names, depth + 1)
        right = text_of(node.right, names, depth + 1) if isinstance(node.op, ast.Add) else ""
        return left if left is None or right is None else left + right
    if not isinstance(node, ast.Call):
        return None
    inner = node.args[0] if node.args and _wraps(node) else None
    if inner is None and isinstance(node.func, ast.Attribute):
        inner = node.func.value if not node.args or node.func.attr in FILLING else None
    return text_of(inner, names, depth + 1)


def _wraps(call: ast.Call) -> bool:
    """Tell whether a call only marks or lays out the text that it is given."""
    return dotted(call.func).rpartition(".")[2] in WRAPPING


def _filled(node: ast.JoinedStr, names: Mapping[str, ast.expr], depth: int) -> Iterator[str]:
    for part in node.values:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        yield text_of(inner, names, depth + 1) or "?"
