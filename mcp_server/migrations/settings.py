"""Reads what a project says of its migrations to hdb, under `[tool.hdb.migrations]`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mcp_server.migrations.finding import FAULTS, OPINIONS
from mcp_server.repository import Project

SERVER = "HDB_MIGRATIONS_SERVER"
"""The variable that names a PostgreSQL server for throwaway databases."""
SQLITE = "sqlite"
KNOWN = ("database", "gate", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSettings:
    """Which opinions fail the check, which findings are left out, and where a cycle may run.

    `database` is "sqlite", the address of a server, or None where no cycle is asked for.
    `problems` are settings that cannot be meant.
    """

    gate: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    database: str | None = None
    problems: tuple[str, ...] = ()


def read_settings(project: Project) -> MigrationSettings:
    """Return what a project states; the variable names a server where the project names none."""
    table = project.settings.tables.get("hdb", {}).get("migrations")
    stated: Mapping[str, Any] = table if isinstance(table, dict) else {}
    database = stated.get("database")
    return MigrationSettings(
        gate=_codes(stated.get("gate")),
        ignore=_codes(stated.get("ignore")),
        database=database if isinstance(database, str) else os.environ.get(SERVER) or None,
        problems=tuple(_problems(project, stated)),
    )


def _codes(value: object) -> frozenset[str]:
    return frozenset(map(str, value)) if isinstance(value, list) else frozenset()


def _problems(project: Project, stated: Mapping[str, Any]) -> Iterator[str]:
    label = "pyproject.toml" if project.path == "." else f"{project.path}/pyproject.toml"
    where = f"{label} [tool.hdb.migrations]"
    for name, value in stated.items():
        if name not in KNOWN:
            yield f"{where} has no setting {name!r}: it knows {', '.join(KNOWN)}"
        elif name == "database":
            if not isinstance(value, str):
                yield f'{where} database must be "sqlite" or the address of a PostgreSQL server'
        elif not isinstance(value, list):
            yield f"{where} {name} must be a list of codes"
        else:
            allowed = OPINIONS if name == "gate" else OPINIONS | FAULTS
            for one in sorted(set(map(str, value)) - allowed):
                listed = ", ".join(sorted(allowed))
                yield f"{where} {name} names {one!r}, which is none of {listed}"
