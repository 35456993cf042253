"""Gives variables other names, and what is imported a second one by assignment."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source
from benchmarks.mutations.imported import foreign, imports, is_module, uses
from benchmarks.mutations.scopes import (
    after_imports,
    body_of,
    dotted,
    functions,
    is_generator,
    noted,
    own_nodes,
    owner,
    parents,
    rename,
    statement,
    statements,
    texts,
)
from benchmarks.mutations.walking import walk

PREFIX = "given_"
PLAIN = frozenset("str int float bool bytes dict list set tuple object Any Decimal".split())


def naming(source: Source) -> Iterator[Rewritten]:
    """Yield the file with other variables, and with second names for what it imports."""
    yield from _prefixed(source)
    yield from _renamed(source)
    yield from _assigned(source, local=False)
    yield from _assigned(source, local=True)
    yield from _bound_methods(source)


def _variables(source: Source, tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Yield the local variables and parameters that are nobody's interface, with the binding.

    Parameters of decorated functions, of tests and of functions that are called by keyword or
    handed on belong to who calls them; so do those of methods, which a base class may call, and
    those with a call for a default or in their annotation, which a framework fills by their name.
    """
    bindings: dict[str, list[ast.AST]] = {}
    up = parents(tree)
    for node in walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bindings.setdefault(node.id, []).append(node)
        elif isinstance(node, ast.arg):
            bindings.setdefault(node.arg, []).append(node)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bindings.setdefault(node.name, []).append(node)
    kept = {one.name for one in walk(tree) if isinstance(one, (*FUNCTIONS, ast.ClassDef))}
    kept |= {one.name for one in imports(tree)}
    kept |= {one.arg for one in walk(tree) if isinstance(one, ast.keyword) and one.arg}
    kept |= {
        name
        for one in walk(tree)
        if isinstance(one, ast.Global | ast.Nonlocal)
        for name in one.names
    }
    spelled = texts(tree).split()
    for name, nodes in bindings.items():
        if name in kept or name in spelled or name in {"self", "cls", "_"}:
            continue
        if all(_is_local(source, tree, up, node) for node in nodes):
            yield name, nodes[0]


