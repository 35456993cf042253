"""Says what a module's name means: its own, an imported one, or one that is passed on."""

from __future__ import annotations

from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Binding, Symbol

MOST_IMPORTS = 100
"""How many files are looked into for what one name means."""


class Names:
    """Follows imports through a library. None stands for what is not the project's."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._named: dict[Symbol, Symbol | None] = {}

    def named(self, path: str, name: str) -> Symbol | None:
        """Return what a name of a module means, None where it comes from outside."""
        key = Symbol(path, name)
        if key not in self._named:
            self._named[key] = self._find(key, set())
        return self._named[key]

    def bound(self, path: str, binding: Binding) -> Symbol | None:
        """Return what an import in a file binds its name to."""
        return self._bound(path, binding, set())

    def _find(self, key: Symbol, seen: set[Symbol]) -> Symbol | None:
        """Follow a name; `seen` are those on the way, which imports in a circle lead to again."""
        if key in seen or len(seen) > MOST_IMPORTS:
            return None
        seen.add(key)
        path, name = key
        source = self.library.source(path)
        if name in source.definitions:
            return key
        if name in source.bindings:
            return self._bound(path, source.bindings[name], seen)
        for star in source.stars if not name.startswith("_") else ():
            origin = self.library.module(star, path)
            found = self._find(Symbol(origin, name), seen) if origin else None
            if found is not None:
                return found
        inner = self.library.submodule(path, name)
        return None if inner is None else Symbol(inner, "")

    def _bound(self, path: str, binding: Binding, seen: set[Symbol]) -> Symbol | None:
        origin = self.library.module(binding, path)
        if not binding.name:
            # `import a.b` binds `a`, which can be a folder without a file.
            return Symbol(origin, "") if origin is not None else None
        if origin is not None:
            found = self._find(Symbol(origin, binding.name), seen)
            if found is not None:
                return found
        dotted = f"{binding.module}.{binding.name}" if binding.module else binding.name
        inner = self.library.module(Binding(dotted, "", binding.level), path)
        return Symbol(inner, "") if inner else None
