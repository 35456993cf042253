"""What can be wrong with a revision: the codes, those that fail a check and those that advise."""

from __future__ import annotations

from mcp_server.models import Diagnostic

TOOL = "migrations"
FAULTS = frozenset(
    "multiple-heads missing-parent cycle duplicate-revision unreadable-revision edited-revision "
    "deleted-revision".split()
)
"""What alembic refuses to run, or what no database that ran the revision can follow."""
OPINIONS = frozenset(
    "empty-downgrade edited-downgrade drop-table drop-column narrowing-type delete-all update-all "
    "truncate required-column set-not-null locking-index concurrent-index-in-transaction "
    "locking-foreign-key locking-check locking-unique locking-type-change rename-table "
    "rename-column schema-and-data".split()
)
"""What can be meant: it advises, and fails a check only where the project gates it."""


def finding(
    code: str, path: str, line: int | None, message: str, symbol: str | None = None
) -> Diagnostic:
    """Return one finding; an opinion is a warning. `symbol` is the revision's id."""
    return Diagnostic(
        tool=TOOL,
        code=code,
        file=path,
        line=line,
        message=message,
        symbol=symbol,
        severity="error" if code in FAULTS else "warning",
    )
