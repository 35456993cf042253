"""Says which names a tree binds and uses, as far as a mutation must know to be sound.

Written apart from hdb's own engine, whose errors it is there to find.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from benchmarks.mutations.example import COMPREHENSIONS, FUNCTIONS, SCOPES
from benchmarks.mutations.walking import children, walk


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Return the node that holds each node."""
    return {child: node for node in walk(tree) for child in children(node)}


def above(up: dict[ast.AST, ast.AST], node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield the nodes that hold a node, innermost first, each with the child that leads there."""
    while node in up:
        yield up[node], node
        node = up[node]


def statement(up: dict[ast.AST, ast.AST], node: ast.AST) -> ast.stmt:
    """Return the statement that an expression stands in."""
    held = next(one for one in (node, *(each for each, _ in above(up, node))) if _is_stmt(one))
    assert isinstance(held, ast.stmt)
    return held


def _is_stmt(node: ast.AST) -> bool:
    return isinstance(node, ast.stmt)


def body_of(up: dict[ast.AST, ast.AST], node: ast.stmt) -> list[ast.stmt]:
    """Return the list of statements that a statement stands in."""
    for name in ("body", "orelse", "finalbody"):
        held = getattr(up[node], name, None)
        if isinstance(held, list) and any(one is node for one in held):
            return held
    raise LookupError(ast.dump(node))


def owner(up: dict[ast.AST, ast.AST], node: ast.AST) -> ast.AST | None:
    """Return the function, class or comprehension in which an expression is computed.

    None for the module. Decorators, defaults and annotations are computed outside.
    """
    for parent, child in above(up, node):
        if isinstance(parent, (*FUNCTIONS, ast.ClassDef)) and isinstance(child, ast.stmt):
            return parent
        if isinstance(parent, ast.Lambda) and child is parent.body:
            return parent
        if isinstance(parent, COMPREHENSIONS):
            return parent
    return None


def noted(tree: ast.AST) -> set[ast.AST]:
    """Return all nodes that stand in annotations."""
    found: set[ast.AST] = set()
    for node in walk(tree):
        for name in ("annotation", "returns"):
            held = getattr(node, name, None)
            if isinstance(held, ast.expr):
                found |= set(walk(held))
    return found


def bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that statements bind, without those of the functions in them."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, (*FUNCTIONS, ast.ClassDef)) and one is not node:
            yield one.name
            continue
        if isinstance(one, ast.Name) and isinstance(getattr(one, "ctx", None), ast.Store | ast.Del):
            yield one.id
        elif isinstance(one, ast.alias):
            yield one.asname or one.name.partition(".")[0]
        elif isinstance(one, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and one.name:
            yield one.name
        elif isinstance(one, ast.arg):
            yield one.arg
        if not isinstance(one, ast.Lambda):
            waiting += children(one)


def identifiers(tree: ast.AST) -> set[str]:
    """Return every identifier that is bound or read as a name anywhere in a tree."""
    found: set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found |= set(node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found


def rename(tree: ast.AST, old: str, new: str) -> None:
    """Give a name another spelling wherever it is a name, in whatever scope."""
    for node in walk(tree):
        if isinstance(node, ast.Name) and node.id == old:
            node.id = new
        elif isinstance(node, ast.arg) and node.arg == old:
            node.arg = new
        elif isinstance(node, ast.alias) and (node.asname or node.name) == old:
            node.asname = new
        elif isinstance(node, ast.ExceptHandler) and node.name == old:
            node.name = new
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [new if one == old else one for one in node.names]


def texts(tree: ast.AST) -> str:
    """Return all texts of a tree, one after the other: quoted annotations, patched paths."""
    return "\n".join(
        node.value
        for node in walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def replace(tree: ast.AST, change: Callable[[ast.AST], ast.AST | None]) -> None:
    """Replace nodes by what `change` returns for them; None leaves one as it is."""

    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            done = change(node)
            return self.generic_visit(node) if done is None else done

    Replacing().visit(tree)


def header(tree: ast.Module) -> int:
    """Return how many statements open a module: its docstring and `from __future__` imports."""
    at = 0
    for one in tree.body:
        docstring = at == 0 and isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
        if not docstring and not is_future(one):
            break
        at += 1
    return at


def is_future(node: ast.AST) -> bool:
    """Tell whether a statement is `from __future__ import ...`."""
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def after_imports(tree: ast.Module) -> int:
    """Return where the first statement stands that is neither header nor import."""
    at = header(tree)
    while at < len(tree.body) and isinstance(tree.body[at], ast.Import | ast.ImportFrom):
        at += 1
    return at


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield all functions and methods of a tree."""
    for node in walk(tree):
        if isinstance(node, FUNCTIONS):
            yield node


def docstring(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """Return how many statements of a body are its docstring."""
    first = node.body[0]
    return int(isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant))


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function's own body, none of nested functions and classes."""
    waiting = list(getattr(node, "body", []))
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, SCOPES):
            waiting += children(one)


def is_generator(node: ast.AST) -> bool:
    """Tell whether a function yields."""
    return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in own_nodes(node))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name with attributes, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def expression(text: str) -> ast.expr:
    """Return the tree of an expression."""
    return ast.parse(text, mode="eval").body


def statements(text: str) -> list[ast.stmt]:
    """Return the trees of statements."""
    return ast.parse(text).body
