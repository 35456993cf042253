"""Finds the files that import a file, by the folders at which the project's imports begin."""

from __future__ import annotations

import posixpath
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial

from mcp_server.code_map.library import Library
from mcp_server.code_map.records import Binding, Symbol
from mcp_server.reach.imports import statements

STAR = b"import *"
MOST_HOLDING = 40
"""In how many files an attribute's name may stand so that all of them are looked at."""


class Importers:
    """The imports of a library, read file by file from their texts and turned round once."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._of: dict[str, set[str]] | None = None

    def distances(self, paths: Iterable[str]) -> dict[str, int]:
        """Return the files that get to one of the paths, with how many imports that takes."""
        turned = self._turned()
        found = dict.fromkeys(paths, 0)
        queue = deque(found)
        while queue:
            path = queue.popleft()
            for one in turned.get(path, ()):
                if one not in found:
                    found[one] = found[path] + 1
                    queue.append(one)
        return {path: distance for path, distance in found.items() if distance}

    def direct(self, path: str) -> set[str]:
        """Return the files that import a file."""
        return self._turned().get(path, set())

    def candidates(self, symbol: Symbol, name: str) -> Iterator[str]:
        """Yield the files in which a name can mean a symbol, tests last.

        A module's own names are seen by whoever imports the module, or a file that imports it and
        passes them on; attributes by anybody, but where so many files have the name that most mean
        another thing these are looked at, too.
        """
        holding = list(self.library.holding(name))
        if symbol.owner and len(holding) <= MOST_HOLDING:
            yield from holding
            return
        near = {symbol.path}
        queue = [symbol.path]
        for path in queue:
            for one in self.direct(path) - near:
                near.add(one)
                if self._passes_on(one, name, first=path == symbol.path):
                    queue.append(one)
        stem = posixpath.basename(symbol.path.removesuffix("/__init__.py")).removesuffix(".py")
        spelled = f"{stem}.{name}".encode()
        for path in holding:
            if path in near or (not symbol.owner and spelled in self.library.contents[path]):
                yield path

    def _passes_on(self, path: str, name: str, *, first: bool) -> bool:
        """Tell whether a file may offer a name that it imports."""
        if first and path.endswith("__init__.py"):
            return True
        named = name.encode() in self.library.words.get(path, ())
        return named or STAR in self.library.contents.get(path, b"")

    def _turned(self) -> dict[str, set[str]]:
        """Return for each file those that import it."""
        if self._of is None:
            self._of = {}
            for path, content in self.library.contents.items():
                for one in self._imported(path, content):
                    self._of.setdefault(one, set()).add(path)
        return self._of

    def _imported(self, path: str, content: bytes) -> set[str]:
        """Return the files whose names a file imports, not the packages on the way."""
        found: set[str] = set()
        module = partial(self.library.module, importer=path)
        for one in statements(content.decode("utf-8", "replace")):
            if not one.names:
                found.add(module(Binding(one.module, "", one.level)) or "")
                continue
            package = None
            for name in one.names:
                dotted = f"{one.module}.{name}" if one.module else name
                inner = None if name == "*" else module(Binding(dotted, "", one.level))
                if inner is None and package is None:
                    package = module(Binding(one.module, "", one.level)) or ""
                found.add(inner or package or "")
        return found - {"", path}
