"""Puts statements and definitions deeper: into blocks, functions and classes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source, keep_found
from benchmarks.mutations.imported import uses
from benchmarks.mutations.scopes import (
    after_imports,
    docstring,
    functions,
    is_future,
    is_generator,
    own_nodes,
    statements,
)
from benchmarks.mutations.walking import walk

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
BLOCKS = {
    "if": "if ENABLED:\n    pass",
    "else": "if not ENABLED:\n    raise RuntimeError\nelse:\n    pass",
    "elif": "if not ENABLED:\n    raise RuntimeError\nelif LEVEL > 0:\n    pass",
    "try, finally": "try:\n    pass\nfinally:\n    del DONE[:]",
    "try, except of something else": (
        "try:\n    pass\nexcept ZeroDivisionError:\n    raise RuntimeError from None"
    ),
    "with": "with contextlib.nullcontext():\n    pass",
    "for": "for _attempt in range(1):\n    pass",
    "match": "match LEVEL:\n    case _:\n        pass",
    "two deep": "if ENABLED:\n    with contextlib.nullcontext():\n        pass",
}
NEEDED = "import contextlib\nENABLED = True\nLEVEL = 1\nDONE = []"


def nesting(source: Source) -> Iterator[Rewritten]:
    """Yield the file with bodies in blocks, definitions in definitions, all run when they were."""
    for label, block in BLOCKS.items():
        yield from _bodies(source, label, block)
    yield from _module(source)
    yield from _factory(source)
    yield from _inner(source)
    yield from _method(source)
    yield from _class_in_class(source)


def _bodies(source: Source, label: str, block: str) -> Iterator[Rewritten]:
    """Yield each function's body in a block that runs it once and catches nothing of it."""
    tree = source.tree()
    done = False
    if any(one in source.words for one in ("ENABLED", "LEVEL", "DONE", "contextlib")):
        return
    for function in functions(tree):
        at = docstring(function)
        body = function.body[at:]
        if not body or not _does_something(body) or (label == "for" and _leaves_a_loop(body)):
            continue
        new = copy.deepcopy(statements(block)[0])
        hole = (
            next(
                one
                for one in walk(new)
                if isinstance(getattr(one, "body", None), list) and _is_pass(one.body)  # type: ignore[attr-defined]
            )
            if not _ends_in_else(new)
            else new
        )
        target = hole.orelse if hole is new and _ends_in_else(new) else hole.body  # type: ignore[attr-defined]
        target[:] = body
        function.body[at:] = [new]
        done = True
    if done:
        place = after_imports(tree)
        needed = statements(NEEDED)
        texts = block.replace("DONE", " DONE ")
        tree.body[place:place] = [
            one
            for one in needed
            if (isinstance(one, ast.Import) and "contextlib" in texts)
            or (isinstance(one, ast.Assign) and one.targets[0].id in texts)  # type: ignore[attr-defined]
        ]
        yield Rewritten(f"nesting: body in {label}", tree)


