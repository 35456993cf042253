"""Holds an example as files, and the one file of it that a mutation rewrites as a tree."""

from __future__ import annotations

import ast
import posixpath
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.mutations.walking import walk

FIRST = "app/main.py"
FILE = re.compile(r"^# file: (?P<path>\S+)\n", re.MULTILINE)
Place = tuple[str, int]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
SCOPES = (*FUNCTIONS, ast.Lambda, ast.ClassDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
COLLECTED = re.compile(r"(^|/)(tests?/|conftest\.py$|test_[^/]*\.py$)")


@dataclass(frozen=True, slots=True)
class Example:
    """Files by their paths, and where the violations stand that a rule finds in them."""

    files: Mapping[str, str]
    found: frozenset[Place] = frozenset()

    def python(self) -> Iterator[str]:
        """Yield the paths of its Python files."""
        return (one for one in self.files if one.endswith(".py"))

    def main(self) -> str:
        """Return the file with most of the violations, the first of equals."""
        held = [path for path, _ in self.found]
        return max(self.python(), key=held.count)


@dataclass(frozen=True, slots=True)
class Variation:
    """An example written in another way; `label` says how."""

    label: str
    example: Example


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a mutation makes of one file: its tree or its text, and the files beside it."""

    label: str
    tree: ast.Module | str
    others: Mapping[str, str] = field(default_factory=dict)
    lines: frozenset[int] | None = None
    """Where the violations stand in a text; None where they did not move."""


class Source:
    """One file of an example. Each call of `tree` gives a tree of one's own to change.

    The statements in which a violation stands carry it as an attribute, `found`, wherever they
    are moved.
    """

    def __init__(self, example: Example, path: str) -> None:
        self.example = example
        self.path = path
        self.text = example.files[path]
        self.lines = frozenset(line for file, line in example.found if file == path)

    def tree(self) -> ast.Module:
        """Return a tree of the file to change."""
        tree = ast.parse(self.text)
        for line in self.lines:
            statement = innermost(tree, line)
            if statement is not None:
                setattr(statement, "found", True)  # noqa: B010 - no field of a node
        return tree

    @property
    def package(self) -> str:
        """The package that the file lies in, "" for none."""
        return posixpath.dirname(self.path).removeprefix("src/").replace("/", ".")

    def beside(self, name: str) -> str:
        """Return the path of another file in the same folder."""
        return posixpath.join(posixpath.dirname(self.path), name)

    def dotted(self, module: str) -> str:
        """Return the name by which a module in the same folder is imported."""
        return f"{self.package}.{module}" if self.package else module

    @cached_property
    def is_test(self) -> bool:
        """Whether pytest collects the file, so that its names are looked up by others."""
        return bool(COLLECTED.search(self.path))

    @cached_property
    def words(self) -> frozenset[str]:
        """All names and attributes of all files, which a new name must not be."""
        texts = " ".join(self.example.files.values())
        return frozenset(re.findall(r"\w+", texts))

    def fresh(self, wish: str) -> str:
        """Return a name that stands nowhere in the example."""
        while wish in self.words:
            wish += "_"
        return wish

    def apply(self, done: Rewritten) -> Variation | None:
        """Return the variation, None where the text would not be the tree again.

        `ast.unparse` of Python 3.11 cannot write some f-strings.
        """
        text, lines = written(done.tree, self.lines if done.lines is None else done.lines)
        if text is None or text.strip() == self.text.strip():
            return None
        files = {**self.example.files, **done.others, self.path: text}
        kept = {place for place in self.example.found if place[0] != self.path}
        return Variation(
            done.label, Example(files, frozenset(kept | {(self.path, one) for one in lines}))
        )


def example(text: str, found: frozenset[Place] = frozenset()) -> Example:
    """Read an example: one file, `app/main.py`; a line `# file: PATH` begins another."""
    parts = FILE.split(textwrap.dedent(text))
    files = {FIRST: parts[0]} if parts[0].strip() else {}
    return Example(files | dict(zip(parts[1::2], parts[2::2], strict=True)), found)


def written(tree: ast.Module | str, lines: frozenset[int]) -> tuple[str | None, frozenset[int]]:
    """Return the text of a tree, and where the violations stand in it."""
    if isinstance(tree, str):
        return tree, lines
    ast.fix_missing_locations(tree)
    text = ast.unparse(tree) + "\n"
    try:
        again = ast.parse(text)
    except SyntaxError:
        return None, lines
    held = set()
    for before, after in zip(walk(tree), walk(again), strict=False):
        if type(before) is not type(after):
            return None, lines
        if getattr(before, "found", False) and isinstance(after, ast.stmt):
            held.add(after.lineno)
    return text, frozenset(held)


def innermost(tree: ast.Module, line: int) -> ast.stmt | None:
    """Return the smallest statement that stands on a line."""
    best: ast.stmt | None = None
    for node in walk(tree):
        if isinstance(node, ast.stmt):
            first = min([node.lineno, *(one.lineno for one in decorators(node))])
            if first <= line <= (node.end_lineno or node.lineno):
                best = node
    return best


def keep_found(before: ast.AST, after: ast.AST) -> None:
    """Let a statement carry the violation of the one that it takes the place of."""
    if getattr(before, "found", False):
        setattr(after, "found", True)  # noqa: B010 - no field of a node, and no other name for it


def decorators(node: ast.AST) -> list[ast.expr]:
    """Return the decorators of a definition."""
    return getattr(node, "decorator_list", [])
