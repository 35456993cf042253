"""Says what an operation of alembic changes: what its call states, its SQL, or SQLAlchemy's own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.migrations.change import Change, TableName, identifier, stated, stated_table
from mcp_server.migrations.column_types import effect
from mcp_server.migrations.expressions import (
    HOLE,
    Names,
    dotted,
    is_constant,
    last_word,
    resolved,
    text_of,
)
from mcp_server.migrations.operation import EXECUTING, Operation
from mcp_server.migrations.sql_text import changes

PLAIN = {
    "drop_table": "drop-table",
    "create_unique_constraint": "locking-unique", "create_primary_key": "locking-unique",
}  # fmt: skip
GUARDED = {
    "create_table": ("create-table", "if_not_exists"),
    "create_foreign_key": ("locking-foreign-key", "postgresql_not_valid"),
    "create_check_constraint": ("locking-check", "postgresql_not_valid"),
}
"""Operations that an option makes into none of what they are here."""
FILLED = frozenset({"Identity", "Computed", "FetchedValue"})
TABLES = frozenset({"table", "Table", "create_table"})


def changes_of(one: Operation) -> Iterator[Change]:
    """Yield what an operation changes, in the order in which it does."""
    if one.name in EXECUTING:
        text = one.text(0, "sqltext", "statement")
        yield from changes(text) if text is not None else _of_core(one)
    elif one.name == "add_column":
        yield from _of_added(one)
    elif one.name == "alter_column":
        yield from _of_altered(one)
    else:
        yield from _of_table(one)


def _of_table(one: Operation) -> Iterator[Change]:
    table = one.table
    if one.name in PLAIN:
        yield Change(PLAIN[one.name], table)
    elif one.name in GUARDED:
        code, harmless = GUARDED[one.name]
        if not one.flag(harmless):
            yield Change(code, table)
    elif one.name == "rename_table":
        yield Change("rename-table", table, to=one.text(1, "new_table_name") or HOLE)
    elif one.name == "drop_column":
        yield Change("drop-column", table, _columns(one.argument(1, "column_name"), one.names))
    elif one.name == "create_index":
        concurrent = one.flag("postgresql_concurrently")
        yield Change("concurrent-index-in-transaction" if concurrent else "locking-index", table)


def _columns(node: ast.expr | None, names: Names) -> frozenset[str]:
    return frozenset() if node is None else frozenset({stated(node, names)})


def _of_added(one: Operation) -> Iterator[Change]:
    node = one.argument(1, "column")
    column = resolved(node, one.names) if node is not None else None
    if not isinstance(column, ast.Call):
        return
    options = {each.arg: each.value for each in column.keywords}
    parts = [each for each in column.args if isinstance(each, ast.Call)]
    words = {last_word(each) for each in parts}
    given = options.get("name", column.args[0] if column.args else None)
    columns = _columns(given, one.names)
    default = has_default(one)
    if is_constant(options.get("nullable"), value=False) and not default and not FILLED & words:
        yield Change("required-column", one.table, columns)
    if is_constant(options.get("unique"), value=True):
        yield Change("locking-unique", one.table, columns)
    elif is_constant(options.get("index"), value=True):
        yield Change("locking-index", one.table, columns)
    # Inside of ADD COLUMN PostgreSQL looks at no row of a column that holds nothing.
    if "ForeignKey" in words and (default or not one.flag("inline_references")):
        yield Change("locking-foreign-key", one.table, columns)
    if not one.flag("if_not_exists"):
        yield Change("add-column", one.table, columns)


def has_default(one: Operation) -> bool:
    """Tell whether `add_column` fills its column by a default of the database."""
    node = one.argument(1, "column")
    column = resolved(node, one.names) if node is not None else None
    given = column.keywords if isinstance(column, ast.Call) else []
    return any(
        each.arg == "server_default" and not _is_null(each.value, one.names) for each in given
    )


def _is_null(node: ast.expr, names: Names) -> bool:
    """Tell whether a server_default is none, or NULL."""
    if is_constant(node, value=None) or last_word(node) == "null":
        return True
    return isinstance(node, ast.Call) and (text_of(node, names) or "").strip().lower() == "null"


def _of_altered(one: Operation) -> Iterator[Change]:
    columns = _columns(one.argument(1, "column_name"), one.names)
    renamed = one.option("new_column_name", "name")
    if renamed is not None:
        yield Change("rename-column", one.table, columns, text_of(renamed, one.names) or HOLE)
    if is_constant(one.option("nullable"), value=False) and not is_constant(
        one.option("existing_nullable"), value=False
    ):
        yield Change("set-not-null", one.table, columns)
    new = one.option("type_")
    if new is not None:
        what = effect(one.option("existing_type"), new)
        if what == "narrows":
            yield Change("narrowing-type", one.table, columns)
        elif what == "rewrites":
            yield Change("locking-type-change", one.table, columns)


def _of_core(one: Operation) -> Iterator[Change]:
    """Yield what SQLAlchemy's own delete() and update() do where no row is named."""
    given = one.argument(0, "sqltext", "statement")
    node = None if given is None else resolved(given, one.names)
    chain: list[ast.Call] = []
    while isinstance(node, ast.Call):
        chain.append(node)
        node = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(node, ast.Name):
            node = resolved(node, one.names)
    words = [last_word(each) for each in chain]
    if words and words[-1] in TABLES:
        words.pop()
    if not words or words[-1] not in {"delete", "update"} or {"where", "filter"} & {*words}:
        return
    start = chain[len(words) - 1]
    yield Change(f"{words[-1]}-all", table_of(start, one.names), _updated(chain, one.names))


def table_of(call: ast.Call, names: Names) -> TableName:
    """Return the table of `delete(t)`, `update(t)`, `t.delete()` or `t.update()`."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    node = call.args[0] if call.args and not isinstance(call.args[0], ast.Dict) else owner
    behind = None if node is None else resolved(node, names)
    if isinstance(behind, ast.Call) and last_word(behind) in TABLES and behind.args:
        schema = next((each.value for each in behind.keywords if each.arg == "schema"), None)
        return stated_table(behind.args[0], schema, names)
    shown = dotted(node)
    return TableName(shown, "", f"={shown or 'computed'}".casefold())


def _updated(chain: list[ast.Call], names: Names) -> frozenset[str]:
    columns = {identifier(key.arg) for each in chain for key in each.keywords
               if key.arg and last_word(each) in {"values", "update"}}  # fmt: skip
    for given in (each.args[0] for each in chain if each.args):
        keys = given.keys if isinstance(given, ast.Dict) else ()
        columns |= {stated(key, names) if key else "=" for key in keys}
    return frozenset(columns)
