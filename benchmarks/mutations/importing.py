"""Writes the imports of a file in the other forms that mean the same."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count

from benchmarks.mutations.example import FUNCTIONS, Rewritten, Source
from benchmarks.mutations.imported import (
    Import,
    alone,
    attributes,
    drop,
    free,
    is_module,
    is_no_module,
    uses,
)
from benchmarks.mutations.scopes import (
    above,
    docstring,
    expression,
    owner,
    parents,
    rename,
    replace,
)
from benchmarks.mutations.walking import walk

Change = Callable[[ast.Module, Import, str], bool]
ADDRESSES = {
    "fastapi.Request": "starlette.requests.Request",
    "fastapi.Response": "starlette.responses.Response",
    "fastapi.APIRouter": "fastapi.routing.APIRouter",
    "fastapi.HTTPException": "fastapi.exceptions.HTTPException",
    "fastapi.responses.JSONResponse": "starlette.responses.JSONResponse",
    "pydantic.BaseModel": "pydantic.main.BaseModel",
    "pydantic.Field": "pydantic.fields.Field",
    "pydantic.field_validator": "pydantic.functional_validators.field_validator",
    "sqlalchemy.ext.asyncio.AsyncSession": "sqlalchemy.ext.asyncio.session.AsyncSession",
    "sqlalchemy.ext.asyncio.create_async_engine": (
        "sqlalchemy.ext.asyncio.engine.create_async_engine"
    ),
    "sqlalchemy.create_engine": "sqlalchemy.engine.create_engine",
    "typing.Annotated": "typing_extensions.Annotated",
}
"""A second public address of the same object, which the package's own source gives it."""


def importing(source: Source) -> Iterator[Rewritten]:
    """Yield the file with all imports that can be written in a form written in it."""
    for label, change in CHANGES.items():
        yield from _each(source, label, change)


def _each(source: Source, label: str, change: Change) -> Iterator[Rewritten]:
    tree = source.tree()
    numbers = count(1)
    done = 0
    for one in free(source, tree):
        wish = f"Name{next(numbers)}" if one.name[:1].isupper() else f"name{next(numbers)}"
        done += change(tree, one, source.fresh(wish))
    if done:
        yield Rewritten(label, tree)


def _alias(tree: ast.Module, one: Import, new: str) -> bool:
    if one.plain:
        return False
    rename(tree, one.name, new)
    one.alias.asname = new
    return True


def _from(tree: ast.Module, one: Import, new: str, *, renamed: bool = False) -> bool:
    """Write `import a` as `from a import b`, where only attributes of it are read."""
    read = attributes(tree, one) if not one.attribute else None
    if not read:
        return False
    taken = {node.id for node in walk(tree) if isinstance(node, ast.Name)}
    taken |= {node.arg for node in walk(tree) if isinstance(node, ast.arg)}
    names = {}
    for at, each in enumerate(sorted({node.attr for node in read})):
        names[each] = f"{new}_{at}" if renamed or each in taken else each
    aliases = [ast.alias(key, None if key == name else name) for key, name in names.items()]
    changed: dict[ast.AST, ast.expr] = {node: ast.Name(names[node.attr]) for node in read}
    replace(tree, changed.get)
    at = drop(tree, one)
    tree.body.insert(at, ast.ImportFrom(one.module, aliases, 0))
    return True


def _from_as(tree: ast.Module, one: Import, new: str) -> bool:
    return _from(tree, one, new, renamed=True)


def _dotted(tree: ast.Module, one: Import, _new: str) -> bool:
    """Write `from a.b import c` as `import a.b`, and `a.b.c` where it is read."""
    if one.attribute and is_module(one):
        module = full = one.target
    elif one.attribute and is_no_module(tree, one):
        module, full = one.module, one.target
    elif not one.attribute and one.alias.asname:
        module = full = one.module
    else:
        return False
    root = module.partition(".")[0]
    if any(
        (isinstance(node, ast.arg) and node.arg == root)
        or (isinstance(node, ast.Name) and node.id == root and not isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.alias) and node is not one.alias and root == (node.asname or ""))
        or (isinstance(node, ast.ImportFrom) and any(each.name == root for each in node.names))
        for node in walk(tree)
    ):
        return False
    _rewrite(tree, one, ast.Import([ast.alias(module)]), full)
    return True


def _module_as(tree: ast.Module, one: Import, new: str) -> bool:
    """Write `from a.b import c` as `import a.b as d`, and `d.c` where it is read."""
    new = new.lower()
    if one.attribute and is_module(one):
        _rewrite(tree, one, ast.Import([ast.alias(one.target, new)]), new)
    elif one.attribute and is_no_module(tree, one):
        full = f"{new}.{one.attribute}"
        _rewrite(tree, one, ast.Import([ast.alias(one.module, new)]), full)
    elif one.plain and (read := attributes(tree, one, whole=True)):
        nodes = set(read)
        replace(tree, lambda node: ast.Name(new) if node in nodes else None)
        one.alias.asname = new
    else:
        return False
    return True


def _parent(tree: ast.Module, one: Import, new: str) -> bool:
    """Write `import a.b` as `from a import b`, and `from a.b import c` as that with `b.c`."""
    package, _, last = one.module.rpartition(".")
    if not package:
        return False
    statement = ast.ImportFrom(package, [ast.alias(last, new.lower())], 0)
    if not one.attribute and one.alias.asname:
        statement.names[0].asname = one.name
        _rewrite(tree, one, statement, one.name)
    elif one.plain and (read := attributes(tree, one, whole=True)):
        nodes = set(read)
        replace(tree, lambda node: ast.Name(new.lower()) if node in nodes else None)
        tree.body.insert(drop(tree, one), statement)
    elif one.attribute and is_no_module(tree, one):
        _rewrite(tree, one, statement, f"{new.lower()}.{one.attribute}")
    else:
        return False
    return True


def _rewrite(tree: ast.Module, one: Import, statement: ast.stmt, full: str) -> None:
    nodes = set(uses(tree, one.name))
    replace(tree, lambda node: expression(full) if node in nodes else None)
    tree.body.insert(drop(tree, one), statement)


def _inside(tree: ast.Module, one: Import, _new: str) -> bool:
    """Write the import into each function that reads the name, where nothing else does."""
    up = parents(tree)
    owners = []
    for use in uses(tree, one.name):
        held = [each for each, child in above(up, use) if _runs(each, child)]
        if owner(up, use) is None or not held:
            return False
        owners.append(held[-1])
    if not owners:
        return False
    copy = alone(one)
    drop(tree, one)
    for each in dict.fromkeys(owners):
        assert isinstance(each, FUNCTIONS)
        each.body.insert(docstring(each), copy)
    return True


def _runs(parent: ast.AST, child: ast.AST) -> bool:
    return isinstance(parent, FUNCTIONS) and isinstance(child, ast.stmt)


def _address(tree: ast.Module, one: Import, _new: str) -> bool:
    """Import it from the module that its package defines it in."""
    other = ADDRESSES.get(one.target)
    if other is None:
        return False
    package, _, last = other.rpartition(".")
    alias = ast.alias(last, None if last == one.name else one.name)
    statement = ast.ImportFrom(package, [alias], 0)
    tree.body.insert(drop(tree, one), statement)
    return True


CHANGES: dict[str, Change] = {
    "import: alias": _alias,
    "import: from instead of attribute": _from,
    "import: from as instead of attribute": _from_as,
    "import: dotted with attribute": _dotted,
    "import: module as": _module_as,
    "import: from the parent package": _parent,
    "import: inside the function": _inside,
    "import: other address": _address,
}
