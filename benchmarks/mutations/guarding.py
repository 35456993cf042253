"""Puts imports under `try`, under a question of the version, and under TYPE_CHECKING."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.imported import alone, drop, foreign, uses
from benchmarks.mutations.scopes import header, is_future, noted, parents, statements
from benchmarks.mutations.walking import walk


def guarding(source: Source) -> Iterator[Rewritten]:
    """Yield the file with its imports of other packages guarded."""
    yield from _guarded(source)
    yield from _for_types_only(source)


def _guarded(source: Source) -> Iterator[Rewritten]:
    """Yield the imports of other packages under `try` and under a question of the version."""
    forms = {
        "import: try": "try:\n    pass\nexcept ImportError:\n    {0} = None",
        "import: try, and raise": (
            "try:\n    pass\nexcept ImportError as missing:\n    raise SystemExit(1) from missing"
        ),
        "import: by version": "if sys.version_info >= (3, 8):\n    pass\nelse:\n    {0} = None",
    }
    for label, form in forms.items():
        tree = source.tree()
        held = foreign(source, tree)
        for one in held:
            if one.name == "sys":
                continue
            (guard,) = statements(form.format(one.name))
            assert isinstance(guard, ast.Try | ast.If)
            guard.body = [alone(one)]
            keep_found(one.statement, guard.body[0])
            tree.body.insert(drop(tree, one), guard)
        if "sys." in form and held:
            tree.body[header(tree) : header(tree)] = statements("import sys")
        if held:
            yield Rewritten(label, tree)


def _for_types_only(source: Source) -> Iterator[Rewritten]:
    """Yield imports under TYPE_CHECKING whose names only annotations of plain functions read.

    Decorated functions and those that are handed on may be asked for their annotations when they
    run, by FastAPI or pytest; so may the bodies of classes, by pydantic.
    """
    tree = source.tree()
    allowed: set[ast.AST] = set()
    for one in walk(tree):
        if isinstance(one, FUNCTIONS) and not one.decorator_list and not _handed_on(tree, one.name):
            allowed |= noted(one)
    allowed -= {
        each
        for one in walk(tree)
        if isinstance(one, FUNCTIONS) and one.decorator_list
        for each in noted(one)
    }
    moved = [
        one
        for one in foreign(source, tree)
        if not getattr(one.statement, "found", False)
        and (read := uses(tree, one.name))
        and all(each in allowed for each in read)
    ]
    if not moved:
        return
    block = statements("if TYPE_CHECKING:\n    pass")[0]
    assert isinstance(block, ast.If)
    block.body = []
    for each in moved:
        drop(tree, each)
        block.body.append(alone(each))
    at = header(tree)
    late = statements("from __future__ import annotations")
    tree.body[at:at] = [
        *([] if any(map(is_future, tree.body)) else late),
        *statements("from typing import TYPE_CHECKING"),
        block,
    ]
    yield Rewritten("import: for types only", tree)


def _handed_on(tree: ast.Module, name: str) -> bool:
    up = parents(tree)
    return any(
        not (isinstance(up[one], ast.Call) and up[one].func is one)  # type: ignore[attr-defined]
        for one in uses(tree, name)
    )
