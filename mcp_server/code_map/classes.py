"""Answers what a class owes to others: its abstract bases and protocols, overrides, subclasses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.code_map.chains import chain_of
from mcp_server.code_map.importers import Importers
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Definition, Symbol
from mcp_server.code_map.resolve import Resolver

ABSTRACT = frozenset({"abstractmethod", "abstractproperty"})


class Classes:
    """Looks at the classes of a library, each question once."""

    def __init__(self, library: Library, resolver: Resolver, importers: Importers) -> None:
        self.library, self.resolver, self.importers = library, resolver, importers
        self._protocols: dict[Symbol, frozenset[str]] | None = None
        self._below: dict[Symbol, list[Symbol]] = {}

    def definition(self, symbol: Symbol) -> Definition | None:
        """Return what a symbol is."""
        return self.library.source(symbol.path).definitions.get(symbol.name)

    def is_class(self, symbol: Symbol) -> bool:
        """Tell whether a symbol is a class of the project."""
        definition = self.definition(symbol)
        return definition is not None and definition.kind == "class"

    def members(self, symbol: Symbol) -> dict[str, Definition]:
        """Return what a class itself defines, by name."""
        prefix = f"{symbol.name}."
        return {
            name.removeprefix(prefix): one
            for name, one in self.library.source(symbol.path).definitions.items()
            if name.startswith(prefix) and "." not in name.removeprefix(prefix)
        }

    def is_protocol(self, symbol: Symbol) -> bool:
        """Tell whether a class says itself that it is a protocol."""
        return any(
            chain[-1] == "Protocol" and base is None for chain, base in self.resolver.bases(symbol)
        )

    def is_abstract(self, symbol: Symbol) -> bool:
        """Tell whether a class leaves something to its subclasses."""
        definition = self.definition(symbol)
        if definition is None or not isinstance(definition.node, ast.ClassDef):
            return False
        bases = [chain[-1] for chain, base in self.resolver.bases(symbol) if base is None]
        meta = [chain_of(one.value)[-1] for one in definition.node.keywords]
        return (
            bool({"ABC", "Protocol"} & set(bases))
            or "ABCMeta" in meta
            or any(_is_abstract(one) for one in self.members(symbol).values())
        )

    def contracts(self, symbol: Symbol) -> list[Symbol]:
        """Return the abstract classes and protocols that a class inherits from."""
        return [one for one in self.resolver.lineage(symbol)[1:] if self.is_abstract(one)]

    def shapes(self, symbol: Symbol) -> list[Symbol]:
        """Return the protocols that a class has all members of, without inheriting from them."""
        lineage = self.resolver.lineage(symbol)
        return [
            one
            for one, wanted in self.protocols().items()
            if one not in lineage and wanted and wanted <= self._names(symbol)
        ]

    def shaped(self, protocol: Symbol, without: str = "") -> list[Symbol]:
        """Return the classes that have all members of a protocol, without inheriting from it.

        `without` is a member that they may lack.
        """
        wanted = self.protocols().get(protocol, frozenset()) - {without}
        if not wanted:
            return []
        found = []
        for path in self.library.holding(*wanted):
            source = self.library.source(path)
            for name, one in source.definitions.items():
                symbol = Symbol(path, name)
                if one.kind == "class" and symbol != protocol and wanted <= self._names(symbol):
                    lineage = self.resolver.lineage(symbol)
                    found += [symbol] if protocol not in lineage else []
        return [one for one in found if not self.is_protocol(one)]

    def protocols(self) -> dict[Symbol, frozenset[str]]:
        """Return the protocols of the project with the names of their members."""
        if self._protocols is None:
            found = [
                Symbol(path, name)
                for path in self.library.holding("Protocol", "class")
                for name, one in self.library.source(path).definitions.items()
                if one.kind == "class" and self.is_protocol(Symbol(path, name))
            ]
            self._protocols = {one: frozenset(self._names(one)) for one in found}
        return self._protocols

    def below(self, symbol: Symbol) -> list[Symbol]:
        """Return the subclasses of a class and theirs, nearest first."""
        if symbol not in self._below:
            found = self._below[symbol] = []
            for one in [symbol]:
                found += self._direct(one)
            for one in found:
                found += [each for each in self._direct(one) if each not in found]
        return self._below[symbol]

    def overridden(self, symbol: Symbol) -> list[Symbol]:
        """Return the methods of bases and protocols that a method stands in for."""
        owner = Symbol(symbol.path, symbol.owner)
        if not self.is_class(owner) or symbol.last in {"__init__", "__new__"}:
            return []
        above = [*self.resolver.lineage(owner)[1:], *self.shapes(owner)]
        named = [Symbol(one.path, f"{one.name}.{symbol.last}") for one in above]
        return [one for one in dict.fromkeys(named) if self.definition(one) is not None]

    def overrides(self, symbol: Symbol) -> list[Symbol]:
        """Return the methods of subclasses that stand in for a method."""
        owner = Symbol(symbol.path, symbol.owner)
        if not self.is_class(owner):
            return []
        under = [*self.below(owner)]
        if owner in self.protocols():
            under += self.shaped(owner)
        named = [Symbol(one.path, f"{one.name}.{symbol.last}") for one in under]
        return [one for one in dict.fromkeys(named) if self.definition(one) is not None]

    def _direct(self, symbol: Symbol) -> Iterator[Symbol]:
        for path in self.importers.candidates(symbol, symbol.last):
            for name, one in self.library.source(path).definitions.items():
                if one.kind == "class" and any(
                    base == symbol for _, base in self.resolver.bases(Symbol(path, name))
                ):
                    yield Symbol(path, name)

    def _names(self, symbol: Symbol) -> frozenset[str]:
        """Return the public names that a class and the project's bases of it have."""
        return frozenset(
            name
            for one in self.resolver.lineage(symbol)
            for name in self.members(one)
            if not name.startswith("_") or name in {"__call__", "__enter__", "__aenter__"}
        )


def _is_abstract(definition: Definition) -> bool:
    return any(chain_of(one)[-1] in ABSTRACT for one in definition.decorators)
