"""Brings a justfile together with what it imports and the modules that it names."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mcp_server.conventions.just.expressions import Token
from mcp_server.conventions.just.syntax import Recipe, parse_justfile
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.commands import task_text

FILES = ("justfile", "Justfile", "JUSTFILE", ".justfile")
SYSTEMS = frozenset("android dragonfly freebsd linux macos netbsd openbsd unix windows".split())
OWN_SYSTEMS = frozenset({"unix", "macos" if sys.platform == "darwin" else "linux"})
MAX_FILES = 40
"""How many files one justfile may bring in."""


@dataclass(slots=True)
class Module:
    """A justfile with what it imports; each recipe with the file that it stands in."""

    path: str
    recipes: dict[str, tuple[Recipe, str]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, int]] = field(default_factory=dict)
    variables: dict[str, Sequence[Token]] = field(default_factory=dict)
    exported: set[str] = field(default_factory=set)
    settings: dict[str, Sequence[Token]] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The folder that the module's recipes run in."""
        return posixpath.dirname(self.path) or "."


def find_justfile(place: Place, folder: str) -> Module | None:
    """Return the justfile of a folder, relative to the root, with all that it brings in."""
    loader = _Loader(place)
    return next(loader.load([posixpath.join(folder, name) for name in FILES]), None)


class _Loader:
    """Reads files of one justfile, each of them once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._loaded: set[str] = set()

    def load(self, names: Sequence[str]) -> Iterator[Module]:
        """Yield the first of the files that is there and new."""
        for name in names:
            path = posixpath.normpath(name)
            text = None if path in self._loaded else task_text(self._place, path)
            if text is not None and len(self._loaded) < MAX_FILES:
                self._loaded.add(path)
                yield self._module(path, text)
                return

    def _module(self, path: str, text: str) -> Module:
        stated = parse_justfile(text)
        module = Module(
            path,
            {one.name: (one, path) for one in stated.recipes if _is_for_this_system(one)},
            stated.aliases,
            stated.variables,
            stated.exported,
            stated.settings,
        )
        for name in stated.imports:
            for imported in self.load([posixpath.join(module.folder, name)]):
                _import(module, imported)
        for name, place in stated.modules.items():
            for inner in self.load(_candidates(module.folder, name, place)):
                module.modules[name] = inner
        return module


def _import(module: Module, imported: Module) -> None:
    """Add what is imported, behind what the importing file states itself."""
    module.exported |= imported.exported
    for name, recipe in imported.recipes.items():
        module.recipes.setdefault(name, recipe)
    for name, alias in imported.aliases.items():
        module.aliases.setdefault(name, alias)
    for name, value in imported.variables.items():
        module.variables.setdefault(name, value)
    for name, value in imported.settings.items():
        module.settings.setdefault(name, value)
    for name, inner in imported.modules.items():
        module.modules.setdefault(name, inner)


def _candidates(folder: str, name: str, stated: str | None) -> list[str]:
    """Return the files in which just looks for a module."""
    if stated is None:
        folders = [f"{folder}/{name}"]
        files = [f"{folder}/{name}.just"]
    elif stated.endswith(".just") or posixpath.basename(stated) in FILES:
        return [posixpath.join(folder, stated)]
    else:
        folders, files = [posixpath.join(folder, stated)], []
    return files + [f"{one}/{file}" for one in folders for file in ("mod.just", *FILES)]


def _is_for_this_system(recipe: Recipe) -> bool:
    systems = SYSTEMS.intersection(recipe.attributes)
    return not systems or bool(systems & OWN_SYSTEMS)
