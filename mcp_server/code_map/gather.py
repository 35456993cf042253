"""Gathers what a change has to do with beside code: routes, settings, models of data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mcp_server.code_map.changed import Touched
from mcp_server.code_map.data_models import DataModels
from mcp_server.code_map.records import Symbol
from mcp_server.code_map.relations import place
from mcp_server.code_map.resolve import Resolver
from mcp_server.code_map.settings import SettingsReads
from mcp_server.code_map.walk import Tools, Walk

KINDS = ("sqlalchemy", "sqlmodel", "django", "pydantic")
"""Whose models come first."""


def routes_of(tools: Tools, found: Walk) -> Iterator[str]:
    """Yield the routes that were reached with their handlers, nearest first."""
    for route, _ in sorted(found.routes.items(), key=lambda one: one[1]):
        yield f"{route} {place(tools, route.handler)}"


def settings_of(tools: Tools, reads: SettingsReads, shown: Iterable[Touched]) -> Iterator[str]:
    """Yield what changed code reads of its surroundings, each setting once."""
    told: set[str] = set()
    for one in shown:
        if one.state == "deleted":
            continue
        for setting in reads.of(one.symbol):
            if setting.name in told:
                continue
            told.add(setting.name)
            declared = f" {place(tools, setting.field)}" if setting.field else ""
            reader = setting.reader
            yield f"{setting.name}{declared} read in {reader.path}:{setting.line} {reader.name}"


def models_of(
    tools: Tools, models: DataModels, resolver: Resolver, shown: Iterable[Touched]
) -> list[str]:
    """Return the models that changed or that changed code names, those of the database first."""
    found: dict[Symbol, str] = {}
    for one in shown:
        symbol = one.symbol
        source = tools.library.source(symbol.path)
        owner = Symbol(symbol.path, symbol.owner)
        touched_ones = [symbol, owner]
        for each in (symbol, owner):
            if models.kind(each):
                touched_ones += models.tables(each)
        inside = f"{symbol.name}."
        for use in source.uses:
            if use.scope == symbol.name or use.scope.startswith(inside):
                touched_ones += resolver.meaning(symbol.path, use).symbols
        for each in touched_ones:
            if each.name and (kind := models.kind(each)):
                found[each] = kind
    by_kind = sorted(found.items(), key=lambda one: KINDS.index(one[1]))
    return [
        f"{place(tools, one)} ({kind}{f', table {table}' if (table := models.table(one)) else ''})"
        for one, kind in by_kind
    ]
