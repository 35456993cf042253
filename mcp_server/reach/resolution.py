"""Finds the files of a repository that a name in the code can stand for, on any search path."""

from __future__ import annotations

import posixpath
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from mcp_server.reach.imports import Import

PACKAGE = "__init__.py"
SUFFIXES = (".py", ".pyw", ".pyx")


class Names:
    """The Python files of a repository by every name under which they could be imported.

    What lies on `sys.path` is not known, so `a.b` is each file whose path ends in `a/b.py` or
    `a/b/__init__.py`.
    """

    def __init__(self, paths: Iterable[str], links: Mapping[str, str] | None = None) -> None:
        self.paths = frozenset(paths)
        self.folders: dict[str, list[str]] = defaultdict(list)
        self.packages: set[str] = set()
        self._by_name: dict[str, list[str]] = defaultdict(list)
        self._by_base: dict[str, list[str]] = defaultdict(list)
        self._folder_names: dict[str, list[str]] = defaultdict(list)
        self._known: dict[tuple[str, bool], tuple[str, ...]] = {}
        for path in sorted(self.paths):
            folder, _, base = path.rpartition("/")
            self.folders[folder].append(path)
            self._by_base[base].append(path)
            if base == PACKAGE:
                self.packages.add(folder)
            for name in suffixes(_stem(path)):
                self._by_name[name].append(path)
        every = {above for folder in self.folders for above in ancestors(folder)}
        for folder in sorted(every - {""}):
            for name in suffixes(folder):
                self._folder_names[name].append(folder)
        self._links = dict(links or {})
        for link, target in self._links.items():
            self._link(link, target)

    def _link(self, link: str, target: str) -> None:
        """Give what lies in a folder also the names that it has through a link."""
        for path in [one for one in self.paths if one.startswith(f"{target}/")]:
            for name in suffixes(_stem(link + path.removeprefix(target))):
                if path not in self._by_name[name]:
                    self._by_name[name].append(path)
        for name in suffixes(link):
            self._folder_names[name].append(target)

    def module(self, name: str, *, rooted: bool = False) -> tuple[str, ...]:
        """Return the files that importing a dotted name could execute, its packages included.

        `rooted` names are those in strings: of one word, only what lies outside of packages.
        """
        key = (name, rooted)
        if key not in self._known:
            self._known[key] = tuple(dict.fromkeys(self._module(name, rooted=rooted)))
        return self._known[key]

    def _module(self, name: str, *, rooted: bool) -> Iterator[str]:
        parts = name.split(".")
        standard = parts[0] in sys.stdlib_module_names
        for end in range(1, len(parts) + 1):
            found = self._by_name.get(".".join(parts[:end]), ())
            if not (standard or (rooted and end == 1)):
                yield from found
                continue
            for path in found:
                # The standard library is found first, but for what lies beside a script.
                if self._anchor(path, end) not in self.packages:
                    yield path

    def _anchor(self, path: str, depth: int) -> str:
        stem = _stem(path)
        parts = stem.split("/")
        return "/".join(parts[: len(parts) - depth])

    def package(self, name: str) -> tuple[str, ...]:
        """Return the folders of packages, namespaces too, that a dotted name could stand for."""
        return tuple(self._folder_names.get(name, ()))

    def imported(self, one: Import, path: str) -> Iterator[str]:
        """Yield the files that an import in the file `path` could execute."""
        if one.level:
            for place in (path, *self._elsewhere(path)):
                yield from self._relative(one, place)
            return
        yield from self.module(one.module)
        for name in one.names:
            if name == "*":
                for folder in self.package(one.module):
                    yield from self._children(folder)
            else:
                yield from self.module(f"{one.module}.{name}")

    def _elsewhere(self, path: str) -> Iterator[str]:
        """Yield the places at which links show a file, too."""
        for link, target in self._links.items():
            if path == target or path.startswith(f"{target}/"):
                yield link + path.removeprefix(target)

    def _relative(self, one: Import, path: str) -> Iterator[str]:
        folder = posixpath.dirname(path)
        for _ in range(one.level - 1):
            folder = posixpath.dirname(folder)
        yield from self._at(folder)
        for part in filter(None, one.module.split(".")):
            folder = f"{folder}/{part}" if folder else part
            yield from self._at(folder)
        for name in one.names:
            if name == "*":
                yield from self._children(folder)
            else:
                yield from self._at(f"{folder}/{name}" if folder else name)

    def _at(self, place: str) -> Iterator[str]:
        for path in (*(f"{place}{suffix}" for suffix in SUFFIXES), posixpath.join(place, PACKAGE)):
            if path in self.paths:
                yield path

    def _children(self, folder: str) -> Iterator[str]:
        yield from self.folders.get(folder, ())
        inside = f"{folder}/" if folder else ""
        for package in self.packages:
            if posixpath.dirname(package) == folder and package.startswith(inside):
                yield f"{package}/{PACKAGE}"

    def file(self, text: str) -> Iterator[str]:
        """Yield the files that a path in a string could lead to, from any folder."""
        parts = [one for one in text.strip().split("/") if one not in {"", ".", ".."}]
        if parts:
            yield from self._by_base.get(parts[-1], ())

    def folder(self, text: str) -> tuple[str, ...]:
        """Return the folders that a path in a string could lead to, from any folder."""
        parts = [one for one in text.split("/") if one not in {"", ".", ".."}]
        return tuple(self._folder_names.get(".".join(parts), ()))

    def top(self, path: str) -> str:
        """Return the outermost package that a file is in, "" where it is in none."""
        folder, found = posixpath.dirname(path), ""
        while folder and folder in self.packages:
            folder, found = posixpath.dirname(folder), folder
        return found


def ancestors(folder: str) -> Iterator[str]:
    """Yield a folder, those that it lies in, and "" for the root."""
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def suffixes(path: str) -> Iterator[str]:
    """Yield the dotted names that the end of a path without its suffix spells."""
    name = ""
    for part in reversed(path.split("/")):
        if not part:
            return
        name = f"{part}.{name}" if name else part
        yield name


def _stem(path: str) -> str:
    stem = path.removesuffix(f"/{PACKAGE}")
    return next((stem.removesuffix(one) for one in SUFFIXES if stem.endswith(one)), stem)
