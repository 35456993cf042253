"""Says of each action of an ALTER TABLE what kind of change it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mcp_server.migrations.change import Change, TableName, identifier

ONE = r"(?:\"[^\"]{0,128}\"|`[^`]{0,128}`|[\w?$]{1,128})"
COLUMN = (
    r"(?:column\s+|(?!(?:column|constraint|primary|foreign|unique|check|exclude|index|key|fulltext"
    r"|spatial|partition|period)\b))"
)
"""COLUMN, or its absence before what is no other part of a table."""
FLAGS = re.IGNORECASE | re.DOTALL
ADDED = re.compile(
    rf"add\s+{COLUMN}(?P<guard>if\s+not\s+exists\s+)?(?!if\s)(?P<column>{ONE})\s+(?P<rest>.*)",
    FLAGS,
)
DROPPED = re.compile(rf"drop\s+{COLUMN}(?:if\s+exists\s+)?(?!if\s)(?P<column>{ONE})", FLAGS)
RENAMED = re.compile(
    rf"rename\s+(?:column\s+)?(?!constraint\b|index\b|key\b)(?P<column>{ONE})\s+to\s+(?P<to>{ONE})",
    FLAGS,
)
RENAMED_TABLE = re.compile(rf"rename\s+(?:to|as)\s+(?P<to>{ONE})", FLAGS)
DEFAULT = r"\bdefault\b(?!\s+null\b)"
FILLED = rf"{DEFAULT}|\bgenerated\b|serial\b|\bauto_increment\b"
OF_ADDED = tuple(
    (kind, re.compile(pattern, FLAGS))
    for kind, pattern in (
        ("required-column", rf"(?!.*(?:{FILLED})).*\bnot\s+null\b"),
        ("locking-unique", r".*\b(?:unique|primary\s+key)\b"),
        # Where the column holds nothing PostgreSQL looks at no row.
        ("locking-foreign-key", rf"(?=.*{DEFAULT}).*\breferences\b"),
    )
)  # fmt: skip
CONSTRAINT = r"add\s+(?:constraint\s+\S+\s+)?"
ACTIONS = tuple(
    (kind, re.compile(pattern, FLAGS))
    for kind, pattern in (
        ("set-not-null", r"alter\s+(?:column\s+)?(?P<column>\S+)\s+set\s+not\s+null\b"),
        ("locking-type-change", r"alter\s+(?:column\s+)?\S+\s+(?:set\s+data\s+)?type\b"),
        ("locking-foreign-key", rf"{CONSTRAINT}foreign\s+key\b(?!.*\bnot\s+valid\b)"),
        ("locking-check", rf"{CONSTRAINT}check\b(?!.*\bnot\s+valid\b)"),
        ("locking-unique", rf"{CONSTRAINT}(?:unique|primary\s+key)\b(?!\s+using\b)"),
    )
)  # fmt: skip


def alterations(table: TableName, actions: str) -> Iterator[Change]:
    """Yield the changes of a table's actions, without what stands in their parentheses."""
    for action in (one.strip() for one in actions.split(",")):
        if match := ADDED.match(action):
            columns = frozenset({identifier(match["column"])})
            for kind, pattern in OF_ADDED:
                if pattern.match(match["rest"]):
                    yield Change(kind, table, columns)
            if not match["guard"]:
                yield Change("add-column", table, columns)
        elif match := DROPPED.match(action):
            yield Change("drop-column", table, frozenset({identifier(match["column"])}))
        elif match := RENAMED_TABLE.match(action):
            yield Change("rename-table", table, to=match["to"])
        elif match := RENAMED.match(action):
            columns = frozenset({identifier(match["column"])})
            yield Change("rename-column", table, columns, match["to"])
        else:
            yield from _of_rest(table, action)


def _of_rest(table: TableName, action: str) -> Iterator[Change]:
    for kind, pattern in ACTIONS:
        if match := pattern.match(action):
            column = match.groupdict().get("column")
            yield Change(kind, table, frozenset({identifier(column)} if column else ()))
