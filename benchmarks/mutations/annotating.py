"""Writes annotations in the other ways that say the same of a value."""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Callable, Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source
from benchmarks.mutations.scopes import header, parents, statements
from benchmarks.mutations.walking import walk

Change = Callable[[ast.expr], ast.expr]


def annotating(source: Source) -> Iterator[Rewritten]:
    """Yield the file with annotations quoted, annotated further, optional, and by other names."""
    yield from _each(source, "annotation: quoted", lambda one: ast.Constant(ast.unparse(one)))
    yield from _each(
        source,
        "annotation: Annotated",
        lambda one: _subscript("Annotated", ast.Tuple([one, ast.Constant("said")], ast.Load())),
        needed="from typing import Annotated",
    )
    yield from _each(source, "annotation: or None", _or_none, optional=True)
    yield from _each(
        source,
        "annotation: Optional",
        lambda one: _subscript("Optional", one),
        needed="from typing import Optional",
        optional=True,
    )
    yield from _aliases(source)
    yield from _return_types(source)


def _subscript(name: str, inner: ast.expr) -> ast.expr:
    return ast.Subscript(ast.Name(name), inner, ast.Load())


def _or_none(one: ast.expr) -> ast.expr:
    return ast.BinOp(one, ast.BitOr(), ast.Constant(None))


def _sites(tree: ast.Module, *, optional: bool) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """Yield the annotations of parameters and of fields that are names.

    Optional only where the framework does not choose by the class what to give, so not in
    decorated functions, and where it says nothing of what must be given: a field that may be
    None has a default in pydantic 1. Names in a class's own body or in a function may not be
    found when an annotation is looked up later, so only those of the module and of its classes.
    """
    up = parents(tree)
    for one in walk(tree):
        if not isinstance(one, ast.arg | ast.AnnAssign) or one.annotation is None:
            continue
        if not isinstance(one.annotation, ast.Name | ast.Attribute | ast.Subscript):
            continue
        text = ast.unparse(one.annotation)
        if text.startswith(("ClassVar", "Final", "Annotated", "Literal", "typing.", "Mapped")):
            continue
        if text in {"None", "InitVar", "TypeAlias"}:
            continue
        function = up[up[one]] if isinstance(one, ast.arg) else None
        if isinstance(one, ast.arg) and not isinstance(function, FUNCTIONS):
            continue
        if optional and not isinstance(one, ast.arg):
            continue
        served = isinstance(function, FUNCTIONS) and bool(function.decorator_list)
        if (optional and served) or not _at_module(up, function or one):
            continue
        yield one, "annotation", one.annotation


def _at_module(up: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    parent = up[node]
    if isinstance(parent, ast.ClassDef):
        return _at_module(up, parent)
    return isinstance(parent, ast.Module)


def _each(
    source: Source, label: str, change: Change, *, needed: str = "", optional: bool = False
) -> Iterator[Rewritten]:
    tree = source.tree()
    held = list(_sites(tree, optional=optional))
    for one, name, annotation in held:
        setattr(one, name, change(annotation))
    word = needed.rpartition(" ")[2]
    if not held or (word and word in source.words and f"import {word}" not in source.text):
        return
    at = header(tree)
    tree.body[at:at] = statements(needed)
    yield Rewritten(label, tree)


def _aliases(source: Source) -> Iterator[Rewritten]:
    """Yield `Name = Class` after the imports, and the annotations by it.

    For classes that are imported or builtin; the project's own may not be defined by then.
    """
    for typed in (False, True):
        tree = source.tree()
        known = set(dir(builtins))
        for each in tree.body:
            if isinstance(each, ast.Import | ast.ImportFrom):
                known |= {name.asname or name.name.partition(".")[0] for name in each.names}
        made: dict[str, str] = {}
        for one, name, annotation in list(_sites(tree, optional=False)):
            names = [each.id for each in walk(annotation) if isinstance(each, ast.Name)]
            if not set(names) <= known:
                continue
            text = ast.unparse(annotation)
            made.setdefault(text, source.fresh(f"Kind{len(made)}"))
            setattr(one, name, ast.Name(made[text]))
        if not made:
            return
        at = _last_import(tree)
        form = "{0}: TypeAlias = {1}" if typed else "{0} = {1}"
        lines = [form.format(new, text) for text, new in made.items()]
        if typed and "TypeAlias" in source.words:
            return
        first = ["from typing import TypeAlias"] if typed else []
        tree.body[at:at] = statements("\n".join(first + lines))
        yield Rewritten(f"annotation: {'TypeAlias' if typed else 'another name'}", tree)


def _last_import(tree: ast.Module) -> int:
    places = [
        at for at, one in enumerate(tree.body) if isinstance(one, ast.Import | ast.ImportFrom)
    ]
    return max([header(tree), *(at + 1 for at in places)])


def _return_types(source: Source) -> Iterator[Rewritten]:
    """Yield what functions return quoted."""
    tree = source.tree()
    done = False
    for one in walk(tree):
        if isinstance(one, FUNCTIONS) and one.returns and not isinstance(one.returns, ast.Constant):
            one.returns = ast.Constant(ast.unparse(copy.deepcopy(one.returns)))
            done = True
    if done:
        yield Rewritten("annotation: quoted returns", tree)
