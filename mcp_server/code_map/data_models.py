"""Recognises the classes that describe data: tables of an ORM, and pydantic's models."""

from __future__ import annotations

import ast
from collections.abc import Callable

from mcp_server.code_map.chains import chain_of, text_of
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Definition, Symbol
from mcp_server.code_map.resolve import Resolver

COLUMNS = frozenset({"Column", "mapped_column", "Mapped"})
DJANGO = ("Field", "ForeignKey", "OneToOneField", "ManyToManyField")
STORED = frozenset({"sqlalchemy", "sqlmodel", "django"})
TABLE = frozenset({"__tablename__", "__table_args__", "__table__"})


class DataModels:
    """Looks at the classes of a library as models of data; `below` gives a class's subclasses."""

    def __init__(
        self, library: Library, resolver: Resolver, below: Callable[[Symbol], list[Symbol]]
    ) -> None:
        self._below = below
        self.library, self.resolver = library, resolver
        self._sqlmodel: bool | None = None

    def kind(self, symbol: Symbol) -> str:
        """Return whose model a class is: sqlalchemy, sqlmodel, django, pydantic, "" for none."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        if definition is None or definition.kind != "class":
            return ""
        lineage = self.resolver.lineage(symbol)
        foreign = self.resolver.foreign(symbol)
        if "SQLModel" in foreign:
            return "sqlmodel" if any(map(self._is_table, lineage)) else "pydantic"
        if any(self._maps(one) for one in lineage):
            return "sqlalchemy"
        if self._is_django(lineage):
            return "django"
        return "pydantic" if "BaseModel" in foreign else ""

    def table(self, symbol: Symbol) -> str:
        """Return the table that a model says it is kept in."""
        for one in self.resolver.lineage(symbol):
            held = self.library.source(one.path).definitions.get(f"{one.name}.__tablename__")
            if held is not None and (text := text_of(held.value)):
                return text
        return ""

    def tables(self, symbol: Symbol) -> list[Symbol]:
        """Return the class where a table goes with it, else its subclasses that have tables.

        SQLModel's columns are inherited from classes without a table.
        """
        if self.kind(symbol) in STORED:
            return [symbol]
        if self._sqlmodel is None:
            self._sqlmodel = any(self.library.holding("SQLModel", "table"))
        if not self._sqlmodel or not self.resolver.is_class(symbol):
            return []
        return [one for one in self._below(symbol) if self.kind(one) == "sqlmodel"]

    def is_column(self, owner: Symbol, definition: Definition) -> bool:
        """Tell whether a value of a stored model is part of its table."""
        last = definition.name.rpartition(".")[2]
        if last in TABLE:
            return True
        if definition.kind != "value" or last.startswith("__"):
            return False
        words = _words(definition)
        if "relationship" in words or "Relationship" in words or "ClassVar" in words:
            return False
        kind = self.kind(owner)
        if kind == "django":
            return any(one.endswith(DJANGO) for one in words)
        if kind == "sqlmodel":
            return definition.annotation is not None
        return not COLUMNS.isdisjoint(words)

    def _is_table(self, symbol: Symbol) -> bool:
        node = self.library.source(symbol.path).definitions[symbol.name].node
        return isinstance(node, ast.ClassDef) and any(
            one.arg == "table" and isinstance(one.value, ast.Constant) and one.value.value is True
            for one in node.keywords
        )

    def _maps(self, symbol: Symbol) -> bool:
        """Tell whether a class itself names a table or has columns of SQLAlchemy."""
        source, prefix = self.library.source(symbol.path), f"{symbol.name}."
        return any(
            name.removeprefix(prefix) in TABLE or not COLUMNS.isdisjoint(_words(one))
            for name, one in source.definitions.items()
            if name.startswith(prefix) and one.kind == "value"
        )

    def _is_django(self, lineage: list[Symbol]) -> bool:
        for one in lineage:
            for chain, base in self.resolver.bases(one):
                if base is not None or chain[-1] != "Model":
                    continue
                binding = self.library.source(one.path).bindings.get(chain[0])
                if binding is not None and "django" in binding.module.split("."):
                    return True
        return False


def _words(definition: Definition) -> set[str]:
    """Return the names in the value and the annotation of a definition."""
    parts = [one for one in (definition.value, definition.annotation) if one is not None]
    found: set[str] = set()
    for part in parts:
        if isinstance(part, ast.Call | ast.Attribute | ast.Name | ast.Subscript):
            found.update(chain_of(part))
        if isinstance(part, ast.Subscript):
            found.update(one.id for one in ast.walk(part.slice) if isinstance(one, ast.Name))
    return found
