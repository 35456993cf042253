"""Reads what a database holds, to compare how it was before, after and after once more."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

OURS = (
    "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' AND NOT EXISTS "
    "(SELECT 1 FROM pg_depend d WHERE d.objid = {oid} AND d.deptype IN ({kinds}))"
)
TABLES = (
    "SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' "
    "WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign table' ELSE 'table' END, "
    "n.nspname, c.relname, coalesce((SELECT string_agg(a.attname || ' ' || "
    "format_type(a.atttypid, a.atttypmod) || a.attnotnull, ', ' ORDER BY a.attname) "
    "FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '') "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND "
    + OURS.format(oid="c.oid", kinds="'e', 'a', 'i'")
)
TYPES = (
    "SELECT 'type', n.nspname, t.typname, coalesce((SELECT string_agg(e.enumlabel, ', ' "  # noqa: S608 - all of it is written here
    "ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '') "
    "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
    "LEFT JOIN pg_class c ON c.oid = t.typrelid "
    "WHERE (t.typtype IN ('e', 'd') OR c.relkind = 'c') AND "
    + OURS.format(oid="t.oid", kinds="'e'")
)
INDEXES = (
    "SELECT 'index', schemaname, indexname, indexdef FROM pg_indexes "
    "WHERE schemaname NOT LIKE 'pg\\_%' AND schemaname <> 'information_schema'"
)
SQLITE = (
    "SELECT type, 'public', name, coalesce(sql, '') FROM sqlite_master "
    "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


def read_schema(connection: Any) -> dict[tuple[str, str], str]:  # noqa: ANN401 - the project's own SQLAlchemy
    """Return what a connection's database holds, by kind and name, with its definition.

    A transaction that this opens is ended again.
    """
    text = importlib.import_module("sqlalchemy").text
    inside = connection.in_transaction()
    queries = (SQLITE,) if connection.dialect.name == "sqlite" else (TABLES, TYPES, INDEXES)
    found: dict[tuple[str, str], str] = {}
    for query in queries:
        for kind, schema, name, definition in connection.execute(text(query)).fetchall():
            shown = name if schema in {"public", "dbo"} else f"{schema}.{name}"
            found[(str(kind), str(shown))] = str(definition)
    if not inside and connection.in_transaction():
        # The project's own transactions begin as if nothing had been asked.
        connection.get_transaction().rollback()
    return found


def left_behind(
    before: dict[tuple[str, str], str],
    after: dict[tuple[str, str], str],
    version_tables: Iterable[str],
) -> list[tuple[str, str]]:
    """Return the kinds and names of what the way down did not take away again."""
    expected = {str(one) for one in version_tables}
    return sorted(
        (kind, name)
        for kind, name in after
        if (kind, name) not in before
        and kind != "index"
        and name.rpartition(".")[2] not in expected
    )
