"""Puts other code, comments and blank lines around what a file holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import Rewritten, Source, decorators
from benchmarks.mutations.scopes import after_imports, header, is_future, statements

BEFORE = '''
import dataclasses
SPARE_LIMIT = 3
@dataclasses.dataclass
class SpareRecord:
    """Has nothing to do with the rest."""
    label: str
    weight: int = 1
def spare_count(values):
    total = 0
    for value in values:
        total += 1
    return total
'''
AFTER = """
class SpareQueue:
    def __init__(self):
        self.waiting = []
    def push(self, item):
        self.waiting.append(item)
def spare_pairs(left, right):
    try:
        return list(zip(left, right))
    except TypeError:
        raise ValueError("not pairs") from None
"""


def layout(source: Source) -> Iterator[Rewritten]:
    """Yield the file with more in it, none of which concerns it."""
    if not any(one.lower().startswith("spare") for one in source.words):
        for label, before, after in (
            ("before", BEFORE, ""),
            ("after", "", AFTER),
            ("around", BEFORE, AFTER),
        ):
            tree = source.tree()
            at = after_imports(tree)
            tree.body += statements(after)
            tree.body[at:at] = statements(before)
            yield Rewritten(f"layout: other code {label}", tree)
    yield from _comments(source)
    yield from _headers(source)


def _comments(source: Source) -> Iterator[Rewritten]:
    """Yield comments and blank lines between the module's statements."""
    tree = source.tree()
    spaced: list[str] = []
    lines: list[int] = []
    for one in tree.body:
        spaced += ["", "# What follows is described elsewhere.", "", ""]
        offset = len(spaced) + 1 - _first_line(one)
        held = [line for line in source.lines if _first_line(one) <= line <= (one.end_lineno or 0)]
        lines += [line + offset for line in held]
        spaced += source.text.splitlines()[_first_line(one) - 1 : one.end_lineno]
    text = "\n".join(spaced) + "\n"
    try:
        same = ast.dump(ast.parse(text)) == ast.dump(ast.parse(source.text))
    except SyntaxError:
        # Two statements of one line.
        return
    if same:
        yield Rewritten("layout: comments and blank lines", text, lines=frozenset(lines))
    windows = source.text.replace("\n", "\r\n")
    yield Rewritten("layout: line ends of Windows", windows)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(one.lineno for one in decorators(node))])


def _headers(source: Source) -> Iterator[Rewritten]:
    """Yield a docstring, and annotations that nobody computes."""
    tree = source.tree()
    if header(tree) == 0:
        tree.body[0:0] = statements('"""Says what the module is for."""')
        yield Rewritten("layout: docstring", tree)
    tree = source.tree()
    if not any(map(is_future, tree.body)) and not source.is_test:
        at = header(tree)
        tree.body[at:at] = statements("from __future__ import annotations")
        yield Rewritten("layout: annotations from the future", tree)
