"""Draws which files of a repository can execute which, and walks back from what changed."""

from __future__ import annotations

import heapq
import posixpath
import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from mcp_server.reach.reading import Source
from mcp_server.reach.resolution import PACKAGE, Names, ancestors

FAR = 1_000
"""What an edge to a whole folder counts, in imports: such a test hardly is about the change."""
HOME = ""
"""The folder that stands for everything in the repository."""
TESTING = re.compile(r"(?:^|_)test|tests?(?:\.py)?$|^t$|^conftest\.py$", re.IGNORECASE)
"""The names of files and folders that belong to tests."""


def is_for_tests(path: str) -> bool:
    """Tell whether a file belongs to tests, by its name or its folders."""
    return any(map(TESTING.search, path.split("/")))


class Graph:
    """Who can execute a file, or some file of a folder: edges from the executed to the other."""

    def __init__(self, tests: Container[str] = ()) -> None:
        self._tests = tests
        self._files: dict[str, set[str]] = defaultdict(set)
        self._folders: dict[str, set[str]] = defaultdict(set)
        self._untested: dict[str, set[str]] = defaultdict(set)

    def executes(self, path: str, others: Iterable[str]) -> None:
        """Say that `path` can execute the `others`."""
        for other in others:
            if other != path:
                self._files[other].add(path)

    def executes_any(self, path: str, folder: str) -> None:
        """Say that `path` can execute every file below a folder.

        What is no test's own looks for modules to load, and no test is among them.
        """
        chosen = self._folders if self.is_for_tests(path) else self._untested
        chosen[folder].add(path)

    def is_for_tests(self, path: str) -> bool:
        """Tell whether a file belongs to the tests, by its name or its folders."""
        return path in self._tests or is_for_tests(path)

    def reached(self, changed: Mapping[str, int]) -> dict[str, int]:
        """Return the files that can execute one of the `changed`, with their distances.

        The distances are in imports; each of the `changed` starts with its own.
        """
        found: dict[str, int] = {}
        entered: set[tuple[int, str]] = set()
        queue = [(distance, path) for path, distance in changed.items()]
        heapq.heapify(queue)
        while queue:
            distance, path = heapq.heappop(queue)
            if path in found:
                continue
            found[path] = distance
            for other in self._files.get(path, ()):
                if other not in found:
                    heapq.heappush(queue, (distance + 1, other))
            test = path in self._tests or posixpath.basename(path) == "conftest.py"
            kinds = (self._folders,) if test else (self._folders, self._untested)
            for kind, edges in enumerate(kinds):
                for folder in ancestors(posixpath.dirname(path)):
                    if (kind, folder) in entered:
                        break
                    entered.add((kind, folder))
                    for other in edges.get(folder, ()):
                        heapq.heappush(queue, (distance + FAR, other))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of a repository, and what stands elsewhere of them.

    `tests` are the test files, `spelled` the dotted names in files of other kinds, `scripts` the
    modules of the commands that it installs, `links` where links lead, by their own paths.
    """

    sources: Mapping[str, Source | None]
    names: Names
    tests: Container[str] = ()
    spelled: Iterable[str] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def draw(tree: Tree) -> Graph:
    """Return the graph of a repository's files; one that cannot be read may execute anything."""
    graph, names = Graph(tree.tests), tree.names
    spelled = [path for name in tree.spelled for path in names.module(name, rooted=True)]
    revisions = [one for one in names.folders if posixpath.basename(one) == "versions"]
    for path, source in tree.sources.items():
        above = (posixpath.join(one, PACKAGE) for one in ancestors(posixpath.dirname(path)))
        graph.executes(path, [one for one in above if one in names.paths])
        if path in tree.links:
            graph.executes(path, [tree.links[path]])
        if source is None:
            graph.executes_any(path, HOME)
            continue
        for one in source.imports:
            graph.executes(path, names.imported(one, path))
        _strings(graph, tree, path, source)
        _computed(graph, names, path, source)
        if source.loads:
            graph.executes(path, spelled)
        for folder in revisions if source.migrates else ():
            graph.executes_any(path, posixpath.dirname(folder))
    return graph


def _strings(graph: Graph, tree: Tree, path: str, source: Source) -> None:
    """Follow what stands in the strings of a file: modules, paths, the project's own commands."""
    names = tree.names
    for name in (*source.dotted, *source.words):
        _named(graph, names, path, name)
    for command in source.commands & tree.scripts.keys():
        graph.executes(path, names.module(tree.scripts[command], rooted=True))
    for file in source.files:
        graph.executes(path, names.file(file))
    for text in source.folders:
        # A single word with a slash is a folder for tests; elsewhere it is a route more often.
        if text.count("/") > 1 or not text.endswith("/") or graph.is_for_tests(path):
            for folder in names.folder(text):
                graph.executes_any(path, folder)
    for prefix in source.prefixes:
        for folder in names.package(prefix):
            graph.executes_any(path, folder)


def _named(graph: Graph, names: Names, path: str, name: str) -> None:
    """Follow a name in a string: what loads a package by its name looks for modules in it."""
    found = names.module(name, rooted=True)
    graph.executes(path, found)
    for one in found:
        folder, _, base = one.rpartition("/")
        whole = f"/{folder}".endswith("/" + name.replace(".", "/"))
        if base == "apps.py" or (base == PACKAGE and whole):
            graph.executes_any(path, folder)
    for folder in names.package(name):
        # A package without a file of its own; a single word has to be all of its path.
        if folder not in names.packages and ("." in name or folder in {name, f"src/{name}"}):
            graph.executes_any(path, folder)


def _computed(graph: Graph, names: Names, path: str, source: Source) -> None:
    """Follow what a file loads under names that it computes."""
    top = names.top(path)
    if source.lazy and posixpath.basename(path) == PACKAGE:
        graph.executes_any(path, posixpath.dirname(path))
    looks = source.lists or source.starts or source.programs
    if source.loads or (looks and graph.is_for_tests(path)):
        graph.executes_any(path, HOME)
    elif source.starts:
        graph.executes_any(path, top)
