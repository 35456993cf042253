"""Holds one operation of alembic, as it is called at a place of a revision."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mcp_server.migrations.change import Arms, TableName
from mcp_server.migrations.expressions import Names, text_of

EXECUTING = frozenset({"execute", "exec_driver_sql"})
TABLE_AT = {
    "create_table": 0, "drop_table": 0, "rename_table": 0, "add_column": 0, "drop_column": 0,
    "alter_column": 0, "create_index": 1, "create_unique_constraint": 1,
    "create_check_constraint": 1, "create_foreign_key": 1, "create_primary_key": 1,
    "drop_constraint": 1,
}  # fmt: skip
"""Where an operation of `alembic.op` takes its table; in a batch that argument is left out."""
NOWHERE = TableName("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of an operation, on a table.

    `batch` says that the table comes from `batch_alter_table`; `outside` that no transaction is
    open; `elsewhere` that it only runs on another backend than PostgreSQL; `arms` in which
    branches it stands; `asked` that it only runs where what it is for is found there.
    """

    name: str
    call: ast.Call
    names: Names
    table: TableName = NOWHERE
    batch: bool = False
    outside: bool = False
    elsewhere: bool = False
    arms: Arms = ()
    asked: bool = False

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
        return self.option(*keywords)

    def option(self, *keywords: str) -> ast.expr | None:
        """Return an argument that only has a keyword."""
        return next((one.value for one in self.call.keywords if one.arg in keywords), None)

    def flag(self, keyword: str) -> bool:
        """Tell whether a keyword is given and is anything but a plain false."""
        value = self.option(keyword)
        return value is not None and not (isinstance(value, ast.Constant) and not value.value)

    def text(self, position: int, *keywords: str) -> str | None:
        """Return an argument that is a text, None where it is computed."""
        return text_of(self.argument(position, *keywords), self.names)
