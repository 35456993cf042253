"""Judges what a new revision does: what it destroys, locks or breaks, and whether it goes back.

What locks what, and what breaks, is PostgreSQL's own documentation
(https://www.postgresql.org/docs/current/sql-altertable.html, sql-createindex.html and
explicit-locking.html); which of it is worth a word is what squawk (https://squawkhq.com/docs/rules),
strong_migrations and django-migration-linter agree on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from mcp_server.migrations.column_types import effect
from mcp_server.migrations.finding import finding
from mcp_server.migrations.operations import EXECUTING, Operation, dotted, operations, text_of
from mcp_server.migrations.revision import Revision
from mcp_server.migrations.sql_text import Change, changes
from mcp_server.models import Diagnostic

KEPT = "release code that no longer uses it first, and keep a copy of what is still needed"
STAGED = "add the new one, fill both, switch the code over, and drop the old one later"
SAID = {
    "drop-table": f"drops the table {{}} with its rows: {KEPT}",
    "drop-column": f"drops a column of {{}} with its data: {KEPT}",
    "truncate": "empties the table {}: keep a copy, or delete only the rows that are meant",
    "delete-all": "deletes every row of {}: say which rows with WHERE",
    "update-all": "overwrites every row of {}: say which rows with WHERE, and go in batches",
    "narrowing-type": "narrows a column's type in {}: values that do not fit fail or are cut; "
    "check the rows first, or fill a new column",
    "required-column": "adds a NOT NULL column to {} without a server_default: it fails where "
    "there are rows; give it one, or add it nullable, fill it, and set NOT NULL later",
    "set-not-null": "SET NOT NULL on {} reads the whole table while nothing else can use it: "
    "validate a CHECK (... IS NOT NULL) NOT VALID first",
    "locking-index": "builds an index on {} while nothing can be written to it: use "
    "postgresql_concurrently=True inside `with op.get_context().autocommit_block():`",
    "concurrent-index-in-transaction": "an index on {} is built CONCURRENTLY inside a transaction, "
    "which PostgreSQL refuses: put it into `with op.get_context().autocommit_block():`",
    "locking-foreign-key": "adds a foreign key to {} and checks every row while neither table can "
    "be written: add it with postgresql_not_valid=True, and VALIDATE it in a later revision",
    "locking-check": "adds a check to {} and checks every row while nothing else can use the "
    "table: add it with postgresql_not_valid=True, and VALIDATE it in a later revision",
    "locking-unique": "adds a unique constraint to {} and builds its index while nothing else can "
    "use the table: build a unique index concurrently, and add the constraint USING INDEX",
    "locking-type-change": "changes a column's type in {} and rewrites the table while nothing "
    "else can use it: fill a new column instead, and switch over",
    "rename-table": f"renames {{}}, and code that still runs knows the old name: {STAGED}",
    "rename-column": f"renames a column of {{}}, and code that still runs knows the old name: "
    f"{STAGED}",
    "empty-downgrade": "its downgrade() does nothing, so there is no way back: write it, or say in "
    "[tool.hdb.migrations] ignore that the project goes only forward",
}  # fmt: skip
LOCKING = frozenset(code for code in SAID if code.startswith(("locking", "concurrent", "set-")))
OF_SQL = {
    "create-index": "locking-index", "concurrent-index": "concurrent-index-in-transaction",
    "change-type": "locking-type-change", "foreign-key": "locking-foreign-key",
    "check": "locking-check", "unique": "locking-unique",
}  # fmt: skip
PLAIN = {
    "drop_table": "drop-table", "drop_column": "drop-column", "rename_table": "rename-table",
    "create_unique_constraint": "locking-unique",
}  # fmt: skip
VALIDATING = {
    "create_foreign_key": "locking-foreign-key", "create_check_constraint": "locking-check"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A new revision with its syntax tree."""

    revision: Revision
    tree: ast.Module
    upgrade: list[Operation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Young:
    """What this change itself makes: its tables are empty, and its columns hold nothing yet."""

    tables: frozenset[str]
    columns: frozenset[str]


def judge_revisions(
    new: list[tuple[Revision, ast.Module]], *, postgresql: bool
) -> Iterator[Diagnostic]:
    """Yield advice on revisions that the main branch has not; locks only for `postgresql`."""
    judged = [Judged(one, tree, operations(tree, "upgrade")) for one, tree in new]
    young = _young(judged)
    for one in judged:
        path, name = one.revision.path, one.revision.name
        yield from _empty_downgrade(one)
        seen: set[object] = set()
        for operation in one.upgrade:
            for code, table in _codes(operation, young):
                key = (code, operation.line, table)
                if key in seen or (code in LOCKING and (not postgresql or operation.elsewhere)):
                    continue
                seen.add(key)
                shown = f"`{table}`" if table else "a table"
                yield finding(code, path, operation.line, SAID[code].format(shown), name)


def _young(judged: list[Judged]) -> _Young:
    tables: set[str] = set()
    columns: set[str] = set()
    for operation in (each for one in judged for each in one.upgrade):
        if operation.name == "create_table":
            tables.add(operation.table)
        elif operation.name == "add_column":
            columns.add((_column_name(operation) or "").lower())
        elif operation.name == "rename_table" and operation.table in tables:
            tables.add(operation.text(1, "new_table_name") or "")
        elif operation.name in EXECUTING:
            for change in changes(operation.text(0, "sqltext", "statement") or ""):
                tables |= {change.table} if change.kind == "create-table" else set()
                columns |= change.columns if change.kind == "add-column" else set()
    return _Young(frozenset(tables), frozenset(columns - {""}))


def _empty_downgrade(one: Judged) -> Iterator[Diagnostic]:
    functions = {each.name: each for each in one.tree.body if isinstance(each, ast.FunctionDef)}
    upgrade, downgrade = functions.get("upgrade"), functions.get("downgrade")
    if upgrade is None or _is_empty(upgrade) or (downgrade and not _is_empty(downgrade)):
        return
    line = downgrade.lineno if downgrade else one.revision.line
    message = SAID["empty-downgrade"]
    yield finding("empty-downgrade", one.revision.path, line, message, one.revision.name)


def _is_empty(function: ast.FunctionDef) -> bool:
    """Tell whether a function does nothing, or nothing but to refuse."""
    return all(
        isinstance(one, (ast.Pass, ast.Raise))
        or (isinstance(one, ast.Return) and one.value is None)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


def _codes(one: Operation, young: _Young) -> Iterator[tuple[str, str]]:
    """Yield what is to say of an operation: the code, and the table that it is about."""
    if one.name in EXECUTING:
        text = one.text(0, "sqltext", "statement")
        found = _of_text(text, one, young) if text is not None else _of_core(one, young)
        yield from found
    elif one.table not in young.tables:
        for code in _of_operation(one):
            # A column that this change adds has no reader yet who knows its name.
            if code != "rename-column" or one.text(1, "column_name") not in young.columns:
                yield code, one.table


def _of_operation(one: Operation) -> Iterator[str]:
    if one.name in PLAIN:
        yield PLAIN[one.name]
    elif one.name in VALIDATING:
        if not one.flag("postgresql_not_valid"):
            yield VALIDATING[one.name]
    elif one.name == "add_column":
        yield from _of_added(one)
    elif one.name == "alter_column":
        yield from _of_altered(one)
    elif one.name == "create_index":
        if not one.flag("postgresql_concurrently"):
            yield "locking-index"
        elif not one.outside:
            yield "concurrent-index-in-transaction"


def _of_added(one: Operation) -> Iterator[str]:
    column = one.argument(1, "column")
    if isinstance(column, ast.Name):
        column = one.names.get(column.id)
    if not isinstance(column, ast.Call):
        return
    options = {each.arg: each.value for each in column.keywords}
    filled = {"Identity", "Computed", "FetchedValue"} & {
        dotted(each.func).rpartition(".")[2] for each in column.args if isinstance(each, ast.Call)
    }
    has_default = "server_default" in options and not _is(options.get("server_default"), "None")
    if _is(options.get("nullable"), "False") and not has_default and not filled:
        yield "required-column"
    if _is(options.get("unique"), "True"):
        yield "locking-unique"
    elif _is(options.get("index"), "True"):
        yield "locking-index"


def _of_altered(one: Operation) -> Iterator[str]:
    if one.argument(99, "new_column_name", "name") is not None:
        yield "rename-column"
    if _is(one.argument(99, "nullable"), "False") and not _is(
        one.argument(99, "existing_nullable"), "False"
    ):
        yield "set-not-null"
    new = one.argument(99, "type_")
    if new is not None:
        what = effect(one.argument(99, "existing_type"), new)
        if what == "narrows":
            yield "narrowing-type"
        elif what == "rewrites":
            yield "locking-type-change"


def _of_text(text: str, one: Operation, young: _Young) -> Iterator[tuple[str, str]]:
    for change in changes(text):
        code = OF_SQL.get(change.kind, change.kind)
        if code not in SAID or change.table in young.tables or _fills(change, young):
            continue
        if code != "concurrent-index-in-transaction" or not one.outside:
            yield code, change.table


def _fills(change: Change, young: _Young) -> bool:
    """Tell whether an UPDATE only fills columns that this change adds."""
    return change.kind == "update-all" and bool(change.columns) and change.columns <= young.columns


def _of_core(one: Operation, young: _Young) -> Iterator[tuple[str, str]]:
    """Yield what SQLAlchemy's own delete() and update() do where no row is named."""
    node = one.argument(0, "sqltext", "statement")
    if isinstance(node, ast.Name):
        node = one.names.get(node.id)
    chain: list[ast.Call] = []
    while isinstance(node, ast.Call):
        chain.append(node)
        node = node.func.value if isinstance(node.func, ast.Attribute) else None
    called = [dotted(each.func) or getattr(each.func, "attr", "") for each in chain]
    words = [each.rpartition(".")[2] for each in called]
    if not words or words[-1] not in {"delete", "update"} or {"where", "filter"} & {*words}:
        return
    columns = {key.arg.lower() for each in chain for key in each.keywords if key.arg}
    for given in (each.args[0] for each in chain if each.args):
        keys = given.keys if isinstance(given, ast.Dict) else ()
        columns |= {(text_of(key, one.names) or "?").lower() for key in keys}
    if words[-1] == "delete" or not columns or not columns <= young.columns:
        last = chain[-1]
        table = dotted(last.args[0]) if last.args else called[-1].rpartition(".")[0]
        yield f"{words[-1]}-all", table


def _column_name(one: Operation) -> str | None:
    column = one.argument(1, "column")
    if isinstance(column, ast.Name):
        column = one.names.get(column.id)
    return (
        text_of(column.args[0], one.names) if isinstance(column, ast.Call) and column.args else None
    )


def _is(node: ast.expr | None, written: str) -> bool:
    return isinstance(node, ast.Constant) and repr(node.value) == written
