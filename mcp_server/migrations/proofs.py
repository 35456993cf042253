"""Knows which columns a validated CHECK says are filled, so that SET NOT NULL reads no rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mcp_server.migrations.alterations import changes_of
from mcp_server.migrations.change import Arms, Change, TableName, identifier, written_table
from mcp_server.migrations.expressions import is_constant, last_word, text_of
from mcp_server.migrations.operation import EXECUTING, Operation
from mcp_server.migrations.sql_text import ALTER, LONGEST, NOISE, PART, changes

OTHERWISE = frozenset({"drop-table", "drop-column", "rename-table", "rename-column"})
"""Changes after which a CHECK is gone or speaks of another name."""
CONDITION = re.compile(
    rf"[(\s]*(?:{PART}\.)?(?P<column>{PART})\s+is\s+not\s+null[)\s]*", re.IGNORECASE
)
AND = re.compile(r"\band\b", re.IGNORECASE)
ACTION = re.compile(
    rf"\badd\s+constraint\s+(?P<added>{PART})\s+check\s*\((?P<condition>(?:[^()]|\([^()]*\))*)\)"
    rf"\s*not\s+valid\b|\bvalidate\s+constraint\s+(?P<validated>{PART})"
    rf"|\bdrop\s+constraint\s+(?:if\s+exists\s+)?(?P<dropped>{PART})",
    re.IGNORECASE,
)
Key = tuple[str, str]
Column = tuple[Key, str]


@dataclass(frozen=True, slots=True)
class _Check:
    """A CHECK that was added as NOT VALID, and by which operation.

    `free` says that the lock of its addition ended with its operation.
    """

    columns: frozenset[str]
    by: Operation | None
    free: bool
    validated: Arms | None = None


@dataclass(slots=True)
class Proofs:
    """The checks that a change has added so far, by their tables and names."""

    checks: dict[tuple[Key, str], _Check] = field(default_factory=dict)

    def add(self, other: Proofs) -> None:
        """Take over what another revision added, whose transaction has ended."""
        self.checks |= {at: replace(one, by=None, free=True) for at, one in other.checks.items()}

    def observe(self, one: Operation) -> frozenset[Column]:
        """Take in an operation, and return the columns that it makes NOT NULL without reading.

        A check that is validated under the lock of its own addition has saved nobody anything.
        """
        if one.name in EXECUTING:
            return frozenset(self._executed(one))
        name = one.text(0, "constraint_name")
        if one.name == "drop_constraint" and name:
            self._dropped(one.table, identifier(name))
        elif one.name == "create_check_constraint" and name and one.flag("postgresql_not_valid"):
            self._added(one, one.table, name, _required(one))
        return frozenset(self._proven(one, changes_of(one)))

    def _executed(self, one: Operation) -> Iterator[Column]:
        text = one.text(0, "sqltext", "statement") or ""
        plain = NOISE.sub(lambda match: "''" if match[0].startswith("'") else " ", text[:LONGEST])
        for statement in plain.split(";"):
            altered = ALTER.match(statement.strip())
            table = written_table(altered["table"]) if altered else TableName("")
            actions = [*ACTION.finditer(altered["rest"])] if altered else []
            # Within a statement PostgreSQL drops before it looks at columns.
            for name in (each["dropped"] for each in actions if each["dropped"]):
                self._dropped(table, identifier(name))
            yield from self._proven(one, changes(statement))
            for each in actions:
                if each["added"]:
                    self._added(one, table, each["added"], _stated(each["condition"]))
                elif each["validated"]:
                    self._validated(one, table, identifier(each["validated"]))

    def _proven(self, one: Operation, made: Iterable[Change]) -> Iterator[Column]:
        for change in made:
            key = change.table.key
            if change.kind in OTHERWISE:
                gone = {key, change.table.renamed(change.to)}
                self.checks = {at: each for at, each in self.checks.items() if at[0] not in gone}
            elif change.kind == "set-not-null":
                known = [
                    each
                    for at, each in self.checks.items()
                    if at[0] == key and each.validated is not None
                    if {*each.validated} <= {*one.arms}
                ]
                for column in change.columns:
                    if any(column in each.columns for each in known):
                        yield key, column

    def _added(self, one: Operation, table: TableName, name: str, columns: frozenset[str]) -> None:
        at = table.key, identifier(name)
        self.checks.pop(at, None)
        if table.known and not at[1].startswith("="):
            self.checks[at] = _Check(columns, one, one.outside)

    def _validated(self, one: Operation, table: TableName, name: str) -> None:
        meant = [at for at in self.checks if at[0] == table.key and _named(name, at[1])]
        exact = [at for at in meant if at[1] == name] or meant
        if len(exact) == 1:
            check = self.checks[exact[0]]
            if check.by is not one and (check.free or one.outside):
                self.checks[exact[0]] = replace(check, validated=one.arms)

    def _dropped(self, table: TableName, name: str) -> None:
        for at in [*self.checks]:
            if at[0] == table.key and (_named(name, at[1]) or _named(at[1], name)):
                del self.checks[at]


def _named(whole: str, name: str) -> bool:
    """Tell whether a name is meant; the project's convention puts something before a bare one."""
    return f"_{whole}".endswith(f"_{name}")


def _stated(condition: str) -> frozenset[str]:
    """Return the columns that an SQL condition requires to be filled, where it says only that."""
    found = [CONDITION.fullmatch(part) for part in AND.split(condition)]
    if not all(found):
        return frozenset()
    return frozenset(identifier(each["column"]) for each in found if each)


def _required(one: Operation) -> frozenset[str]:
    """Return the columns that an operation's condition requires, by SQL or SQLAlchemy's words."""
    node = one.argument(2, "condition")
    text = text_of(node, one.names)
    if text is not None:
        return _stated(text)
    if not isinstance(node, ast.Call) or last_word(node) not in {"is_not", "isnot"}:
        return frozenset()
    column = node.func.value if isinstance(node.func, ast.Attribute) else None
    if not (node.args and is_constant(node.args[0], value=None)):
        return frozenset()
    if not (isinstance(column, ast.Call) and last_word(column) == "column" and column.args):
        return frozenset()
    name = text_of(column.args[0], one.names)
    return frozenset() if name is None else frozenset({identifier(name)})
