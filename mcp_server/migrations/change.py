"""Holds one change that a revision makes, and knows which tables and columns are young by then."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from mcp_server.migrations.expressions import HOLE, Names, name_of, resolved, text_of, written

DEFAULT_SCHEMA = "public"
QUOTED = re.compile(r"[\"`\[\]]")
NOTHING_LOST = frozenset({"update-all", "rename-column", "drop-column"})
"""What is harmless where every column that it names is young."""
Arms = tuple[tuple[int, int], ...]
"""The branches that an operation stands in: each the place of a condition and which arm it is."""


@dataclass(frozen=True, slots=True)
class TableName:
    """A table as it is shown, and by schema and name as it is compared; computed names have `=`."""

    shown: str
    schema: str = ""
    name: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What two mentions of one table have in common."""
        return self.schema, self.name

    @property
    def known(self) -> bool:
        """Whether the name is stated and not computed."""
        return not self.schema.startswith("=") and not self.name.startswith("=")

    def renamed(self, to: str) -> tuple[str, str]:
        """Return the key under another name of the same schema."""
        return self.schema, identifier(to)


def identifier(text: str) -> str:
    """Return a name as it is compared: without quotes and case; computed ones differ from all."""
    bare = QUOTED.sub("", text).casefold()
    return f"={bare}" if HOLE in bare else bare


def written_table(text: str) -> TableName:
    """Return a table that SQL names, with its schema or without."""
    *schemas, name = QUOTED.sub("", text).split(".")
    schema = identifier(schemas[-1]) if schemas else ""
    shown = QUOTED.sub("", text)
    return TableName(shown, "" if schema == DEFAULT_SCHEMA else schema, identifier(name))


def stated_table(node: ast.expr | None, schema: ast.expr | None, names: Names) -> TableName:
    """Return a table that an argument names, beside the one that names its schema."""
    if node is None:
        return TableName("")
    space = "" if schema is None else stated(schema, names)
    if space in {DEFAULT_SCHEMA, "=none"}:
        space = ""
    shown = name_of(node, names)
    prefix = f"{space}." if space and not space.startswith("=") else ""
    return TableName(f"{prefix}{shown}", space, stated(node, names))


def stated(node: ast.expr, names: Names) -> str:
    """Return a name as it is compared, or the expression behind it, marked, where computed."""
    text = text_of(node, names)
    if text is not None and HOLE not in text:
        return identifier(text)
    return f"={written(resolved(node, names))}".casefold()


@dataclass(frozen=True, slots=True)
class Change:
    """A change to a table: `kind` is a code of advice, `create-table` or `add-column`.

    `columns` are those that it names, as `identifier` writes them; `to` is a new name.
    """

    kind: str
    table: TableName
    columns: frozenset[str] = frozenset()
    to: str = ""


@dataclass(slots=True)
class Young:
    """What a change itself has made so far: its tables are empty, its columns hold nothing yet."""

    tables: dict[tuple[str, str], Arms] = field(default_factory=dict)
    columns: dict[tuple[tuple[str, str], str], Arms] = field(default_factory=dict)

    def add(self, other: Young) -> None:
        """Take over what another line of revisions made."""
        self.tables |= other.tables
        self.columns |= other.columns

    def covers(self, change: Change, arms: Arms) -> bool:
        """Tell whether nothing that was there before is touched by a change."""
        key = change.table.key
        if key in self.tables and _meet(self.tables[key], arms):
            return True
        if change.kind not in NOTHING_LOST or not change.columns:
            return False
        # Which table is filled may be computed, or a model's that stands elsewhere.
        anywhere = change.kind == "update-all" and not change.table.known
        made = {
            name
            for (at, name), where in self.columns.items()
            if (anywhere or at == key) and _meet(where, arms)
        }
        return change.columns <= made

    def observe(self, change: Change, arms: Arms) -> None:
        """Note what a change makes, renames and drops."""
        key, columns = change.table.key, change.columns
        if change.kind == "create-table" and not key[1].startswith("=" + HOLE):
            self.tables[key] = arms
        elif change.kind == "add-column":
            self.columns |= dict.fromkeys(((key, one) for one in columns), arms)
        elif change.kind == "drop-table":
            self.tables.pop(key, None)
            self.columns = {one: at for one, at in self.columns.items() if one[0] != key}
        elif change.kind == "drop-column":
            for one in columns:
                self.columns.pop((key, one), None)
        elif change.kind == "rename-column":
            for one in columns & {name for at, name in self.columns if at == key}:
                self.columns[key, identifier(change.to)] = self.columns.pop((key, one))
        elif change.kind == "rename-table":
            self._rename(key, change.table.renamed(change.to))

    def _rename(self, old: tuple[str, str], new: tuple[str, str]) -> None:
        if old in self.tables:
            self.tables[new] = self.tables.pop(old)
        self.columns = {
            (new if at == old else at, name): where for (at, name), where in self.columns.items()
        }


def _meet(one: Arms, other: Arms) -> bool:
    """Tell whether one run can come through both places: they share no condition's other arm."""
    arms = dict(one)
    return all(arms.get(place, arm) == arm for place, arm in other)
