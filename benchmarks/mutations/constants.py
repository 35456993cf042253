"""Gives constants and parts of expressions names: local ones, the module's, another module's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.naming import body_of_or_none, tells
from benchmarks.mutations.scopes import (
    above,
    after_imports,
    noted,
    owner,
    parents,
    replace,
    statement,
    statements,
)
from benchmarks.mutations.walking import walk

Constant = ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict
SIMPLE = (ast.Assign, ast.Return, ast.Expr, ast.AugAssign)
"""Statements that compute what they hold once, from left to right, before they do anything."""


def constants(source: Source) -> Iterator[Rewritten]:
    """Yield the file with its constants, and then with its expressions, under names."""
    for place in ("the module", "another module", "a class", "the function"):
        yield from _named(source, place)
    yield from _variables(source, receivers=True)
    yield from _variables(source, receivers=False)
    yield from _entered(source)
    yield from _inlined(source)


def _sites(tree: ast.Module) -> list[ast.expr]:
    """Return the constants that calls are given, that are compared, and that subscripts hold."""
    notes = noted(tree)
    up = parents(tree)
    found: list[ast.expr] = []
    for node in walk(tree):
        held: list[ast.expr] = []
        if isinstance(node, ast.Call):
            held = [*node.args, *(one.value for one in node.keywords if one.arg)]
        elif isinstance(node, ast.Compare):
            held = [node.left, *node.comparators]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            held = [node.slice]
        found += [one for one in held if _is_constant(one) and one not in notes]
    return [one for one in found if not any(isinstance(each, Format) for each, _ in above(up, one))]


Format = ast.JoinedStr | ast.MatchValue


def _is_constant(node: ast.expr | None) -> bool:
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return bool(node.elts) and all(map(_is_constant, node.elts))
    if isinstance(node, ast.Dict):
        return bool(node.keys) and all(map(_is_constant, (*node.keys, *node.values)))
    return isinstance(node, ast.Constant) and node.value is not None and node.value is not ...


def _named(source: Source, place: str) -> Iterator[Rewritten]:
    tree = source.tree()
    up = parents(tree)
    lines: list[str] = []
    changed: dict[ast.AST, ast.expr] = {}
    local: list[tuple[ast.AST, str]] = []
    prefix = source.fresh("Constants")
    for site in _sites(tree):
        if any(one in changed for one, _ in above(up, site)):
            continue
        function = owner(up, site)
        name = f"VALUE_{len(changed)}"
        if place == "the function":
            if not isinstance(function, FUNCTIONS):
                continue
            name = name.lower()
            local.append((function, f"{name} = {ast.unparse(site)}"))
        lines.append(f"{name} = {ast.unparse(site)}")
        full = ast.Attribute(ast.Name(prefix), name, ast.Load())
        changed[site] = full if place == "a class" else ast.Name(name)
    if not lines or any(one.startswith("VALUE_") for one in source.words):
        return
    replace(tree, changed.get)
    for function, line in local:
        assert isinstance(function, FUNCTIONS)
        function.body[0:0] = statements(line)
    others = {}
    at = after_imports(tree)
    if place == "the module":
        tree.body[at:at] = statements("\n".join(lines))
    elif place == "a class":
        body = "".join(f"\n    {line}" for line in lines)
        tree.body[at:at] = statements(f"class {prefix}:{body}")
    elif place == "another module":
        module = source.fresh("constants")
        names = ", ".join(line.partition(" ")[0] for line in lines)
        others[source.beside(f"{module}.py")] = "\n".join(lines) + "\n"
        tree.body[at:at] = statements(f"from {source.dotted(module)} import {names}")
    yield Rewritten(f"constants: named in {place}", tree, others)


def _variables(source: Source, *, receivers: bool) -> Iterator[Rewritten]:
    """Yield the first thing that a statement computes kept in a variable before it.

    The innermost receiver of a chain, or the first argument of its first call: nothing is
    computed before it, so the order stays. Not inside of `and`, `or`, `if`, lambdas and
    comprehensions, which may never compute it, nor below an await of which it is no part.
    """
    tree = source.tree()
    up = parents(tree)
    done = 0
    for one in [each for each in walk(tree) if isinstance(each, SIMPLE)]:
        value = getattr(one, "value", None)
        body = body_of_or_none(up, one)
        if value is None or body is None or not isinstance(owner(up, value), FUNCTIONS):
            continue
        site = _first(value, receivers=receivers)
        if site is None:
            continue
        name = source.fresh(f"part_{done}")
        replace(one, lambda node, s=site, n=name: ast.Name(n) if node is s else None)  # type: ignore[misc]
        before = ast.Assign([ast.Name(name)], site)
        body.insert(body.index(one), before)
        done += 1
    if done:
        what = "the receiver" if receivers else "the first argument"
        yield Rewritten(f"variables: {what} of a call", tree)


def _first(node: ast.expr, *, receivers: bool) -> ast.expr | None:
    """Return the call that is computed first in an expression, where another one holds it."""
    found = None
    while True:
        inner = _left(node, receivers=receivers)
        if inner is None:
            return found
        node = inner
        if isinstance(node, ast.Call | ast.Await | ast.Subscript | ast.Attribute | ast.Compare):
            found = node if found is None or receivers else found
            if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Call):
                return found if found is not node else None


def _left(node: ast.expr, *, receivers: bool) -> ast.expr | None:
    if isinstance(node, ast.Await):
        # What is awaited stays where it is: a coroutine in a variable is another thing to read.
        return _left(node.value, receivers=receivers)
    if isinstance(node, ast.Attribute | ast.Subscript):
        return node.value
    if isinstance(node, ast.BinOp | ast.Compare):
        return node.left
    if isinstance(node, ast.Call):
        if receivers and isinstance(node.func, ast.Attribute):
            return node.func.value
        simple = isinstance(node.func, ast.Name)
        first = node.args[0] if node.args else None
        plain = first is not None and not isinstance(first, ast.Starred)
        return first if not receivers and plain and simple else None
    return None


def _entered(source: Source) -> Iterator[Rewritten]:
    """Yield `client = Client()` before `with client as c`, for the first context of a `with`."""
    tree = source.tree()
    up = parents(tree)
    done = 0
    for one in [each for each in walk(tree) if isinstance(each, ast.With | ast.AsyncWith)]:
        first = one.items[0]
        body = body_of_or_none(up, one)
        if body is None or not isinstance(first.context_expr, ast.Call):
            continue
        if not isinstance(owner(up, first.context_expr), FUNCTIONS):
            continue
        name = source.fresh(f"entered_{done}")
        before = ast.Assign([ast.Name(name)], first.context_expr)
        keep_found(one, before)
        first.context_expr = ast.Name(name)
        body.insert(body.index(one), before)
        done += 1
    if done:
        yield Rewritten("variables: what is entered", tree)


def _inlined(source: Source) -> Iterator[Rewritten]:
    """Yield variables that are read once, by the next statement, put where they are read.

    Only where nothing comes before the variable in that statement, and where its value says what
    it is: else the variable's name may be all that says it.
    """
    tree = source.tree()
    done = False
    for function in [one for one in walk(tree) if isinstance(one, FUNCTIONS)]:
        up = parents(tree)
        for one in [each for each in walk(function) if isinstance(each, ast.Assign)]:
            body = body_of_or_none(up, one)
            target = one.targets[0]
            if body is None or not isinstance(target, ast.Name) or len(one.targets) > 1:
                continue
            at = body.index(one) + 1
            read = [
                each
                for each in walk(function)
                if isinstance(each, ast.Name) and each.id == target.id and each is not target
            ]
            following = body[at] if at < len(body) else None
            if len(read) != 1 or not tells(up, target) or not isinstance(following, SIMPLE):
                continue
            if _leftmost(following.value) is not read[0] or statement(up, read[0]) is not following:
                continue
            value = one.value
            replace(following, lambda node, r=read[0], v=value: v if node is r else None)  # type: ignore[misc]
            keep_found(one, following)
            body.remove(one)
            done = True
            break
    if done:
        yield Rewritten("variables: put where they are read", tree)


def _leftmost(node: ast.expr | None) -> ast.expr | None:
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript | ast.Await):
            node = node.value
        elif isinstance(node, ast.Compare | ast.BinOp):
            node = node.left
        elif isinstance(node, ast.Call):
            simple = isinstance(node.func, ast.Name)
            node = node.args[0] if simple and node.args else node.func if not simple else None
        else:
            return node
