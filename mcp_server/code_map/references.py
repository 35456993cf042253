"""Finds what uses a symbol: by what names mean, and by name where nobody can tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from mcp_server.code_map.importers import Importers
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Source, Symbol, Use
from mcp_server.code_map.resolve import NAMING, Resolver

COMMON = frozenset(
    name for kind in (str, bytes, dict, list, set, int, float, BaseException) for name in dir(kind)
) | frozenset(
    "get post put patch delete add all execute first one scalar scalars commit flush refresh close "
    "run start stop send read write open create save load filter order_by where select join "
    "name id type value status data path url key text json content headers".split()
)
"""Names that so many classes have that a use without a known type says nothing by itself."""
MOST_BY_NAME = 60
"""In how many files a name may stand to be looked for by name alone."""


@dataclass(frozen=True, slots=True, order=True)
class Usage:
    """Where something is used: in which definition of a file, "" for the module itself."""

    path: str
    line: int
    scope: str
    through: str = ""
    """The base's or protocol's method by which it is called, "" for its own name."""

    @property
    def symbol(self) -> Symbol:
        """The definition that uses it."""
        return Symbol(self.path, self.scope)


@dataclass(frozen=True, slots=True)
class Users:
    """What uses a symbol; `possible` have the name of an attribute only."""

    exact: tuple[Usage, ...] = ()
    possible: tuple[Usage, ...] = ()


class References:
    """Answers who uses a symbol, each question once."""

    def __init__(self, library: Library, resolver: Resolver, importers: Importers) -> None:
        self.library, self.resolver, self.importers = library, resolver, importers
        self._known: dict[Symbol, Users] = {}

    def users(self, symbol: Symbol) -> Users:
        """Return what uses a symbol, without what lies inside of itself."""
        if symbol not in self._known:
            self._known[symbol] = self._find(symbol)
        return self._known[symbol]

    def _find(self, symbol: Symbol) -> Users:
        name = symbol.last
        if name == "__init__":
            name = symbol.owner.rpartition(".")[2]
        elif name.startswith("__") and name.endswith("__") and symbol.owner:
            return Users()
        exact: dict[tuple[str, str], Usage] = {}
        possible: dict[tuple[str, str], Usage] = {}
        wanted, at, seen = [name], 0, set[tuple[str, str]]()
        by_name = self._by_name(symbol)
        while at < len(wanted):
            for path in self.importers.candidates(symbol, wanted[at]):
                if (path, wanted[at]) in seen:
                    continue
                seen.add((path, wanted[at]))
                source = self.library.source(path)
                wanted += [one for one in self._renamed(source, symbol) if one not in wanted]
                self._of_file(source, symbol, wanted[at], (exact, possible if by_name else {}))
            at += 1
        if symbol in self.library.gone:
            told = {path for path, _ in exact}
            for path in self.library.holding(name):
                if path not in told and path != symbol.path:
                    for one in self._importing(path, symbol):
                        exact.setdefault((path, ""), one)
        return Users(
            tuple(exact.values()),
            tuple(one for key, one in possible.items() if key not in exact),
        )

    def _importing(self, path: str, symbol: Symbol) -> Iterator[Usage]:
        """Yield the imports of a symbol, which fail where it is gone, used or not."""
        for one in self.library.source(path).modules:
            if one.name == symbol.name and self.resolver.bound(path, one) == symbol:
                yield Usage(path, one.line, "")

    def _of_file(
        self,
        source: Source,
        symbol: Symbol,
        name: str,
        found: tuple[dict[tuple[str, str], Usage], dict[tuple[str, str], Usage]],
    ) -> None:
        exact, possible = found
        inside = f"{symbol.name}."
        for use in chain(source.uses, self._keywords(source, symbol)):
            if name not in use.chain or (
                source.path == symbol.path
                and (use.scope == symbol.name or use.scope.startswith(inside))
            ):
                continue
            meaning = self.resolver.meaning(source.path, use)
            key = (source.path, use.scope)
            if symbol in meaning.symbols:
                exact.setdefault(key, Usage(source.path, use.line, use.scope))
            elif name in meaning.loose and self._plausible(source, symbol, use):
                possible.setdefault(key, Usage(source.path, use.line, use.scope))

    def _keywords(self, source: Source, symbol: Symbol) -> Iterator[Use]:
        """Yield the keywords that may name a value of a class, of a class that the file names."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        if symbol.owner and definition is not None and definition.kind == "value":
            yield from (one for one in source.keywords if one.chain[-1] == symbol.last)

    def _by_name(self, symbol: Symbol) -> bool:
        """Tell whether uses of a name without a known type are worth a look."""
        if not symbol.owner or symbol.last.startswith("__"):
            return False
        files = sum(1 for _ in self.library.holding(symbol.last))
        return symbol.last in COMMON or files <= MOST_BY_NAME

    def _plausible(self, source: Source, symbol: Symbol, use: Use) -> bool:
        if symbol.last not in COMMON and not (use.keyword and use.chain[-3] not in NAMING):
            return True
        owner = symbol.owner.rpartition(".")[2].encode()
        return owner in self.library.words.get(source.path, ())

    def _renamed(self, source: Source, symbol: Symbol) -> Iterator[str]:
        """Yield other names under which a file imports a symbol."""
        for name, binding in source.imports.items():
            if binding.name == symbol.last and name not in source.definitions:
                if name in source.bindings:
                    if self.resolver.named(source.path, name) == symbol:
                        yield name
                elif self.resolver.bound(source.path, binding) == symbol:
                    yield name
