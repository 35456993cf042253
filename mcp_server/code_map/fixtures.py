"""Follows pytest's fixtures by name: from a fixture to the tests and fixtures that ask for it."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

from mcp_server.code_map.chains import chain_of, keyword, text_of
from mcp_server.code_map.library import Library, below
from mcp_server.code_map.records import CALLED, Definition, Source, Symbol
from mcp_server.code_map.references import Usage

REQUESTING = frozenset({"usefixtures", "getfixturevalue"})
ASKING = frozenset(one.encode() for one in REQUESTING)
DECORATORS = frozenset({"fixture", "async_fixture"})
MOST_ASKING = 120
"""How many files that name a fixture are read; of more all tests count."""


class Fixtures:
    """Looks at the fixtures of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def name(self, symbol: Symbol) -> str | None:
        """Return the name by which a function is asked for as a fixture, None for no fixture."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        decorator = None if definition is None else _decorator(definition)
        if decorator is None:
            return None
        stated = keyword(decorator, "name") if isinstance(decorator, ast.Call) else None
        return text_of(stated) or symbol.last

    def is_autouse(self, symbol: Symbol) -> bool:
        """Tell whether every test in its scope uses a fixture."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        decorator = None if definition is None else _decorator(definition)
        stated = keyword(decorator, "autouse") if isinstance(decorator, ast.Call) else None
        return isinstance(stated, ast.Constant) and stated.value is True

    def is_everywhere(self, symbol: Symbol) -> bool:
        """Tell whether so many files name a fixture that all tests in its scope count."""
        holding = self.library.holding(self.name(symbol) or symbol.last)
        return sum(self.reaches(symbol, path) for path in holding) > MOST_ASKING

    def users(self, symbol: Symbol) -> Iterator[Usage]:
        """Yield the functions that ask for a fixture, and whose nearest one of the name it is."""
        name = self.name(symbol)
        if name is None:
            return
        for path in self.library.holding(name):
            if not self.reaches(symbol, path):
                continue
            source = self.library.source(path)
            deep = not self.library.words[path].isdisjoint(ASKING)
            for definition in source.definitions.values():
                if definition.kind == "function" and (path, definition.name) != symbol:
                    line = _asks(definition, name, deep=deep)
                    own = definition.name.rpartition(".")[2] == name and self.name(
                        Symbol(path, definition.name)
                    )
                    if line and (own or not self._shadowed(symbol, name, source, definition)):
                        yield Usage(path, line, definition.name)
            line = _marked(source, name) if deep else 0
            if line and not self._shadowed(symbol, name, source, None):
                yield Usage(path, line, "")

    def scope(self, symbol: Symbol) -> str:
        """Return the folder or file whose tests can ask for a fixture."""
        folder, file = posixpath.split(symbol.path)
        if file == "conftest.py":
            return folder or "."
        if _is_collected(symbol.path):
            return symbol.path
        # A module of fixtures counts for all tests around it, whoever imports it.
        while folder and posixpath.basename(folder) not in {"tests", "test"}:
            folder = posixpath.dirname(folder)
        return folder or "."

    def reaches(self, symbol: Symbol, path: str) -> bool:
        """Tell whether tests in a file can ask for a fixture."""
        scope = self.scope(symbol)
        return path == scope or below(path, scope)

    def _shadowed(
        self, symbol: Symbol, name: str, source: Source, definition: Definition | None
    ) -> bool:
        """Tell whether a nearer fixture of the same name is meant."""
        if source.path == symbol.path:
            return False
        if definition is not None and self._defines(source, name):
            return True
        folder, end = posixpath.dirname(source.path), posixpath.dirname(symbol.path)
        while folder != end and folder:
            conftest = f"{folder}/conftest.py"
            if (
                conftest != source.path
                and name.encode() in self.library.words.get(conftest, ())
                and self._defines(self.library.source(conftest), name)
            ):
                return True
            folder = posixpath.dirname(folder)
        return False

    def _defines(self, source: Source, name: str) -> bool:
        return any(
            self.name(Symbol(source.path, one.name)) == name
            for one in source.definitions.values()
            if one.kind == "function"
        )


def _decorator(definition: Definition) -> ast.expr | None:
    for one in definition.decorators:
        chain = tuple(part for part in chain_of(one) if part != CALLED)
        if chain[-1] in DECORATORS and chain[0] in {"pytest", "pytest_asyncio", *DECORATORS}:
            return one
    return None


def _asks(definition: Definition, name: str, *, deep: bool) -> int:
    """Return the line in which a function asks for a fixture, 0 where it does not."""
    node = definition.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return 0
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    last = definition.name.rpartition(".")[2]
    if last.startswith("test") or _decorator(definition) is not None:
        for one in arguments:
            if one.arg == name:
                return one.lineno
    for part in (*definition.decorators, *node.body) if deep else ():
        for call in ast.walk(part):
            if line := _requests(call, name):
                return line
    return 0


def _requests(node: ast.AST, name: str) -> int:
    """Return the line of a call that asks for a fixture by its name, 0 for any other node."""
    if not isinstance(node, ast.Call) or chain_of(node.func)[-1] not in REQUESTING:
        return 0
    return node.lineno if any(text_of(one) == name for one in node.args) else 0


def _marked(source: Source, name: str) -> int:
    """Return the line in which a module or a class asks for a fixture for all of its tests."""
    for one in source.definitions.values():
        parts = one.decorators if one.kind == "class" else []
        value = one.value if one.name.rpartition(".")[2] == "pytestmark" else None
        for part in (*parts, *([value] if value is not None else [])):
            for call in ast.walk(part):
                if line := _requests(call, name):
                    return line
    return 0


def _is_collected(path: str) -> bool:
    name = posixpath.basename(path)
    return name.startswith("test_") or name.endswith("_test.py") or name == "tests.py"
