"""Finds the imports of a module whose name a mutation may spell in another way."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from benchmarks.mutations.example import FUNCTIONS, Source
from benchmarks.mutations.scopes import above, dotted, is_future, noted, parents
from benchmarks.mutations.walking import walk

MODULES = frozenset(
    "celery.exceptions fastapi.responses fastapi.security fastapi.status google.cloud.storage "
    "jose.jwt redis.asyncio redis.exceptions requests.exceptions sqlalchemy.exc sqlalchemy.orm "
    "sqlalchemy.dialects.postgresql starlette.status alembic.op tenacity.stop".split()
)
"""Names of packages outside of the standard library that are modules themselves."""


WRITTEN = (ast.Store, ast.Del)


@dataclass(frozen=True, slots=True)
class Import:
    """One name that an import at the top of a module binds; `attribute` is "" for a module."""

    statement: ast.Import | ast.ImportFrom
    alias: ast.alias
    name: str
    module: str
    attribute: str

    @property
    def target(self) -> str:
        """The dotted name of what is imported."""
        return f"{self.module}.{self.attribute}" if self.attribute else self.module

    @property
    def plain(self) -> bool:
        """Whether it is `import a.b`, which binds `a` only."""
        return not self.attribute and self.alias.asname is None and "." in self.module


def imports(tree: ast.Module) -> Iterator[Import]:
    """Yield the imports at the top of a module, none of them relative, from `*` or the future."""
    for one in tree.body:
        if isinstance(one, ast.Import):
            for each in one.names:
                name = each.asname or each.name.partition(".")[0]
                yield Import(one, each, name, each.name, "")
        elif isinstance(one, ast.ImportFrom) and not one.level and not is_future(one):
            for each in one.names:
                if each.name != "*":
                    yield Import(one, each, each.asname or each.name, one.module or "", each.name)


def free(source: Source, tree: ast.Module) -> list[Import]:
    """Return the imports whose name nothing else binds, and nobody looks up by its text.

    Two imports of one name, as `import a.b` and `import a.c`, belong together and stay.
    """
    bindings = Counter(every_binding(tree))
    spelled = looked_up(source, tree)
    return [
        one
        for one in imports(tree)
        if bindings[one.name] == 1 and one.name not in spelled and one.name != "pytest_plugins"
    ]


def foreign(source: Source, tree: ast.Module) -> list[Import]:
    """Return those of the free imports that bring in something of another project."""
    own = {path.partition("/")[0].removesuffix(".py") for path in source.example.python()}
    return [one for one in free(source, tree) if one.module.partition(".")[0] not in own]


def every_binding(tree: ast.Module) -> Iterator[str]:
    """Yield the name of each place that binds one, in whatever scope."""
    for node in walk(tree):
        # A name that a mutation made has no context; it is one that is read.
        if isinstance(node, ast.Name) and isinstance(getattr(node, "ctx", None), WRITTEN):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.partition(".")[0]
        elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            yield node.name or ""
        elif isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def looked_up(source: Source, tree: ast.Module) -> set[str]:
    """Return the names that texts spell, and those that other files import from this one."""
    found: set[str] = set()
    notes = noted(tree)
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            spelled = not re.search(r"\s", node.value) or node in notes
            found |= set(re.findall(r"\w+", node.value)) if spelled else set()
    stem = source.path.rpartition("/")[2].removesuffix(".py")
    for path, text in source.example.files.items():
        words = set(re.findall(r"\w+", text)) if path != source.path else set()
        found |= words if stem in words else set()
    return found


def uses(tree: ast.AST, name: str) -> list[ast.Name]:
    """Return the places where a name is read."""
    return [one for one in walk(tree) if isinstance(one, ast.Name) and one.id == name]


def attributes(tree: ast.AST, one: Import, *, whole: bool = False) -> list[ast.Attribute] | None:
    """Return the attributes that are read of an imported module, None where it is used otherwise.

    Of `import a.b` those of `a.b`, or with `whole` the places that spell `a.b` itself.
    """
    up = parents(tree)
    spelled = one.module if one.plain else one.name
    depth = spelled.count(".") + (not whole)
    found = []
    for use in uses(tree, one.name):
        chain = [parent for parent, _ in above(up, use)][:depth]
        last = chain[-1] if chain else None
        if not isinstance(last, ast.Attribute) or not isinstance(last.ctx, ast.Load):
            return None
        if dotted(last if whole else last.value) != spelled:
            return None
        found.append(last)
    return found


def is_module(one: Import) -> bool | None:
    """Tell whether what is imported from a package is a module; None where nobody can tell."""
    if one.target in MODULES:
        return True
    standard = one.module.partition(".")[0] in sys.stdlib_module_names
    return _is_standard_module(one.target) if standard else None


@cache
def _is_standard_module(dotted: str) -> bool:
    try:
        return find_spec(dotted) is not None
    except (ImportError, ValueError):
        return False


def is_no_module(tree: ast.Module, one: Import) -> bool:
    """Tell whether what is imported is surely no module: it is called, or called like a class."""
    known = is_module(one)
    if known is not None:
        return not known
    up = parents(tree)
    called = any(
        isinstance(up[use], ast.Call) and up[use].func is use  # type: ignore[attr-defined]
        for use in uses(tree, one.name)
    )
    return called or one.attribute[:1].isupper()


def alone(one: Import) -> ast.Import | ast.ImportFrom:
    """Return a statement that imports the one name."""
    if one.attribute:
        return ast.ImportFrom(one.module, [one.alias], 0)
    return ast.Import([one.alias])


def drop(tree: ast.Module, one: Import) -> int:
    """Take an import out of its statement, and return where that stands."""
    at = tree.body.index(one.statement)
    one.statement.names.remove(one.alias)
    if not one.statement.names:
        del tree.body[at]
    return at
