"""Puts classes of the project between a class and its base, and values on an object."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source
from benchmarks.mutations.imported import foreign
from benchmarks.mutations.scopes import (
    dotted,
    functions,
    header,
    own_nodes,
    parents,
    replace,
    statements,
)
from benchmarks.mutations.walking import walk

DIRECT = frozenset(
    "DeclarativeBase DeclarativeBaseNoMeta MappedAsDataclass Protocol TypedDict NamedTuple Generic "
    "Enum IntEnum StrEnum Flag IntFlag ABC".split()
)
"""Bases that mean something else to a class that does not name them itself."""


def classes(source: Source) -> Iterator[Rewritten]:
    """Yield the file with other bases, and with parameters as attributes of an object."""
    for place in ("same module", "another module", "two modules"):
        yield from _between(source, place)
    yield from _mixed_in(source)
    yield from _on_self(source)


def _inheriting(source: Source, tree: ast.Module) -> Iterator[tuple[ast.ClassDef, ast.expr]]:
    names = {one.name: one for one in foreign(source, tree) if not one.plain}
    for one in tree.body:
        for base in one.bases if isinstance(one, ast.ClassDef) else ():
            full = dotted(base)
            if full.partition(".")[0] in names and full.rpartition(".")[2] not in DIRECT:
                yield one, base  # type: ignore[misc]


def _between(source: Source, place: str) -> Iterator[Rewritten]:
    """Yield `class Own(Base)` and the classes that inherited from `Base` with it as theirs."""
    tree = source.tree()
    imported = {one.name: one for one in foreign(source, tree)}
    made: dict[str, str] = {}
    lines: dict[str, str] = {}
    for one, base in list(_inheriting(source, tree)):
        full = dotted(base)
        made.setdefault(full, source.fresh(f"Own{full.rpartition('.')[2]}"))
        held = imported[full.partition(".")[0]]
        lines[full] = (
            f"from {held.module} import {held.attribute} as {held.name}\n"
            if held.attribute
            else f"import {held.module} as {held.name}\n"
        )
        one.bases[one.bases.index(base)] = ast.Name(made[full])
    if not made:
        return
    texts = [f'class {new}({full}):\n    """Shared by all."""\n' for full, new in made.items()]
    others = {}
    if place == "same module":
        at = next(at for at, one in enumerate(tree.body) if isinstance(one, ast.ClassDef))
        tree.body[at:at] = statements("".join(texts))
    else:
        module, deeper = source.fresh("base"), source.fresh("root")
        at = header(tree)
        names = ", ".join(made.values())
        tree.body[at:at] = statements(f"from {source.dotted(module)} import {names}")
        whole = "".join((*lines.values(), *texts))
        if place == "two modules":
            others[source.beside(f"{deeper}.py")] = whole
            whole = f"from {source.dotted(deeper)} import " + ", ".join(
                f"{new} as Root{new}" for new in made.values()
            )
            for new in made.values():
                whole += f'\nclass {new}(Root{new}):\n    """Nearer."""\n'
        others[source.beside(f"{module}.py")] = whole
    yield Rewritten(f"base: between, in {place}", tree, others)


def _mixed_in(source: Source) -> Iterator[Rewritten]:
    """Yield another base before the one that there is."""
    tree = source.tree()
    held = [one for one, _ in _inheriting(source, tree)]
    if not held or "Traced" in source.words:
        return
    for one in dict.fromkeys(held):
        one.bases.insert(0, ast.Name("Traced"))
    at = next(at for at, one in enumerate(tree.body) if isinstance(one, ast.ClassDef))
    tree.body[at:at] = statements("class Traced:\n    def trace(self):\n        return None")
    yield Rewritten("base: a second one", tree)


def _on_self(source: Source) -> Iterator[Rewritten]:
    """Yield functions as methods that find a parameter's value on their object.

    For plain functions that nothing refers to, and parameters with an annotation that are bound
    once.
    """
    tree = source.tree()
    up = parents(tree)
    done = False
    for one in list(functions(tree)):
        if one.decorator_list or up[one] is not tree or source.is_test:
            continue
        if any(getattr(each, "id", "") == one.name for each in walk(tree)):
            continue
        listed = one.args.args
        stored = {
            each.id
            for each in walk(one)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        }
        typed = next((each for each in listed if each.annotation), None)
        if typed is None or typed.arg in stored or one.args.defaults or one.args.posonlyargs:
            continue
        if any(isinstance(each, (*FUNCTIONS, ast.Lambda)) for each in own_nodes(one)):
            continue
        if not all(_plain(each) for each in listed):
            continue
        name = typed.arg
        kept = f"_{name}" if not name.startswith("_") else name
        replace(
            one,
            lambda node, n=name, k=kept: (  # type: ignore[misc]
                ast.Attribute(ast.Name("self"), k, ast.Load())
                if isinstance(node, ast.Name) and node.id == n
                else None
            ),
        )
        annotation = ast.unparse(typed.annotation) if typed.annotation else "object"
        listed.remove(typed)
        listed.insert(0, ast.arg("self"))
        (made,) = statements(
            f"class {source.fresh(f'Serving_{one.name}')}:\n"
            f"    def __init__(self, {name}: {annotation}) -> None:\n"
            f"        self.{kept} = {name}"
        )
        assert isinstance(made, ast.ClassDef)
        tree.body[tree.body.index(one)] = made
        made.body.append(one)
        done = True
    if done:
        yield Rewritten("self: a parameter as an attribute", tree)


def _plain(argument: ast.arg) -> bool:
    return argument.arg not in {"self", "cls"}
