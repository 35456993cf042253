"""Finds the settings and environment variables that a piece of code reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.code_map.chains import chain_of, keyword, text_of
from mcp_server.code_map.library import Library
from mcp_server.code_map.records import CALLED, Definition, Symbol
from mcp_server.code_map.resolve import Resolver

READERS = frozenset({"getenv", "getenvb"})
OF_ENVIRON = frozenset({"get", "setdefault", "pop"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that code reads: its name, and the field that declares it."""

    name: str
    field: Symbol | None
    reader: Symbol
    line: int


class SettingsReads:
    """Looks for what functions read of their surroundings."""

    def __init__(self, library: Library, resolver: Resolver) -> None:
        self.library, self.resolver = library, resolver

    def of(self, symbol: Symbol) -> Iterator[Setting]:
        """Yield what a function, a class or a value reads, in the order of the lines."""
        source = self.library.source(symbol.path)
        definition = source.definitions.get(symbol.name)
        if definition is None:
            return
        for name, line in _environment(definition.node):
            yield Setting(name, None, symbol, line)
        inside = f"{symbol.name}."
        for use in source.uses:
            if use.scope != symbol.name and not use.scope.startswith(inside):
                continue
            if use.chain[0] == "settings" and len(use.chain) > 1 and use.chain[1].isupper():
                yield Setting(use.chain[1], None, symbol, use.line)
                continue
            for touched in self.resolver.meaning(symbol.path, use).symbols:
                owner = Symbol(touched.path, touched.owner)
                if touched.owner and self.is_settings(owner):
                    held = self.library.source(touched.path).definitions.get(touched.name)
                    if held is not None and held.kind == "value":
                        yield Setting(self._variable(touched, held), touched, symbol, use.line)

    def is_settings(self, symbol: Symbol) -> bool:
        """Tell whether a class reads its fields from the environment."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        if definition is None or definition.kind != "class":
            return False
        return bool({"BaseSettings", "EnvSettings"} & self.resolver.foreign(symbol))

    def _variable(self, field: Symbol, definition: Definition) -> str:
        """Return the environment variable that a field of settings is read from."""
        value = definition.value
        if isinstance(value, ast.Call):
            alias = keyword(value, "validation_alias", "alias", "env")
            if text := text_of(alias):
                return text
        prefix = ""
        for one in self.resolver.lineage(Symbol(field.path, field.owner)):
            held = self.library.source(one.path).definitions.get(f"{one.name}.model_config")
            if held is not None and isinstance(held.value, ast.Call):
                prefix = text_of(keyword(held.value, "env_prefix")) or ""
                break
        return f"{prefix}{field.last}".upper()


def _environment(node: ast.AST) -> Iterator[tuple[str, int]]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and one.args:
            chain = tuple(part for part in chain_of(one.func) if part != CALLED)
            of_environ = len(chain) > 1 and chain[-2] == "environ" and chain[-1] in OF_ENVIRON
            if of_environ or chain[-1] in READERS:
                yield text_of(one.args[0]) or "(computed)", one.lineno
        elif (
            isinstance(one, ast.Subscript)
            and isinstance(one.ctx, ast.Load)
            and chain_of(one.value)[-1] == "environ"
        ):
            yield text_of(one.slice) or "(computed)", one.lineno
