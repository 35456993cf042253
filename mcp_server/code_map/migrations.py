"""Says which migrations a change of the models needs, and whether it brings one."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence

from mcp_server.code_map.changed import Touched
from mcp_server.code_map.data_models import DataModels
from mcp_server.code_map.library import Library, below
from mcp_server.code_map.records import Symbol
from mcp_server.facts import AlembicFacts

MOST_NAMED = 6


def migrations(
    library: Library,
    models: DataModels,
    touched: Sequence[Touched],
    added: Iterable[str] | None,
    histories: Callable[[], Sequence[tuple[str, AlembicFacts]]],
) -> Iterator[str]:
    """Yield a sentence for each history that the tables of touched models belong to.

    `added` are the files that are new in the change, None where there is no change. `histories`
    are read only where they matter, each with the path of its project.
    """
    tables = _tables(library, models, touched)
    if not tables:
        return
    django = {
        one: found
        for one in tables
        if models.kind(one) == "django"
        for found in [_app(library, one.path)]
        if found
    }
    alembic = [one for one in tables if models.kind(one) != "django"]
    told = histories() if alembic else ()
    for path, history in told:
        own = {one: tables[one] for one in alembic if below(one.path, path)}
        if own:
            folders = ", ".join(history.folders)
            head = f" (head {', '.join(history.heads)})" if history.heads else ""
            yield _sentence(own, added, history.folders, f"{folders}{head}")
    for folder in dict.fromkeys(django.values()):
        own = {one: tables[one] for one, place in django.items() if place == folder}
        yield _sentence(own, added, (folder,), folder)


def _tables(
    library: Library, models: DataModels, touched: Sequence[Touched]
) -> dict[Symbol, list[str]]:
    """Return the stored models whose tables differ, with what of them was touched."""
    found: dict[Symbol, list[str]] = {}
    for one in touched:
        if library.is_test(one.symbol.path) or not one.symbol.name:
            continue
        definition = library.source(one.symbol.path).definitions.get(one.symbol.name)
        if definition is None:
            continue
        owner = Symbol(one.symbol.path, one.symbol.owner)
        if definition.kind == "class":
            if one.state in {"added", "deleted", "asked"}:
                for table in models.tables(one.symbol):
                    found.setdefault(table, [])
        elif one.symbol.owner:
            for table in models.tables(owner):
                if models.is_column(table, definition):
                    found.setdefault(table, []).append(one.symbol.last)
    return found


def _sentence(
    tables: dict[Symbol, list[str]],
    added: Iterable[str] | None,
    folders: Sequence[str],
    place: str,
) -> str:
    named = [
        f"{one.name} ({', '.join(columns)})" if columns else one.name
        for one, columns in tables.items()
    ]
    shown = ", ".join(named[:MOST_NAMED])
    if len(named) > MOST_NAMED:
        shown += f" and {len(named) - MOST_NAMED} more"
    if added is None:
        return f"a change of the columns of {shown} needs a revision in {place}"
    new = [
        one
        for one in added
        if one.endswith(".py")
        and any(below(one, folder) for folder in folders)
        and posixpath.basename(one) != "__init__.py"
    ]
    if new:
        return (
            f"columns changed: {shown}; new in this change: {', '.join(sorted(new)[:MOST_NAMED])}"
        )
    return f"columns changed: {shown}; no new revision in {place}"


def _app(library: Library, path: str) -> str:
    """Return the folder of migrations that goes with a module of django's models."""
    folder = posixpath.dirname(path)
    while True:
        place = posixpath.join(folder, "migrations")
        if f"{place}/__init__.py" in library.known:
            return place
        if not folder:
            return ""
        folder = posixpath.dirname(folder)
