"""Holds one parsed Python file, and answers where a node of it stands."""

from __future__ import annotations

import ast
import posixpath
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

from mcp_server.semantic.binders import Binding
from mcp_server.semantic.bindings import Bindings
from mcp_server.semantic.scopes import holds_names, scopes
from mcp_server.semantic.tree import Tree, children

if TYPE_CHECKING:
    # A module is always one of a program, which makes it.
    from mcp_server.semantic.program import Program

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Node = TypeVar("Node", bound=ast.AST)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
SCRIPTS = frozenset("scripts script tools bin examples example docs docs_src benchmarks".split())
"""Folders whose files are run by hand, once."""
SCRIPT_FILES = frozenset({"setup.py", "noxfile.py"})


class Module:
    """One file of a program: `path` is relative to the program's root, with `/`."""

    def __init__(self, program: Program, path: str, content: bytes, root: ast.Module) -> None:
        self.program = program
        self.path = path
        self.content = content
        self.tree = Tree(root)
        self.cache: dict[Any, Any] = {}
        """What was found out about this module."""
        self.answers: defaultdict[str, dict[Any, Any]] = defaultdict(dict)
        """What was found out about its nodes, by the question."""
        self.rough = 0
        """How many answers were not kept, see `Questions`."""

    def nodes(self, kind: type[Node]) -> list[Node]:
        """Return all nodes of one kind, in the order of the source."""
        return cast("list[Node]", self.tree.by_kind.get(kind, []))

    def functions(self) -> Iterator[Function]:
        """Yield all functions and methods, nested ones too."""
        yield from self.nodes(ast.FunctionDef)
        yield from self.nodes(ast.AsyncFunctionDef)

    @cached_property
    def bindings(self) -> Bindings:
        """What the names of every scope are bound to."""
        return Bindings(self.tree)

    @property
    def names(self) -> dict[str, list[Binding]]:
        """The names of the module itself."""
        return self.bindings.scopes.get(self.tree.root, {})

    @property
    def is_test(self) -> bool:
        """Whether the file belongs to the tests."""
        return self.program.library.is_test(self.path)

    @cached_property
    def is_script(self) -> bool:
        """Whether the file is run by hand, and no part of the service."""
        folders = set(posixpath.dirname(self.path).split("/"))
        return bool(folders & SCRIPTS) or posixpath.basename(self.path) in SCRIPT_FILES

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that holds this one."""
        return self.tree.parents.get(node)

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes that hold this one, innermost first."""
        return (parent for parent, _ in self.tree.above(node))

    def scopes(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the scopes in which a name at a node is looked up, innermost first."""
        return scopes(self.tree, node)

    def function(self, node: ast.AST) -> Function | ast.Lambda | None:
        """Return the function that runs a node, None for the module's or a class's own code."""
        for parent, child in self.tree.above(node):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                if holds_names(parent, child):
                    return parent
            elif isinstance(parent, ast.ClassDef) and isinstance(child, ast.stmt):
                return None
        return None

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the class whose body or method a node stands in."""
        return next((one for one in self.above(node) if isinstance(one, ast.ClassDef)), None)

    def in_async(self, node: ast.AST) -> bool:
        """Tell whether the function that runs a node is a coroutine."""
        return isinstance(self.function(node), ast.AsyncFunctionDef)

    def tries(self, node: ast.AST) -> Iterator[ast.Try | ast.TryStar]:
        """Yield the `try`s whose handlers would catch what a node raises, within its function."""
        for parent, child in self.tree.above(node):
            if isinstance(parent, ast.Try | ast.TryStar) and child in parent.body:
                yield parent
            if isinstance(parent, SCOPES) and holds_names(parent, child):
                return

    def within(self, node: ast.AST, kind: type[Node]) -> Iterator[Node]:
        """Yield the nodes of a kind that a node's own scope runs, so none of nested functions."""
        waiting = [node]
        while waiting:
            one = waiting.pop()
            if isinstance(one, kind):
                yield one
            if one is node or not isinstance(one, SCOPES):
                waiting += reversed(children(one))
