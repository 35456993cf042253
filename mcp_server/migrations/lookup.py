"""Tells which tables hold a handful of rows by their nature, so that no lock on them is felt."""

from __future__ import annotations

import re

from mcp_server.migrations.change import TableName

LOOKUP = re.compile(
    r"(?!assoc).*(?:^|_)(?:types?|kinds?|severit(?:y|ies)|priorit(?:y|ies)|currenc(?:y|ies)"
    r"|countr(?:y|ies)|plugins?|(?:black|block|deny|allow|white)lists?)"
    r"|(?:prohibited|banned|reserved)_.*"
)


def is_lookup(table: TableName) -> bool:
    """Tell whether a table is named as one that others only look up."""
    return LOOKUP.fullmatch(table.name) is not None
