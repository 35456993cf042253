"""Puts together what is bound to one symbol: its callers, contracts, overrides, subclasses."""

from __future__ import annotations

from collections.abc import Iterable

from mcp_server.code_map.changed import Touched
from mcp_server.code_map.classes import Classes
from mcp_server.code_map.records import Symbol
from mcp_server.code_map.references import Usage
from mcp_server.code_map.walk import Tools, callers
from mcp_server.contract_map import SymbolMap

STATES = {"": "changed"}


def relations(tools: Tools, touched: Touched) -> SymbolMap:
    """Return a symbol with everything that is bound to it."""
    symbol, classes = touched.symbol, tools.classes
    in_tests = tools.library.is_test(symbol.path)
    found = list(callers(tools, symbol))
    possible: Iterable[Usage] = tools.references.users(symbol).possible
    if not in_tests:
        found = [one for one in found if not tools.library.is_test(one.path)]
        possible = [one for one in possible if not tools.library.is_test(one.path)]
    owner = Symbol(symbol.path, symbol.owner)
    contracts: list[str] = []
    implementers: list[str] = []
    subclasses: list[Symbol] = []
    if classes.is_class(symbol):
        contracts = [place(tools, one) for one in classes.contracts(symbol)]
        contracts += [f"{place(tools, one)} (by shape)" for one in classes.shapes(symbol)]
        under = [place(tools, one) for one in classes.below(symbol)]
        if classes.is_abstract(symbol):
            implementers = under
            implementers += [f"{place(tools, one)} (by shape)" for one in classes.shaped(symbol)]
        else:
            subclasses = classes.below(symbol)
    elif classes.is_class(owner) and classes.is_abstract(owner):
        implementers = [
            f"{place(tools, one)} lacks {symbol.last}" for one in _lacking(classes, symbol, owner)
        ]
    return SymbolMap.model_validate(
        {
            "symbol": symbol.name or "(module)",
            "at": place(tools, symbol).partition(" ")[0],
            "state": STATES.get(touched.state, touched.state),
            "callers": _usages(found),
            "possible": _usages(possible),
            "implements": contracts,
            "implementers": implementers,
            "subclasses": [place(tools, one) for one in subclasses],
            "overrides": [place(tools, one) for one in classes.overridden(symbol)],
            "overridden_by": [place(tools, one) for one in classes.overrides(symbol)],
        }
    )


def place(tools: Tools, symbol: Symbol) -> str:
    """Return where a symbol stands and what it is called."""
    definition = tools.library.source(symbol.path).definitions.get(symbol.name)
    line = "" if definition is None else f":{definition.line}"
    return f"{symbol.path}{line} {symbol.name}".rstrip()


def _lacking(classes: Classes, symbol: Symbol, owner: Symbol) -> list[Symbol]:
    """Return what must satisfy an abstract class or protocol and has no member of the name."""
    candidates = [*classes.below(owner)]
    if owner in classes.protocols():
        candidates += classes.shaped(owner, without=symbol.last)
    return [
        one
        for one in dict.fromkeys(candidates)
        if not any(
            symbol.last in classes.members(each)
            for each in classes.resolver.lineage(one)
            if each != owner
        )
    ]


def _usages(found: Iterable[Usage]) -> list[str]:
    kept: dict[tuple[str, str], Usage] = {}
    for one in found:
        kept.setdefault((one.path, one.scope), one)
    return [
        f"{one.path}:{one.line} {one.scope or '(module)'}"
        + (f" through {one.through}" if one.through else "")
        for one in sorted(kept.values())
    ]
