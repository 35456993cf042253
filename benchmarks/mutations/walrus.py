"""Keeps values under names on the way, by assignment expressions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.scopes import noted, owner, parents, statement
from benchmarks.mutations.walking import walk

ONCE = (ast.Assign, ast.Return, ast.Expr)
"""Statements whose expressions are computed once, where they stand."""


def walrus(source: Source) -> Iterator[Rewritten]:
    """Yield the file with assignments, arguments and results as assignment expressions.

    Only in functions: a class's body and a comprehension keep names in another place.
    """
    yield from _assignments(source)
    yield from _arguments(source)
    yield from _results(source)


def _assignments(source: Source) -> Iterator[Rewritten]:
    tree = source.tree()
    done = False
    for body in [each for one in walk(tree) if isinstance(one, FUNCTIONS) for each in _bodies(one)]:
        for at, one in enumerate(body):
            if isinstance(one, ast.Assign) and len(one.targets) == 1:
                target = one.targets[0]
                if isinstance(target, ast.Name):
                    body[at] = ast.Expr(ast.NamedExpr(target, one.value))
                    keep_found(one, body[at])
                    done = True
    if done:
        yield Rewritten("walrus: assignments", tree)


def _bodies(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for one in walk(function):
        if not isinstance(one, ast.ClassDef):
            for name in ("body", "orelse"):
                held = getattr(one, name, None)
                if isinstance(held, list):
                    yield held


def _calls(tree: ast.Module) -> Iterator[tuple[int, ast.Call]]:
    """Yield the calls that functions make in statements that run once."""
    up = parents(tree)
    notes = noted(tree)
    for number, one in enumerate(walk(tree)):
        if not isinstance(one, ast.Call) or one in notes:
            continue
        if isinstance(owner(up, one), FUNCTIONS) and isinstance(statement(up, one), ONCE):
            yield number, one


def _arguments(source: Source) -> Iterator[Rewritten]:
    tree = source.tree()
    done = False
    for number, call in list(_calls(tree)):
        if call.args and not isinstance(call.args[0], ast.Starred | ast.GeneratorExp):
            call.args[0] = ast.NamedExpr(ast.Name(source.fresh(f"held_{number}")), call.args[0])
            done = True
    if done:
        yield Rewritten("walrus: arguments", tree)


def _results(source: Source) -> Iterator[Rewritten]:
    tree = source.tree()
    up = parents(tree)
    done = False
    for number, call in list(_calls(tree)):
        parent = up[call]
        if isinstance(parent, ast.Return | ast.Attribute):
            parent.value = ast.NamedExpr(ast.Name(source.fresh(f"made_{number}")), call)
            done = True
    if done:
        yield Rewritten("walrus: what calls return", tree)
