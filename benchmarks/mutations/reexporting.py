"""Lets a file get what it imports from other packages through modules of its own project."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import Rewritten, Source
from benchmarks.mutations.imported import Import, attributes, drop, every_binding, foreign, uses
from benchmarks.mutations.scopes import expression, replace, statements

HELPER = "compat"


def reexporting(source: Source) -> Iterator[Rewritten]:
    """Yield the file with its foreign imports behind a module, a package, a star, an attribute.

    `import a.b` alone stays: what it binds is the package, not what the file means by it.
    """
    module = source.fresh(HELPER)
    tree = source.tree()
    held = [one for one in foreign(source, tree) if not one.plain and _is_read(tree, one)]
    if not held:
        return
    lines = "".join(_line(one, one.name) for one in held)
    aliased = "".join(_line(one, f"own_{one.name}") for one in held)
    names = ", ".join(one.name for one in held)
    renamed = ", ".join(f"own_{one.name} as {one.name}" for one in held)
    dotted = source.dotted(module)
    beside = source.beside(f"{module}.py")
    init, inner = source.beside(f"{module}/__init__.py"), source.beside(f"{module}/inner.py")
    bound = f"from {dotted} import {names}"
    yield _with(source, "re-export: own module", bound, {beside: lines})
    other = f"from {dotted} import {renamed}"
    yield _with(source, "re-export: another name", other, {beside: aliased})
    yield _with(source, "re-export: star", f"from {dotted} import *", {beside: lines})
    package = {init: f"from {dotted}.inner import {names}\n", inner: lines}
    yield _with(source, "re-export: package in two hops", bound, package)
    package = {init: f"from .inner import {renamed}\n", inner: aliased}
    yield _with(source, "re-export: package, relative", bound, package)
    package = {init: "from .inner import *\n", inner: lines}
    yield _with(source, "re-export: package, star", bound, package)
    if source.package:
        relative = f"from .{module} import {names}"
        yield _with(source, "re-export: relative", relative, {beside: lines})
    yield from _by_attribute(source, module, lines)
    yield from _by_assignment(source, module)


def _is_read(tree: ast.Module, one: Import) -> bool:
    return bool(uses(tree, one.name)) and not one.name.startswith("_")


def _line(one: Import, name: str) -> str:
    if one.attribute:
        return f"from {one.module} import {one.attribute} as {name}\n"
    return f"import {one.module} as {name}\n"


def _with(source: Source, label: str, line: str, others: dict[str, str]) -> Rewritten:
    tree = source.tree()
    at = 0
    for one in foreign(source, tree):
        if not one.plain and _is_read(tree, one):
            at = drop(tree, one)
    tree.body[at:at] = statements(line)
    return Rewritten(label, tree, others)


def _by_attribute(source: Source, module: str, lines: str) -> Iterator[Rewritten]:
    """Yield `compat.decode` of an imported module of the project."""
    forms = {
        "re-export: attribute of a module": (f"from {source.package} import {module}", module),
        "re-export: attribute of a dotted module": (
            f"import {source.dotted(module)}",
            source.dotted(module),
        ),
        "re-export: attribute of a renamed module": (
            f"import {source.dotted(module)} as own",
            "own",
        ),
    }
    for label, (line, prefix) in forms.items():
        if not source.package or (prefix == "own" and "own" in source.words):
            continue
        tree = source.tree()
        if prefix.partition(".")[0] in set(every_binding(tree)):
            # `app.compat` is read as long as nothing else is called `app`.
            continue
        at = 0
        for one in foreign(source, tree):
            if not one.plain and _is_read(tree, one):
                nodes = set(uses(tree, one.name))
                full = f"{prefix}.{one.name}"
                replace(tree, lambda node, n=nodes, f=full: expression(f) if node in n else None)  # type: ignore[misc]
                at = drop(tree, one)
        tree.body[at:at] = statements(line)
        yield Rewritten(label, tree, {source.beside(f"{module}.py"): lines})


def _by_assignment(source: Source, module: str) -> Iterator[Rewritten]:
    """Yield `decode = jwt.decode` in a module of the project, and the file that imports it."""
    tree = source.tree()
    lines: list[str] = []
    at = 0
    for one in foreign(source, tree):
        read = attributes(tree, one) if not one.attribute and not one.plain else None
        if not read:
            continue
        nodes = set(read)
        replace(
            tree,
            lambda node, n=nodes: ast.Name(f"own_{node.attr}") if node in n else None,  # type: ignore[misc]
        )
        at = drop(tree, one)
        lines.append(_line(one, one.name))
        for each in sorted({node.attr for node in read}):
            lines.append(f"own_{each} = {one.name}.{each}\n")
            line = f"from {source.dotted(module)} import own_{each}"
            tree.body[at:at] = statements(line)
    if lines:
        others = {source.beside(f"{module}.py"): "".join(lines)}
        yield Rewritten("re-export: assignment in a module", tree, others)
