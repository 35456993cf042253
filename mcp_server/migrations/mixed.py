"""Notices a revision that fills rows while its own ALTER TABLE keeps everybody from them."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcp_server.migrations.alterations import changes_of, has_default
from mcp_server.migrations.change import Change, Young
from mcp_server.migrations.lookup import is_lookup
from mcp_server.migrations.operation import Operation
from mcp_server.migrations.writes import writes_of

SCHEMA = frozenset(
    "add-column drop-column rename-column set-not-null required-column narrowing-type "
    "locking-type-change locking-check locking-foreign-key locking-unique".split()
)
"""Changes after which nobody else can use the table before the transaction ends."""


@dataclass(slots=True)
class Mixed:
    """What a revision's operations come to, in their order.

    `found` is the line and the table of the first rows that are written behind a lock. One value
    for all rows counts where the column is made NOT NULL after it: else a default is meant.
    """

    found: tuple[int, str] | None = None
    locked: bool = False
    filled: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    defaulted: set[tuple[str, str]] = field(default_factory=set)

    def observe(self, one: Operation, young: Young) -> None:
        """Take in an operation, before `young` does."""
        if one.outside:
            # The transaction before it is committed, and its locks are gone.
            self.locked = False
        if one.outside or one.elsewhere or self.found is not None:
            return
        if self.locked:
            self._written(one, young)
        if one.name == "add_column" and has_default(one):
            self.defaulted.add(one.table.key)
        for change in changes_of(one):
            if change.kind == "set-not-null":
                self.found = self.found or self.filled.get(change.table.key)
            if change.kind in SCHEMA and not young.covers(Change("write", change.table), one.arms):
                self.locked = True

    def _written(self, one: Operation, young: Young) -> None:
        for write in writes_of(one):
            if young.covers(Change("write", write.table), one.arms) or is_lookup(write.table):
                continue
            place = (one.line, write.table.shown)
            if not write.same:
                self.found = self.found or place
            elif write.table.key not in self.defaulted:
                # Where the new column has a default there is nothing left to fill.
                self.filled.setdefault(write.table.key, place)
