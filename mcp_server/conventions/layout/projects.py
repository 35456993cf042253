"""Finds the Python projects below a folder, by their marker files and what workspaces declare."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mcp_server.conventions.files.reading import read_inside
from mcp_server.conventions.layout.tree import Tree, list_tree
from mcp_server.conventions.layout.workspaces import declared_members

MARKERS = frozenset({"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "requirements.txt"})
WEAK = frozenset({"requirements.txt", "environment.yml", "environment.yaml", "pixi.toml"})
"""Files that also stand beside a project's documentation and build scripts."""
# Folders whose projects are material, not members: samples, fixtures, what others wrote.
FOREIGN = frozenset(
    "node_modules venv env build dist site-packages __pycache__ docs doc examples example "
    "samples sample tests test testing fixtures testdata template templates vendor third_party "
    "downstream benchmarks target".split()
)
MAX_DEPTH = 5
"""How many folders below the root a project may lie that no workspace declares."""
MOST_PROJECTS = 1000
"""How many folders with a marker are looked at, the nearest first; real trees have some 100."""
DISTRIBUTED = re.compile(
    r"^[ \t]*(?:\[[ \t]*)?(?:project|build-system|tool[ \t]*\.[ \t]*poetry)[ \t]*[.\]=]",
    re.MULTILINE,
)
"""What makes a pyproject.toml a project of its own rather than the settings of some tools."""
STATED = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*([\w-]+)", re.MULTILINE)
MANAGERS = frozenset("uv poetry pdm hatch pixi rye".split())
PROSE = frozenset("typos codespell towncrier commitizen bumpversion".split())
"""Tables that say nothing about how the code beside them is verified."""
SETUP = re.compile(r"^[ \t]*(?:[\w.]+\.)?setup[ \t]*\(", re.MULTILINE)
SCRIPTS = frozenset("scripts script tools bin ci hooks .github dev docker infra".split())
"""Folders whose modules are run by people and make no project of the folder they lie in."""


def find_projects(root: Path, tree: Tree | None = None) -> tuple[Path, ...]:
    """Return the project folders, at most `MOST_PROJECTS`, the root first where it is one.

    `tree` is what `list_tree(root)` returned, where the caller has it. A folder without a marker
    is a project where it is the root, holds Python files and nothing below it is a project.
    """
    tree = list_tree(root) if tree is None else tree
    names = tree.by_folder()
    candidates = [
        folder
        for folder, inside in names.items()
        if not _is_material(folder) and not (MARKERS | WEAK).isdisjoint(inside)
    ]
    del candidates[MOST_PROJECTS:]
    manifests = {
        one: read_inside(root, posixpath.join(one, "pyproject.toml")) or ""
        for one in candidates
        if "pyproject.toml" in names[one]
    }
    declared = {
        one
        for folder, text in manifests.items()
        for one in declared_members(folder, text, manifests)
    }
    python = _with_python(names)
    found: dict[str, None] = {}
    for folder in sorted(candidates, key=lambda one: one.split("/") if one else []):
        here = _Candidate(root, folder, names, manifests, inside=_is_below(folder, found))
        if folder in declared or here.is_project(holds_python=folder in python):
            found[folder] = None
    if "" in found and len(found) > 1 and _only_manages(names, manifests.get("", ""), found):
        del found[""]
    if not found and (is_marked(root) or "" in python):
        return (root,)
    return tuple(root / folder if folder else root for folder in found)


def is_marked(folder: Path) -> bool:
    """Tell whether a folder says itself that it is a project."""
    return any((folder / name).is_file() for name in MARKERS)


def _is_material(folder: str) -> bool:
    """Tell whether a folder lies where samples, fixtures and templates do."""
    return any(
        part in FOREIGN or part.startswith((".", "{{")) or "{%" in part
        for part in (folder.split("/") if folder else ())
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A folder with a marker; `inside` says that it lies in a project."""

    root: Path
    folder: str
    names: Mapping[str, list[str]]
    manifests: Mapping[str, str]
    inside: bool = field(kw_only=True)

    def is_project(self, *, holds_python: bool) -> bool:
        """Tell whether the folder is a project, by what lies in it and above it."""
        marked = (MARKERS | WEAK).intersection(self.names[self.folder])
        if not self.folder:
            return bool(marked & MARKERS)
        if self.folder.count("/") >= MAX_DEPTH or self._in_package():
            return False
        strong = {name for name in marked - WEAK if self._counts(name)}
        return bool(strong) or (not self.inside and holds_python and bool(marked & WEAK))

    def _counts(self, name: str) -> bool:
        """Tell whether a marker is what its name says."""
        if name == "pyproject.toml":
            return not self.inside or bool(DISTRIBUTED.search(self.manifests[self.folder]))
        if name == "setup.py":
            text = read_inside(self.root, f"{self.folder}/setup.py") or ""
            return not text.strip() or bool(SETUP.search(text))
        if name == "setup.cfg" and self.inside:
            text = read_inside(self.root, f"{self.folder}/setup.cfg") or ""
            return "[metadata]" in text or "[options]" in text
        return True

    def _in_package(self) -> bool:
        """Tell whether the folder lies in a package, whose files are its code or its data."""
        if "__init__.py" in self.names[self.folder] and self.folder not in self.manifests:
            return True
        return any("__init__.py" in self.names[one] for one in _above(self.folder) if one)


def _only_manages(names: Mapping[str, list[str]], text: str, found: Mapping[str, None]) -> bool:
    """Tell whether the root is only the place from which the other projects are managed."""
    stated = set(STATED.findall(text))
    if not stated & MANAGERS or stated - MANAGERS - PROSE or DISTRIBUTED.search(text):
        return False
    if set(names[""]) & (MARKERS - {"pyproject.toml"}):
        return False
    return not any(
        _python(inside) and folder.partition("/")[0] not in SCRIPTS
        for folder, inside in names.items()
        if folder not in found and not any(one in found for one in _above(folder) if one)
    )


def _with_python(names: Mapping[str, list[str]]) -> frozenset[str]:
    """Return the folders that hold Python files, themselves or below them."""
    found: set[str] = set()
    for folder, inside in names.items():
        if _python(inside):
            for one in (folder, *_above(folder)):
                if one in found:
                    break
                found.add(one)
    return frozenset(found)


def _above(folder: str) -> Iterator[str]:
    """Yield the folders above one, "" last."""
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def _is_below(folder: str, found: Mapping[str, None]) -> bool:
    return any(one in found for one in _above(folder))


def _python(inside: list[str]) -> bool:
    return any(name.endswith(".py") for name in inside)
