"""Gives calls the same arguments in other ways: unpacked, or through `partial`."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source
from benchmarks.mutations.imported import every_binding
from benchmarks.mutations.naming import callables
from benchmarks.mutations.scopes import (
    after_imports,
    dotted,
    noted,
    owner,
    parents,
    statements,
)
from benchmarks.mutations.walking import walk


def calling(source: Source) -> Iterator[Rewritten]:
    """Yield the file with what its calls are given given otherwise."""
    yield from _unpacked(source)
    yield from _unpacked_name(source)
    yield from _partial(source, inline=True)
    yield from _partial(source, inline=False)


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    notes = noted(tree)
    for one in walk(tree):
        if isinstance(one, ast.Call) and one not in notes:
            yield one


def _named(call: ast.Call) -> list[ast.keyword]:
    """Return the keywords, none where some are unpacked already: their order would change."""
    return call.keywords if all(one.arg for one in call.keywords) else []


def _unpacked(source: Source) -> Iterator[Rewritten]:
    """Yield keywords as `**{"key": value}` and as `**dict(key=value)`."""
    for label in ("dict display", "dict call"):
        tree = source.tree()
        done = False
        for call in list(_calls(tree)):
            held = _named(call)
            if not held or dotted(call.func) == "dict":
                continue
            made: ast.expr = (
                ast.Dict([ast.Constant(one.arg) for one in held], [one.value for one in held])
                if label == "dict display"
                else ast.Call(ast.Name("dict"), [], held)
            )
            call.keywords = [ast.keyword(None, made)]
            done = True
        if done and "dict" not in set(every_binding(tree)):
            yield Rewritten(f"keywords: {label}", tree)


def _unpacked_name(source: Source) -> Iterator[Rewritten]:
    """Yield keywords as `**OPTIONS`, of the module or of another one, where they are constants."""
    for place in ("the module", "another module", "the function"):
        tree = source.tree()
        up = parents(tree)
        lines: list[str] = []
        for call in list(_calls(tree)):
            held = [one for one in _named(call) if _is_constant(one.value)]
            if not held or dotted(call.func) == "dict":
                continue
            name = source.fresh(f"OPTIONS_{len(lines)}")
            made = ast.Dict([ast.Constant(one.arg) for one in held], [one.value for one in held])
            function = owner(up, call)
            if place == "the function":
                if not isinstance(function, FUNCTIONS):
                    continue
                name = name.lower()
                function.body[0:0] = statements(f"{name} = {ast.unparse(made)}")
            lines.append(f"{name} = {ast.unparse(made)}")
            call.keywords = [one for one in call.keywords if one not in held]
            call.keywords.append(ast.keyword(None, ast.Name(name)))
        if not lines:
            continue
        others = {}
        at = after_imports(tree)
        if place == "the module":
            tree.body[at:at] = statements("\n".join(lines))
        elif place == "another module":
            module = source.fresh("options")
            names = ", ".join(line.partition(" ")[0] for line in lines)
            others[source.beside(f"{module}.py")] = "\n".join(lines) + "\n"
            tree.body[at:at] = statements(f"from {source.dotted(module)} import {names}")
        yield Rewritten(f"keywords: named in {place}", tree, others)


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.List | ast.Tuple):
        return all(map(_is_constant, node.elts))
    if isinstance(node, ast.Dict):
        return all(one is not None and _is_constant(one) for one in (*node.keys, *node.values))
    return isinstance(node, ast.Constant)


def _partial(source: Source, *, inline: bool) -> Iterator[Rewritten]:
    """Yield calls of what is imported as calls of a `partial` of it.

    In line it holds all arguments but the first; by a name in the module it holds the constant
    ones, since others may be known only where the call is. `raise X(...)` and decorators read
    like what they are, and stay; so does what the bodies of classes call, since who reads a model
    or a dataclass without running it must see the specifier of a field (PEP 681).
    """
    tree = source.tree()
    up = parents(tree)
    names = callables(source, tree)
    lines: list[str] = []
    done = False
    for call in list(_calls(tree)):
        full = dotted(call.func)
        if not names(full) or isinstance(up[call], ast.Raise):
            continue
        if _decorates(up, call) or isinstance(owner(up, call), ast.ClassDef):
            continue
        if any(isinstance(one, ast.Starred) for one in call.args):
            continue
        held = [one for one in _named(call) if inline or _is_constant(one.value)]
        if inline:
            args = [] if len(call.args) < 2 else call.args[:1]
            if not args and not held:
                continue
            call.func = ast.Call(ast.Name("partial"), [call.func, *args], held)
            call.args = call.args[len(args) :]
        else:
            if not held:
                continue
            name = source.fresh(f"_{full.rpartition('.')[2].lower()}{len(lines)}")
            made = ast.Call(ast.Name("partial"), [copy.deepcopy(call.func)], held)
            lines.append(f"{name} = {ast.unparse(made)}")
            call.func = ast.Name(name)
        call.keywords = [one for one in call.keywords if one not in held]
        done = True
    if not done or "partial" in source.words:
        return
    at = after_imports(tree)
    tree.body[at:at] = statements("\n".join(["from functools import partial", *lines]))
    yield Rewritten(f"partial: {'in line' if inline else 'by a name'}", tree)


def _decorates(up: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    return node in getattr(up[node], "decorator_list", ())
