"""Decorates functions with decorators of the project, and decorates by a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, decorators, keep_found
from benchmarks.mutations.scopes import after_imports, functions, is_generator, parents, statements
from benchmarks.mutations.walking import walk

ROUTES = frozenset("get post put patch delete head options api_route websocket".split())
ACCESSORS = frozenset("setter getter deleter".split())
DECORATORS = """
import functools
def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper
def traced_async(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)
    return wrapper
"""


def decorating(source: Source) -> Iterator[Rewritten]:
    """Yield the file with an own decorator on each function, and with decorators called."""
    for above in (True, False):
        yield from _own(source, above=above, imported=False)
    yield from _own(source, above=False, imported=True)
    yield from _called(source)


def _own(source: Source, *, above: bool, imported: bool) -> Iterator[Rewritten]:
    """Yield each function with a decorator that keeps its name and signature.

    Above others only where these give back a function: a fixture, a property or a task is none.
    A generator would be one no more.
    """
    if "traced" in source.words:
        return
    tree = source.tree()
    done = False
    for one in functions(tree):
        held = one.decorator_list
        if is_generator(one) or (above and not all(map(_is_route, held))):
            continue
        waits = isinstance(one, ast.AsyncFunctionDef)
        held.insert(0 if above else len(held), ast.Name("traced_async" if waits else "traced"))
        done = True
    if not done:
        return
    at = after_imports(tree)
    others = {}
    if imported:
        module = source.fresh("tracing")
        others[source.beside(f"{module}.py")] = DECORATORS.lstrip()
        line = f"from {source.dotted(module)} import traced, traced_async"
        tree.body[at:at] = statements(line)
    else:
        tree.body[at:at] = statements(DECORATORS)
    place = "above" if above else "from another module, below" if imported else "below"
    yield Rewritten(f"decorator: an own one {place}", tree, others)


def _is_route(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ROUTES
    )


def _called(source: Source) -> Iterator[Rewritten]:
    """Yield `f = decorator(f)` after a definition in the place of `@decorator` above it."""
    tree = source.tree()
    up = parents(tree)
    done = False
    for one in list(walk(tree)):
        if not isinstance(one, (*FUNCTIONS, ast.ClassDef)) or not one.decorator_list:
            continue
        # A property's setter needs the name that its getter has by then.
        if any(getattr(each, "attr", "") in ACCESSORS for each in decorators(one)):
            continue
        body = getattr(up[one], "body", [])
        if one not in body:
            continue
        value: ast.expr = ast.Name(one.name)
        for each in reversed(one.decorator_list):
            value = ast.Call(each, [value], [])
        assignment = ast.Assign([ast.Name(one.name)], value)
        keep_found(one, assignment)
        body.insert(body.index(one) + 1, assignment)
        one.decorator_list = []
        done = True
    if done:
        yield Rewritten("decorator: called", tree)
