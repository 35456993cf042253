"""Keeps the module's objects elsewhere: on a class, on an object, in a function, in a module."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.imported import Import, imports, looked_up, uses
from benchmarks.mutations.scopes import (
    after_imports,
    dotted,
    expression,
    owner,
    parents,
    replace,
    statement,
    statements,
)
from benchmarks.mutations.walking import walk


def holding(source: Source) -> Iterator[Rewritten]:
    """Yield the file with its module's objects elsewhere, and with decorators made before."""
    for place in FORMS:
        yield from _held(source, place)
    yield from _elsewhere(source)
    yield from _decorators(source)
    yield from _stacked(source)


def _objects(source: Source, tree: ast.Module) -> list[ast.Assign]:
    """Return the assignments of what calls make, to one name that nothing else binds or spells.

    Not where the finding is: what it says of an object made there may not be said elsewhere.
    Nor where the module itself, or a class or a decorator in it, reads the name: it would have to
    be there by then.
    """
    up = parents(tree)
    spelled = looked_up(source, tree)
    found = []
    for one in tree.body:
        if not isinstance(one, ast.Assign) or len(one.targets) != 1 or getattr(one, "found", False):
            continue
        target = one.targets[0]
        if not isinstance(target, ast.Name) or not isinstance(one.value, ast.Call):
            continue
        if dotted(one.value.func).rpartition(".")[2] in NO_OBJECTS:
            continue
        names = uses(tree, target.id)
        others = [each for each in names if each is not target]
        inside = all(_in_function(up, each) for each in others)
        if others and inside and target.id not in spelled:
            found.append(one)
    return found


NO_OBJECTS = frozenset("partial dict list set tuple frozenset TypeVar NewType".split())
"""What makes functions, displays and types by a call; nobody keeps those as objects."""


def _in_function(up: dict[ast.AST, ast.AST], node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load) and isinstance(owner(up, node), FUNCTIONS)


OBJECT = """
class {holder}:
    def __init__(self):
        self.{name} = {value}
{object} = {holder}()
"""
PROPERTY = """
class {holder}:
    def __init__(self):
        self._{name} = {value}
    @property
    def {name}(self):
        return self._{name}
{object} = {holder}()
"""
FORMS = {
    "on a class": ("class {holder}:\n    {name} = {value}", "{holder}.{name}"),
    "on an object": (OBJECT, "{object}.{name}"),
    "behind a function": (
        "_{name} = {value}\ndef get_{name}():\n    return _{name}",
        "get_{name}()",
    ),
    "behind a property": (PROPERTY, "{object}.{name}"),
}
"""How an object is kept, and how it is read then."""


def _held(source: Source, place: str) -> Iterator[Rewritten]:
    tree = source.tree()
    kept, read = FORMS[place]
    done = False
    for number, one in enumerate(_objects(source, tree)):
        target = one.targets[0]
        assert isinstance(target, ast.Name)
        parts = {
            "holder": source.fresh(f"Holder{number}"),
            "object": source.fresh(f"holder{number}"),
            "name": target.id.lstrip("_"),
            "value": ast.unparse(one.value),
        }
        nodes = {each for each in uses(tree, target.id) if each is not target}
        full = read.format(**parts)
        replace(tree, lambda node, n=nodes, f=full: expression(f) if node in n else None)  # type: ignore[misc]
        at = tree.body.index(one)
        tree.body[at : at + 1] = statements(kept.format(**parts))
        done = True
    if done:
        yield Rewritten(f"object: {place}", tree)


def _elsewhere(source: Source) -> Iterator[Rewritten]:
    """Yield objects that need nothing but imports as those of another module."""
    tree = source.tree()
    known: dict[str, Import] = {one.name: one for one in imports(tree)}
    module = source.fresh("objects")
    lines: list[str] = []
    for one in _objects(source, tree):
        names = {each.id for each in walk(one.value) if isinstance(each, ast.Name)}
        if not names <= set(known):
            continue
        for name in sorted(names):
            held = known[name]
            alias = ast.unparse(held.alias)
            line = f"from {held.module} import {alias}" if held.attribute else f"import {alias}"
            lines += [line] if line not in lines else []
        lines.append(ast.unparse(one))
        target = one.targets[0]
        assert isinstance(target, ast.Name)
        at = tree.body.index(one)
        tree.body[at : at + 1] = statements(f"from {source.dotted(module)} import {target.id}")
    if lines:
        others = {source.beside(f"{module}.py"): "\n".join(lines) + "\n"}
        yield Rewritten("object: of another module", tree, others)


def _decorators(source: Source) -> Iterator[Rewritten]:
    """Yield decorators that are calls made before, and kept under a name.

    For functions of the module, whose decorators are computed right there.
    """
    tree = source.tree()
    done = 0
    for one in [each for each in tree.body if isinstance(each, FUNCTIONS)]:
        for at, each in enumerate(one.decorator_list):
            if isinstance(each, ast.Call):
                name = source.fresh(f"decorate_{done}")
                tree.body[tree.body.index(one) : tree.body.index(one)] = [
                    ast.Assign([ast.Name(name)], each)
                ]
                one.decorator_list[at] = ast.Name(name)
                done += 1
    if done:
        yield Rewritten("decorator: kept under a name", tree)


def _stacked(source: Source) -> Iterator[Rewritten]:
    """Yield `with context as c` as what an exit stack enters."""
    tree = source.tree()
    up = parents(tree)
    done = False
    for one in [each for each in walk(tree) if isinstance(each, ast.With | ast.AsyncWith)]:
        first = one.items[0]
        if len(one.items) != 1 or not isinstance(first.optional_vars, ast.Name):
            continue
        # What suppresses errors may be read where it is entered, and nowhere else.
        if dotted(getattr(first.context_expr, "func", first.context_expr)).endswith("suppress"):
            continue
        waits = isinstance(one, ast.AsyncWith)
        stack, name = source.fresh("stack"), first.optional_vars.id
        method = "enter_async_context" if waits else "enter_context"
        entering = f"{name} = {'await ' if waits else ''}{stack}.{method}()"
        made = ast.parse(f"async def f():\n    {entering}").body[0].body[0]  # type: ignore[attr-defined]
        call = made.value.value if waits else made.value
        call.args = [first.context_expr]
        keep_found(one, made)
        first.context_expr = expression(
            f"contextlib.{'AsyncExitStack' if waits else 'ExitStack'}()"
        )
        first.optional_vars = ast.Name(stack)
        one.body.insert(0, made)
        done = statement(up, one) is one
    if done and "contextlib" not in source.words:
        at = after_imports(tree)
        tree.body[at:at] = statements("import contextlib")
        yield Rewritten("with: an exit stack", tree)
