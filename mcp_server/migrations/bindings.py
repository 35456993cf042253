"""Says what the names of a revision's module stand for: functions, values, alembic's operations."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TypeAlias

from mcp_server.migrations.change import TableName
from mcp_server.migrations.operation import TABLE_AT

Functions: TypeAlias = Mapping[str, ast.FunctionDef | ast.Lambda]
Owners: TypeAlias = Mapping[str, tuple[str, TableName | None]]
"""Names that lead to operations: to one of them, or with "" to all; and the table of a batch."""


def functions_of(tree: ast.Module) -> Functions:
    """Return the functions of a file by name; also those that are lambdas or have a second name."""
    found: dict[str, ast.FunctionDef | ast.Lambda] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if isinstance(node.value, ast.Lambda):
                found[name] = node.value
            elif isinstance(node.value, ast.Name) and node.value.id in found:
                found[name] = found[node.value.id]
    return found


def names_of(tree: ast.Module) -> dict[str, ast.expr]:
    """Return what the names of a module are assigned; a mapped class stands for its table."""
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            found |= {one.id: node.value for one in node.targets if isinstance(one, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            found[node.target.id] = node.value
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef) and (table := _mapped(each)):
            found[each.name] = table
    return found


def _mapped(node: ast.ClassDef) -> ast.expr | None:
    for one in node.body:
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__tablename__":
            table = ast.Call(ast.Name("table", ast.Load()), [one.value], [])
            return ast.fix_missing_locations(ast.copy_location(table, one))
    return None


def owners_of(tree: ast.Module) -> dict[str, tuple[str, TableName | None]]:
    """Return the names by which a module reaches `alembic.op` or one of its operations."""
    found: dict[str, tuple[str, TableName | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "alembic":
            found |= {one.asname or one.name: ("", None) for one in node.names if one.name == "op"}
        elif isinstance(node, ast.ImportFrom) and node.module == "alembic.op":
            for one in node.names:
                every = TABLE_AT if one.name == "*" else [one.name]
                found |= {one.asname or name: (name, None) for name in every}
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name == "alembic.op":
                    found[one.asname or one.name] = "", None
                elif one.name == "alembic":
                    found[f"{one.asname or one.name}.op"] = "", None
    return found
