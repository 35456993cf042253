"""Judges what a new revision does: what it destroys, locks or breaks, and whether it goes back.

What locks what, and what breaks, is PostgreSQL's own documentation
(https://www.postgresql.org/docs/current/sql-altertable.html, sql-createindex.html and
explicit-locking.html); which of it is worth a word is what squawk (https://squawkhq.com/docs/rules),
strong_migrations and django-migration-linter agree on.
"""

from __future__ import annotations

import ast
import graphlib
from collections import Counter
from collections.abc import Iterable, Iterator

from mcp_server.migrations.alterations import changes_of
from mcp_server.migrations.change import Young
from mcp_server.migrations.finding import finding
from mcp_server.migrations.mixed import Mixed
from mcp_server.migrations.operations import operations
from mcp_server.migrations.revision import Revision
from mcp_server.migrations.way_back import lacks_way_back
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
    "locking-unique": "adds a unique constraint or primary key to {} and builds its index while "
    "nothing else can use the table: build a unique index concurrently, and add the constraint "
    "USING INDEX",
    "locking-type-change": "changes a column's type in {} and rewrites the table while nothing "
    "else can use it: fill a new column instead, and switch over",
    "rename-table": f"renames {{}}, and code that still runs knows the old name: {STAGED}",
    "rename-column": f"renames a column of {{}}, and code that still runs knows the old name: "
    f"{STAGED}",
    "schema-and-data": "fills {} in the transaction of an ALTER TABLE, whose lock keeps everybody "
    "out until the last row is written: give the data a revision of its own, NOT NULL after it",
    "empty-downgrade": "its downgrade() does nothing, so there is no way back: write it, or say in "
    "[tool.hdb.migrations] ignore that the project goes only forward",
}  # fmt: skip
LOCKING = frozenset(code for code in SAID if code.startswith(("locking", "concurrent", "set-")))


def judge_revisions(
    new: list[tuple[Revision, ast.Module]], *, postgresql: bool
) -> Iterator[Diagnostic]:
    """Yield advice on revisions that the main branch has not; locks only for `postgresql`.

    What a revision finds young is what those that it follows made, and what it made itself.
    """
    parents = _followed([one for one, _ in new])
    waiting = Counter(each for followed in parents.values() for each in followed)
    made: dict[int, Young] = {}
    found: dict[int, list[Diagnostic]] = {}
    for at in _in_order(parents):
        young = Young()
        for parent in parents[at]:
            waiting[parent] -= 1
            if parent in made:
                young.add(made[parent] if waiting[parent] else made.pop(parent))
        found[at] = [*_judged(*new[at], young, postgresql=postgresql)]
        if waiting[at]:
            made[at] = young
    for _, diagnostics in sorted(found.items()):
        yield from diagnostics


def _followed(new: list[Revision]) -> dict[int, set[int]]:
    """Return of each revision, by its place, which of the others it follows or depends on."""
    places = {one.name: at for at, one in enumerate(new) if one.name is not None}
    return {
        at: {places[name] for name in (*(one.parents or ()), *one.depends) if name in places} - {at}
        for at, one in enumerate(new)
    }


def _in_order(parents: dict[int, set[int]]) -> Iterable[int]:
    try:
        return [*graphlib.TopologicalSorter(parents).static_order()]
    except graphlib.CycleError:
        # A fault of its own; what each makes itself is still known.
        return parents


def _judged(
    revision: Revision, tree: ast.Module, young: Young, *, postgresql: bool
) -> Iterator[Diagnostic]:
    path, name = revision.path, revision.name
    line = lacks_way_back(tree)
    if line is not None:
        yield finding("empty-downgrade", path, line or revision.line, SAID["empty-downgrade"], name)
    seen: set[object] = set()
    mixed = Mixed()
    for operation in operations(tree, "upgrade"):
        mixed.observe(operation, young)
        for change in changes_of(operation):
            code, shown = change.kind, change.table.shown
            told = code in SAID and not young.covers(change, operation.arms)
            young.observe(change, operation.arms)
            if code in LOCKING and (not postgresql or operation.elsewhere):
                continue
            if code == "concurrent-index-in-transaction" and operation.outside:
                continue
            if told and (code, operation.line, shown) not in seen:
                seen.add((code, operation.line, shown))
                words = f"`{shown}`" if shown else "a table"
                yield finding(code, path, operation.line, SAID[code].format(words), name)
    if postgresql and mixed.found is not None:
        line, shown = mixed.found
        words = f"`{shown}`" if shown else "a table"
        yield finding("schema-and-data", path, line, SAID["schema-and-data"].format(words), name)
