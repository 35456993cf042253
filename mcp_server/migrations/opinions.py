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
from mcp_server.migrations.change import Change, Young
from mcp_server.migrations.contracted import DROPS, is_contracted
from mcp_server.migrations.finding import finding
from mcp_server.migrations.lookup import is_lookup
from mcp_server.migrations.mixed import Mixed
from mcp_server.migrations.operation import EXECUTING, Operation
from mcp_server.migrations.operations import operations
from mcp_server.migrations.proofs import Proofs
from mcp_server.migrations.revision import Revision
from mcp_server.migrations.sql_text import read_tables
from mcp_server.migrations.way_back import lacks_way_back
from mcp_server.models import Diagnostic

KEPT = "release code that no longer uses it first, and keep a copy of what is still needed"
STAGED = "add the new one, fill both, switch the code over, and drop the old one later"
SAID = {
    "drop-table": f"drops {{}} with all rows: {KEPT}",
    "drop-column": f"drops a column of {{}} with its data: {KEPT}",
    "truncate": "empties {}: keep a copy, or delete only the rows that are meant",
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
    "empty-downgrade": "its downgrade() leaves the schema as it is, so there is no way back: "
    "write it, or let it raise and say why",
}  # fmt: skip
TEXTS = ("sqltext", "statement")
SHOWN = 4
"""How many tables a message names."""
BREAKING = DROPS | {"rename-table", "rename-column"}
LOCKING = frozenset(code for code in SAID if code.startswith(("locking", "concurrent", "set-")))


def judge_revisions(
    new: list[tuple[Revision, ast.Module]], *, postgresql: bool
) -> Iterator[Diagnostic]:
    """Yield advice on revisions that the main branch has not; locks only for `postgresql`.

    What a revision finds young is what those that it follows made, and what it made itself.
    """
    parents = _followed([one for one, _ in new])
    waiting = Counter(each for followed in parents.values() for each in followed)
    made: dict[int, tuple[Young, Proofs]] = {}
    found: dict[int, list[Diagnostic]] = {}
    for at in _in_order(parents):
        young, proofs = Young(), Proofs()
        for parent in parents[at]:
            waiting[parent] -= 1
            if parent in made:
                before, checked = made[parent] if waiting[parent] else made.pop(parent)
                young.add(before)
                proofs.add(checked)
        found[at] = [*_judged(*new[at], young, proofs, postgresql=postgresql)]
        if waiting[at]:
            made[at] = young, proofs
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
    revision: Revision, tree: ast.Module, young: Young, proofs: Proofs, *, postgresql: bool
) -> Iterator[Diagnostic]:
    path, name = revision.path, revision.name
    performed = operations(tree, "upgrade")
    line = lacks_way_back(tree, performed, revision.text)
    if line is not None:
        yield finding("empty-downgrade", path, line or revision.line, SAID["empty-downgrade"], name)
    places: dict[str, dict[str, int]] = {}
    mixed = Mixed()
    kept: set[tuple[str, str]] = set()
    for operation in performed:
        mixed.observe(operation, young)
        proven = proofs.observe(operation)
        for change in changes_of(operation):
            code = change.kind
            told = code in SAID and not young.covers(change, operation.arms)
            young.observe(change, operation.arms)
            if code == "delete-all" and change.table.key in kept:
                # Its rows went elsewhere first.
                continue
            if (
                code == "set-not-null"
                and {(change.table.key, one) for one in change.columns} & proven
            ):
                # A validated CHECK says already what would be read.
                continue
            if told and _concerns(revision, operation, change, postgresql=postgresql):
                places.setdefault(code, {}).setdefault(change.table.shown, operation.line)
        if operation.name in EXECUTING:
            kept |= {one.key for one in read_tables(operation.text(0, *TEXTS) or "")}
    if postgresql and mixed.found is not None:
        line, shown = mixed.found
        places["schema-and-data"] = {shown: line}
    for code, tables in places.items():
        first = next(iter(tables.values()))
        yield finding(code, path, first, SAID[code].format(_listed(tables)), name)


def _concerns(
    revision: Revision, operation: Operation, change: Change, *, postgresql: bool
) -> bool:
    """Tell whether what an operation does to old rows matters: on this database, in this place."""
    code = change.kind
    if code in LOCKING and (not postgresql or operation.elsewhere):
        return False
    if code in LOCKING and is_lookup(change.table) and not code.startswith("concurrent"):
        return False
    if code in BREAKING and "sqlite" in revision.path.lower().split("/"):
        # One process has such a file, and it stands still meanwhile.
        return False
    if code in DROPS and (
        operation.asked or is_contracted(revision.path, revision.text, operation.line)
    ):
        return False
    return code != "concurrent-index-in-transaction" or not operation.outside


def _listed(tables: dict[str, int]) -> str:
    """Return the tables of one code in words: each revision is told once, where it begins."""
    names = [f"`{one}`" if one else "a table" for one in tables]
    if len(names) <= SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:SHOWN])} and {len(names) - SHOWN} more"
