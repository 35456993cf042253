"""Says whose rows an operation of alembic writes: by SQL, SQLAlchemy's own words or a session."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.migrations.alterations import table_of
from mcp_server.migrations.change import TableName, written_table
from mcp_server.migrations.expressions import last_word, resolved
from mcp_server.migrations.operation import EXECUTING, Operation
from mcp_server.migrations.sql_text import LONGEST, NAME, NOISE

WRITES = re.compile(
    rf"\s*(?:with\b.*?\)\s*)?(?:update\s+{NAME}\s(?P<rest>.*\bset\b.*)"
    rf"|delete\s+from\s+{NAME.replace('table', 'emptied')}(?P<where>.*))",
    re.IGNORECASE | re.DOTALL,
)
COPIES = re.compile(
    rf"\s*insert\s+into\s+{NAME}.*?\bselect\b.*?\bfrom\b", re.IGNORECASE | re.DOTALL
)
FEW = re.compile(r"\bwhere\b[^()]*?\b[\w.\"]+\s*=\s*(?:''|\d+|:\w+|\?)", re.IGNORECASE | re.DOTALL)
"""A condition that names the rows by a value: a handful of them as a rule."""
VALUE = r"(?:''|-?[\d.]+|true|false|null|:\w+|\?|now\(\)|current_timestamp)(?:::\w+)?"
SAME = re.compile(
    rf"[^()]*?\bset\s+[\w.\"]+\s*=\s*{VALUE}(?:\s*,\s*[\w.\"]+\s*=\s*{VALUE})*\s*(?:where\b.*)?",
    re.IGNORECASE | re.DOTALL,
)
"""One value for all rows, which a server_default would have been."""
OWN = frozenset({"update", "delete"})


@dataclass(frozen=True, slots=True)
class Write:
    """Rows of a table that are written; `same` where all of them get one stated value."""

    table: TableName
    same: bool = False


def writes_of(one: Operation) -> Iterator[Write]:
    """Yield what an operation writes that is more than a few named rows."""
    if one.name not in EXECUTING:
        return
    text = one.text(0, "sqltext", "statement")
    if text is None:
        yield from _of_core(one)
        return
    plain = NOISE.sub(lambda match: "''" if match[0].startswith("'") else " ", text[:LONGEST])
    for statement in plain.split(";"):
        if (match := WRITES.match(statement)) is not None:
            rest = match["rest"] or match["where"] or ""
            if not FEW.search(rest):
                same = bool(match["rest"] and SAME.fullmatch(rest.strip()))
                yield Write(written_table(match["table"] or match["emptied"]), same)
        elif (match := COPIES.match(statement)) is not None:
            yield Write(written_table(match["table"]))


def _of_core(one: Operation) -> Iterator[Write]:
    given = one.argument(0, "sqltext", "statement")
    node = None if given is None else resolved(given, one.names)
    values: list[ast.expr] = []
    while isinstance(node, ast.Call):
        word = last_word(node)
        if word in {"where", "filter"} and any(map(_names_rows, node.args)):
            return
        if word in {"values", "update"}:
            values += [each.value for each in node.keywords if each.arg]
            values += [
                each for arg in node.args if isinstance(arg, ast.Dict) for each in arg.values
            ]
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if word in OWN and not isinstance(inner, ast.Call):
            same = bool(values) and all(isinstance(each, ast.Constant) for each in values)
            yield Write(table_of(node, one.names), same)
            return
        node = resolved(inner, one.names) if isinstance(inner, ast.Name) else inner


def _names_rows(node: ast.expr) -> bool:
    return isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq)
