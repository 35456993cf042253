"""Holds the modules of a project, each parsed once and only when something asks for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cached_property

from mcp_server.code_map.collector import uncollected
from mcp_server.code_map.library import LONGEST_FILE, Library
from mcp_server.code_map.records import Binding as Imported
from mcp_server.code_map.syntax import parse
from mcp_server.repository import Conventions
from mcp_server.semantic.known import CANONICAL, MADE
from mcp_server.semantic.module import Module
from mcp_server.semantic.questions import Questions

PACKAGES = sys.stdlib_module_names | {one.partition(".")[0] for one in (*CANONICAL, *MADE)}
"""Packages that a file of the project is hardly meant to hide."""


class Program:
    """The Python files of a project as modules; `library` knows its folders and its tests.

    One thread at a time asks a program.
    """

    def __init__(self, library: Library, conventions: Conventions) -> None:
        self.library = library
        self.conventions = conventions
        self.questions = Questions()
        self._modules: dict[str, Module | None] = {}
        self.unread: dict[str, str] = {}
        """The files that were asked for and cannot be parsed, with the reason."""

    def module(self, path: str) -> Module | None:
        """Return a file as a module, None where it is not there or cannot be parsed."""
        if path not in self._modules:
            self._modules[path] = self._parsed(path)
        return self._modules[path]

    def modules(self, paths: Iterable[str]) -> Iterator[Module]:
        """Yield the files that can be parsed, in order."""
        for path in paths:
            found = self.module(path)
            if found is not None:
                yield found

    def imported(self, module: Module, binding: Imported) -> str | None:
        """Return the file that an import means, None for a folder and for what is foreign."""
        path = self.library.module(binding, module.path)
        if path is None or binding.level or not self._is_neighbour(path, binding.module):
            return path
        # `app/redis.py` is the library for none of its neighbours, unless it is a script.
        first = binding.module.partition(".")[0]
        project = self.library.project(module.path)
        foreign = PACKAGES | (project.settings.dependencies if project else frozenset())
        return None if path == module.path or first in foreign else path

    def _is_neighbour(self, path: str, dotted: str) -> bool:
        """Tell whether a file has a name only for those who lie in the same folder."""
        return dotted not in self.library.names(path)

    def is_folder(self, dotted: str) -> bool:
        """Tell whether a name is that of a package without a file of its own."""
        return dotted in self._folders

    @cached_property
    def _folders(self) -> frozenset[str]:
        """The dotted names of the folders that hold Python files."""
        found: set[str] = set()
        for path in self.library.contents:
            for name in self.library.names(path):
                outer = name.rpartition(".")[0]
                while outer and outer not in found:
                    found.add(outer)
                    outer = outer.rpartition(".")[0]
        return frozenset(found)

    def _unread(self, path: str, content: bytes) -> str | None:
        """Return why what was read of a file is not all of it, None where it is."""
        if len(content) >= LONGEST_FILE:
            return f"it is longer than {LONGEST_FILE:,} bytes"
        if content:
            return None
        try:
            empty = (self.library.root / path).stat().st_size == 0
        except FileNotFoundError:
            # Gone since it was listed.
            empty = True
        except OSError:
            empty = False
        return None if empty else "it cannot be read, or leads out of the folder"

    def _parsed(self, path: str) -> Module | None:
        content = self.library.contents.get(path)
        if content is None:
            return None
        if (unread := self._unread(path, content)) is not None:
            self.unread[path] = unread
            return None
        with uncollected():
            tree = parse(content)
            if not isinstance(tree, SyntaxError):
                return Module(self, path, content, tree)
        self.unread[path] = f"line {tree.lineno or 1}: {tree.msg}"
        return None


def read_program(conventions: Conventions) -> Program:
    """Return the program of the projects in and below the folder that was read."""
    return Program(Library(conventions), conventions)