def _is_local(source: Source, tree: ast.Module, up: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    if not isinstance(node, ast.arg):
        held = owner(up, node)
        return isinstance(held, FUNCTIONS) or (held is not None and not _is_class(held))
    function = up[up[node]]
    if isinstance(function, ast.Lambda):
        return True
    assert isinstance(function, FUNCTIONS)
    free = not function.decorator_list and not source.is_test
    filled = [*function.args.defaults, *function.args.kw_defaults, node.annotation]
    if any(isinstance(each, ast.Call) for one in filled if one for each in walk(one)):
        return False
    return free and not _is_class(up[function]) and not _handed_on(tree, up, function.name)


def _is_class(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef)


def _handed_on(tree: ast.Module, up: dict[ast.AST, ast.AST], name: str) -> bool:
    return any(
        not (isinstance(up[one], ast.Call) and up[one].func is one)  # type: ignore[attr-defined]
        for one in uses(tree, name)
    )


def _prefixed(source: Source) -> Iterator[Rewritten]:
    """Yield all variables with a word before their names, which keeps what they say."""
    tree = source.tree()
    found = [name for name, _ in _variables(source, tree)]
    for name in found:
        rename(tree, name, source.fresh(PREFIX + name.lstrip("_")))
    if found:
        yield Rewritten("rename: a word before each variable", tree)


def _renamed(source: Source) -> Iterator[Rewritten]:
    """Yield variables under wholly other names, where more than the name says what they hold.

    The name of a text or a number is often all that a reader has to know its meaning by; an
    object of a known class, a caught exception or an entered context is what it is.
    """
    tree = source.tree()
    up = parents(tree)
    found = [name for name, node in _variables(source, tree) if tells(up, node)]
    for at, name in enumerate(found):
        rename(tree, name, source.fresh(f"thing{at}"))
    if found:
        yield Rewritten("rename: variables of a known class", tree)


def callables(source: Source, tree: ast.Module) -> Callable[[str], bool]:
    """Return whether a dotted name is the same callable from the imports on.

    An attribute of a module or of a class is; that of another object, as of Flask's `request`,
    may be there only while something runs.
    """
    held = {one.name: one for one in foreign(source, tree)}

    def stays(full: str) -> bool:
        first, _, rest = full.partition(".")
        one = held.get(first)
        if one is None:
            return False
        simple = not one.attribute or not rest or one.attribute[:1].isupper()
        return simple or bool(is_module(one))

    return stays


def tells(up: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    """Tell whether what a variable is bound to says what it holds, so that its name need not."""
    if isinstance(node, ast.ExceptHandler):
        return True
    if isinstance(node, ast.arg):
        named = dotted(node.annotation).rpartition(".")[2] if node.annotation else ""
        return named[:1].isupper() and named not in PLAIN
    parent = up[node]
    value = parent.context_expr if isinstance(parent, ast.withitem) else None
    value = parent.value if isinstance(parent, ast.Assign | ast.NamedExpr) else value
    value = value.value if isinstance(value, ast.Await) else value
    return isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2][:1].isupper()


def _assigned(source: Source, *, local: bool) -> Iterator[Rewritten]:
    """Yield `f = jwt.decode` before calls of `jwt.decode`, and `f(...)` in their place."""
    tree = source.tree()
    up = parents(tree)
    names = callables(source, tree)
    notes = noted(tree)
    made: dict[tuple[ast.AST | None, str], str] = {}
    for call in [one for one in walk(tree) if isinstance(one, ast.Call)]:
        full = dotted(call.func)
        if not names(full) or call in notes:
            continue
        held = owner(up, call)
        if local and not isinstance(held, FUNCTIONS):
            continue
        where = held if local else None
        if (where, full) not in made:
            last = full.rpartition(".")[2].strip("_")
            # A class goes by a class's name.
            wish = f"Own{last}" if last[:1].isupper() else f"_{last}"
            made[where, full] = source.fresh(wish + (f"{len(made)}" if local else ""))
        call.func = ast.Name(made[where, full])
    for (where, full), name in made.items():
        new = statements(f"{name} = {full}")
        if isinstance(where, FUNCTIONS):
            where.body[0:0] = new
        else:
            tree.body[after_imports(tree) : after_imports(tree)] = new
    if made:
        place = "in the function" if local else "in the module"
        yield Rewritten(f"alias by assignment {place}", tree)


def _bound_methods(source: Source) -> Iterator[Rewritten]:
    """Yield `get = client.get` before the statement that calls `client.get`.

    Where `client` is bound once in the same function or outside, so that it is the same object.
    """
    tree = source.tree()
    done = False
    for function in functions(tree):
        if is_generator(function):
            continue
        up = parents(tree)
        stored = {
            one.id
            for one in own_nodes(function)
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        assigned = {
            target.id
            for one in own_nodes(function)
            if isinstance(one, ast.Assign)
            for target in one.targets
            if isinstance(target, ast.Name)
        }
        for call in [one for one in own_nodes(function) if isinstance(one, ast.Call)]:
            at = statement(up, call)
            if not isinstance(call.func, ast.Attribute) or not isinstance(
                call.func.value, ast.Name
            ):
                continue
            if not isinstance(at, ast.Assign | ast.Return | ast.Expr | ast.AugAssign):
                continue
            name = call.func.value.id
            if name in stored - assigned or _in_comprehension(up, call):
                continue
            new = source.fresh(f"bound_{call.func.attr}")
            body = body_of_or_none(up, at)
            if body is None:
                continue
            body.insert(body.index(at), statements(f"{new} = {name}.{call.func.attr}")[0])
            call.func = ast.Name(new)
            done = True
            break
    if done:
        yield Rewritten("alias of a bound method", tree)


def _in_comprehension(up: dict[ast.AST, ast.AST], node: ast.AST) -> bool:
    held = owner(up, node)
    return not isinstance(held, FUNCTIONS)


def body_of_or_none(up: dict[ast.AST, ast.AST], node: ast.stmt) -> list[ast.stmt] | None:
    """Return the list that a statement stands in, None for a handler's or a case's."""
    try:
        return body_of(up, node)
    except LookupError:
        return None