def _ends_in_else(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and bool(node.orelse) and _is_pass(node.orelse)


def _is_pass(body: list[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.Pass)


def _does_something(body: list[ast.stmt]) -> bool:
    return not all(
        isinstance(one, ast.Pass)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in body
    )


def _leaves_a_loop(body: list[ast.stmt]) -> bool:
    return any(isinstance(each, ast.Break | ast.Continue) for one in body for each in walk(one))


def _module(source: Source) -> Iterator[Rewritten]:
    """Yield the module's own statements under `if`, `try` and `with`, imports left above them."""
    forms = {
        "if": "if sys.version_info >= (3, 8):\n    pass",
        "try, finally": "try:\n    pass\nfinally:\n    sys.stdout.flush()",
    }
    for label, form in forms.items():
        tree = source.tree()
        if any(is_future(one) for one in tree.body[after_imports(tree) :]):
            return
        at = after_imports(tree)
        if at == len(tree.body) or "sys" in source.words:
            return
        (block,) = statements(form)
        assert isinstance(block, ast.If | ast.Try)
        block.body = tree.body[at:]
        tree.body[at:] = [*statements("import sys"), block]
        yield Rewritten(f"nesting: module in {label}", tree)


def _alone(source: Source, tree: ast.Module) -> Iterator[Definition]:
    """Yield the module's definitions that nothing in the example refers to.

    What others refer to stays where they find it.
    """
    texts = " ".join(
        one.value
        for one in walk(tree)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    )
    others = " ".join(text for path, text in source.example.files.items() if path != source.path)
    for one in tree.body:
        if not isinstance(one, Definition) or uses(tree, one.name):
            continue
        if one.name not in texts and one.name not in others:
            yield one


def _factory(source: Source) -> Iterator[Rewritten]:
    """Yield definitions made by a function that is called at once: `f = make_f()`.

    A call in a default is computed when the module is imported, as its place says; it stays.
    """
    tree = source.tree()
    done = False
    for one in list(_alone(source, tree)):
        defaults = [*one.args.defaults, *one.args.kw_defaults] if isinstance(one, FUNCTIONS) else []
        if any(isinstance(each, ast.Call) for held in defaults if held for each in walk(held)):
            continue
        made = source.fresh(f"make_{one.name.lower().lstrip('_')}")
        at = tree.body.index(one)
        outer, bound = statements(f"def {made}():\n    return {one.name}\n{one.name} = {made}()")
        assert isinstance(outer, ast.FunctionDef)
        outer.body.insert(0, one)
        tree.body[at : at + 1] = [outer, bound]
        done = True
    if done:
        yield Rewritten("nesting: made by a factory", tree)


def _inner(source: Source) -> Iterator[Rewritten]:
    """Yield functions whose body is a nested function of the same name, called at once.

    A parameter that the body binds again would be the nested function's own variable.
    """
    tree = source.tree()
    done = False
    for one in list(functions(tree)):
        at = docstring(one)
        stored = {
            each.id
            for each in own_nodes(one)
            if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)
        }
        taken = {each.arg for each in walk(one.args) if isinstance(each, ast.arg)}
        special = {"super", "locals", "__class__"} & {
            each.id for each in own_nodes(one) if isinstance(each, ast.Name)
        }
        if is_generator(one) or stored & taken or special or not _does_something(one.body[at:]):
            continue
        if one.name.startswith("__") or any(isinstance(each, FUNCTIONS) for each in one.body):
            continue
        if uses(one, one.name):
            continue
        waits = "await " if isinstance(one, ast.AsyncFunctionDef) else ""
        (call,) = ast.parse(f"async def f():\n    return {waits}{one.name}()").body[0].body  # type: ignore[attr-defined]
        inner = type(one)(
            name=one.name, args=_no_arguments(), body=one.body[at:], decorator_list=[]
        )
        inner.returns = copy.deepcopy(one.returns)
        keep_found(one, inner)
        one.body[at:] = [inner, call]
        done = True
    if done:
        yield Rewritten("nesting: body in a nested function", tree)


def _no_arguments() -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])


def _method(source: Source) -> Iterator[Rewritten]:
    """Yield functions without decorators as methods of a class; tests in a class for tests."""
    for label, static in (("method", False), ("static method", True)):
        tree = source.tree()
        held = [
            one
            for one in _alone(source, tree)
            if isinstance(one, FUNCTIONS) and not one.decorator_list
        ]
        if source.is_test and static:
            return
        if not held or not all(map(_takes_self, held)):
            return
        name = source.fresh("TestAll" if source.is_test else "Service")
        (made,) = statements(f"class {name}:\n    pass")
        assert isinstance(made, ast.ClassDef)
        made.body = [*held]
        for one in held:
            if static:
                one.decorator_list = [ast.Name("staticmethod")]
            else:
                one.args.args.insert(0, ast.arg("self"))
        at = tree.body.index(held[0])
        tree.body = [one for one in tree.body if one not in held]
        tree.body.insert(at, made)
        yield Rewritten(f"nesting: {label}", tree)


def _takes_self(node: ast.AST) -> bool:
    assert isinstance(node, FUNCTIONS)
    first = [*node.args.posonlyargs, *node.args.args][:1]
    return not node.args.posonlyargs and not any(one.arg in {"self", "cls"} for one in first)


def _class_in_class(source: Source) -> Iterator[Rewritten]:
    """Yield classes as members of another class."""
    tree = source.tree()
    held = [one for one in _alone(source, tree) if isinstance(one, ast.ClassDef)]
    if not held or source.is_test:
        return
    (made,) = statements(f"class {source.fresh('Registry')}:\n    pass")
    assert isinstance(made, ast.ClassDef)
    made.body = [*held]
    at = tree.body.index(held[0])
    tree.body = [one for one in tree.body if one not in held]
    tree.body.insert(at, made)
    yield Rewritten("nesting: class in a class", tree)
