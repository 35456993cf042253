"""Says of which class of the project a value is: by annotations, assignments and calls."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterable

from mcp_server.code_map.chains import chain_of
from mcp_server.code_map.library import Library
from mcp_server.code_map.names import Names
from mcp_server.code_map.records import CALLED, UNNAMED, Local, Meaning, Symbol

DEEPEST = 12
"""How many annotations and assignments are followed one after the other."""
WRAPPERS = frozenset(
    "Optional Annotated Type type Final ClassVar Mapped Required NotRequired Awaitable ReadOnly "
    "Iterator AsyncIterator Generator AsyncGenerator Iterable".split()
)
"""Annotations whose first argument is what the value is, or what is taken from it."""
ANYTHING = frozenset({"Any", "Self", "object"})
LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Dict, ast.Set)
UNKNOWN = Symbol("?", "?")
"""What is of the project or not: nobody can tell by reading."""


class Kinds(Names, ABC):
    """Knows the classes of values. None stands for a foreign one, UNKNOWN for any."""

    def __init__(self, library: Library) -> None:
        super().__init__(library)
        self._types: dict[Symbol, Symbol | None] = {}

    @abstractmethod
    def follow(self, path: str, scope: str, chain: tuple[str, ...], depth: int = 0) -> Meaning:
        """Return what a chain means in a definition of a file."""

    def type_of(self, symbol: Symbol, depth: int = 0) -> Symbol | None:
        """Return the class of a value, or of what a function returns; classes are their own."""
        if symbol not in self._types:
            # Whoever asks again on the way, in a circle of assignments, is told nothing.
            self._types[symbol] = UNKNOWN
            try:
                self._types[symbol] = self._type_of(symbol, depth)
            except RecursionError:
                # A chain of assignments so long is nobody's; whoever asked first goes on.
                return UNKNOWN
        return self._types[symbol]

    def is_class(self, symbol: Symbol) -> bool:
        """Tell whether a symbol is a class of the project."""
        definition = self.library.source(symbol.path).definitions.get(symbol.name)
        return definition is not None and definition.kind == "class"

    def of_local(self, path: str, scope: str, known: Local, depth: int) -> Symbol | None:
        """Return the class of a variable."""
        if depth > DEEPEST:
            return UNKNOWN
        if known.annotation is not None:
            return self._annotated(path, scope, known.annotation, depth + 1)
        if known.value is None:
            return UNKNOWN
        return self._valued(path, scope, known.value, depth + 1)

    def _type_of(self, symbol: Symbol, depth: int) -> Symbol | None:
        source = self.library.source(symbol.path)
        definition = source.definitions.get(symbol.name)
        if definition is None:
            held = source.attributes.get(symbol.owner, {})
            scope, known = held.get(symbol.last, ("", Local()))
            return self.of_local(symbol.path, scope, known, depth)
        if definition.kind == "class":
            return symbol
        if definition.kind == "function":
            known = Local(definition.annotation)
        else:
            known = Local(definition.annotation, definition.value)
        return self.of_local(symbol.path, symbol.owner, known, depth)

    def _valued(self, path: str, scope: str, value: ast.expr, depth: int) -> Symbol | None:
        """Return the class of what an expression gives."""
        if isinstance(value, LITERALS):
            return None
        if not isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.Await):
            return UNKNOWN
        chain = chain_of(value)
        if chain[0] == UNNAMED:
            return UNKNOWN
        if isinstance(value, ast.Call) and value.args and self._is_cast(path, chain):
            return self._annotated(path, scope, value.args[0], depth + 1)
        last = self.follow(path, scope, chain, depth + 1).last
        return last if last is None or last == UNKNOWN else self.type_of(last, depth + 1)

    def _is_cast(self, path: str, chain: tuple[str, ...]) -> bool:
        binding = self.library.source(path).bindings.get(chain[0])
        return (
            chain[-2:] == ("cast", CALLED)
            and binding is not None
            and binding.module in {"typing", "typing_extensions"}
        )

    def _annotated(self, path: str, scope: str, annotation: ast.expr, depth: int) -> Symbol | None:
        """Return the class that an annotation names."""
        if depth > DEEPEST:
            return UNKNOWN
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            try:
                annotation = ast.parse(annotation.value, mode="eval").body
            except SyntaxError:
                return UNKNOWN
        if isinstance(annotation, ast.BinOp):
            sides = (annotation.left, annotation.right)
            return _first(self._annotated(path, scope, one, depth + 1) for one in sides)
        if isinstance(annotation, ast.Subscript):
            inner = annotation.value
            if chain_of(inner)[-1] in WRAPPERS:
                inner = annotation.slice
                inner = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            return self._annotated(path, scope, inner, depth + 1)
        if isinstance(annotation, ast.Name | ast.Attribute):
            return self._of_name(path, chain_of(annotation), depth)
        return None

    def _of_name(self, path: str, chain: tuple[str, ...], depth: int) -> Symbol | None:
        """Return the class that a name in an annotation means, which can be another's name."""
        last = self.follow(path, "", chain, depth + 1).last
        if last is None:
            return UNKNOWN if chain[-1] in ANYTHING else None
        if last == UNKNOWN or self.is_class(last):
            return last
        definition = self.library.source(last.path).definitions.get(last.name)
        if definition is None or definition.value is None:
            return UNKNOWN
        # An alias: `Session = Annotated[AsyncSession, Depends(session)]`.
        return self._annotated(last.path, "", definition.value, depth + 1)


def _first(kinds: Iterable[Symbol | None]) -> Symbol | None:
    found = list(kinds)
    known = [one for one in found if one is not None and one != UNKNOWN]
    return known[0] if known else UNKNOWN if UNKNOWN in found else None
