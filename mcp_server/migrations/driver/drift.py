"""Says in sentences what `alembic check` finds: where models and revisions differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

NEXT = "write the revision with `alembic revision --autogenerate`"


def flat(diffs: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Yield single differences; alembic groups those of one column."""
    for one in diffs:
        if isinstance(one, list):
            yield from flat(one)
        else:
            yield one


def sentence(diff: tuple[Any, ...]) -> tuple[str, str]:
    """Return the table that a difference is about, and the difference as a sentence."""
    kind = str(diff[0])
    if kind.startswith("modify_"):
        _, schema, table, column, _, old, new = diff
        what = kind[len("modify_") :]
        said = f"`{table}.{column}` has {what} {old!r} by the revisions and {new!r} in the models"
        return _full(schema, table), f"{said}: {NEXT}"
    verb, _, noun = kind.partition("_")
    table, name = _named(diff)
    noun = {"fk": "foreign key"}.get(noun, noun.replace("_", " "))
    if verb == "add":
        return table, f"the models have the {noun} `{name}`, which no revision makes: {NEXT}"
    if verb == "remove":
        return table, f"the revisions make the {noun} `{name}`, which no model has: {NEXT}"
    return table, f"{kind} {name}: {NEXT}"


def _named(diff: tuple[Any, ...]) -> tuple[str, str]:
    item = diff[-1]
    if "column" in str(diff[0]):
        return _full(diff[1], str(diff[2])), f"{diff[2]}.{getattr(item, 'name', item)}"
    table = getattr(item, "table", None)
    owner = str(getattr(table, "fullname", "") or getattr(item, "fullname", ""))
    name = getattr(item, "name", None)
    if name is None:
        columns = [str(getattr(one, "name", one)) for one in getattr(item, "columns", [])]
        name = f"on {owner}({', '.join(columns)})"
    return owner, str(name)


def _full(schema: Any, table: str) -> str:  # noqa: ANN401 - a text, or None
    return f"{schema}.{table}" if schema else table
