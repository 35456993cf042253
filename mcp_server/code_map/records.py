"""The records of what one Python file defines, imports and uses."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import NamedTuple

CALLED, ITEM, UNNAMED = "()", "[]", "?"
"""What stands in a chain for a call, for a subscript, and for an expression without a name."""


class Symbol(NamedTuple):
    """Something that a file defines by its qualified name, "" for the module itself."""

    path: str
    name: str

    @property
    def last(self) -> str:
        """The name without its class."""
        return self.name.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """The qualified name of the class that holds it, "" for a module's own."""
        return self.name.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Binding:
    """What an import binds a name to: a module, or a name in one; `level` counts the dots."""

    module: str
    name: str = ""
    level: int = 0
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Local:
    """What is known of a variable: its annotation, what it was assigned, or what it imports."""

    annotation: ast.expr | None = None
    value: ast.expr | None = None
    imported: Binding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A class, a function, a method, or a value that a module or a class assigns."""

    name: str
    kind: str
    line: int
    node: ast.stmt
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    """What a value is annotated with, or what a function is said to return."""
    others: list[ast.stmt] = field(default_factory=list)
    """Further statements that define the same name: overloads, setters, other branches."""

    @property
    def decorators(self) -> list[ast.expr]:
        """The decorators of a class or a function."""
        return getattr(self.node, "decorator_list", [])


@dataclass(frozen=True, slots=True)
class Use:
    """A name with the attributes taken of it, and the definition in which that stands."""

    scope: str
    chain: tuple[str, ...]
    line: int
    text: bool = False
    """Whether it is a text that spells a dotted path."""
    keyword: bool = False
    """Whether the last name is a keyword of the call of what stands before it."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a chain of names touches; `loose` are attributes of what has no known type.

    `last` is what the whole chain comes to, also a variable's class; None for what is foreign.
    """

    symbols: tuple[Symbol, ...] = ()
    loose: tuple[str, ...] = ()
    last: Symbol | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """A call that hands on a route: `path("orders/", views.orders)`, `include_router(router)`."""

    word: str
    text: str
    handler: tuple[str, ...]
    scope: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file, taken apart.

    `locals` maps a function to its variables, `attributes` a class to what its methods assign to
    `self`, each with the function. `texts` are those that can be a name, with the scope and the
    line of the first.
    """

    path: str
    definitions: dict[str, Definition] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    stars: list[Binding] = field(default_factory=list)
    modules: list[Binding] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    keywords: list[Use] = field(default_factory=list)
    texts: dict[str, tuple[str, int]] = field(default_factory=dict)
    locals: dict[str, dict[str, Local]] = field(default_factory=dict)
    attributes: dict[str, dict[str, tuple[str, Local]]] = field(default_factory=dict)
    registrations: list[Registration] = field(default_factory=list)
    imports: dict[str, Binding] = field(default_factory=dict)
    error: str = ""
