"""Finds tables that are created on a connection which nobody commits."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    kind,
    method_calls,
    ref,
    valued,
)

CONNECT = "sqlalchemy.ext.asyncio.AsyncEngine.connect"
MADE = frozenset({"create_all", "drop_all"})
ENTERS = frozenset({"enter_async_context", "enter_context"})
HARMLESS = frozenset({"run_sync", "execute", "exec_driver_sql", "scalar", "scalars", "close"})
SAID = (
    "`.connect()` rolls back what nobody commits, so these tables are gone: open it with "
    "`engine.begin()`, or commit afterwards"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the calls of `create_all` on a connection that is closed without a commit."""
    if b"_all" not in module.content:
        return
    for call in method_calls(module, "run_sync"):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        given = argument(module, call, "fn", 0) if isinstance(owner, ast.Name) else None
        if isinstance(given, Given) and isinstance(owner, ast.Name) and _creates(given):
            yield from _judged(module, call, owner)


def _creates(given: Given) -> bool:
    """Tell whether what `run_sync` is given is `metadata.create_all`, bare or wrapped."""
    source, value = valued(given.module, given.node)
    found = ref(source, value) if isinstance(value, ast.Name) else None
    if found is not None and found.module is not None and isinstance(found.node, FUNCTIONS):
        called = [one.func for one in found.module.within(found.node, ast.Call)]
        names = {one.attr for one in called if isinstance(one, ast.Attribute)}
        return bool(names & MADE) and "commit" not in names
    if isinstance(value, ast.Lambda):
        value = value.body
    if isinstance(value, ast.Call):
        # partial(metadata.create_all, checkfirst=False), or what a lambda calls.
        return any(
            isinstance(one, ast.Attribute) and one.attr in MADE for one in (value.func, *value.args)
        )
    return isinstance(value, ast.Attribute) and value.attr in MADE


def _judged(module: Module, call: ast.Call, owner: ast.Name) -> Iterator[Hit]:
    opened = _opened(module, owner)
    if opened is None or not _connects(module, opened):
        return
    scope = next(module.scopes(owner), module.tree.root)
    for one in module.within(scope, ast.Name):
        if one.id == owner.id and isinstance(one.ctx, ast.Load) and _may_commit(module, one):
            return
    yield Hit(call, SAID)


def _opened(module: Module, owner: ast.Name) -> ast.expr | None:
    """Return what a connection's name was given, in its own scope and once."""
    scope = next(module.scopes(owner), module.tree.root)
    held = module.bindings.scopes.get(scope, {}).get(owner.id, [])
    before = [one for one in held if one.line <= owner.lineno]
    last = before[-1] if before else None
    if last is None or last.how not in {"with", "assign"} or last.value is None:
        return None
    value = last.value.value if isinstance(last.value, ast.Await) else last.value
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") in ENTERS and value.args:
        return value.args[0]
    return value


def _connects(module: Module, node: ast.expr) -> bool:
    """Tell whether an expression opens a connection without a transaction to be committed."""
    source, value = valued(module, node)
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call) or value.args or value.keywords:
        return False
    method = valued(source, value.func)[1]
    engine = method.value if isinstance(method, ast.Attribute) else None
    if engine is not None and _commits_itself(source, engine):
        return False
    named = ref(source, value.func)
    if named is not None:
        return named.dotted == CONNECT
    if engine is None or getattr(method, "attr", "") != "connect":
        return False
    if kind(source, engine) is not None or isinstance(engine, ast.Call):
        return False
    # Whose class cannot be told, and whose name says it.
    name = engine.attr if isinstance(engine, ast.Attribute) else getattr(engine, "id", "")
    return name.lower().endswith("engine")


def _commits_itself(module: Module, engine: ast.expr) -> bool:
    """Tell whether an engine was made to commit every statement."""
    source, made = valued(module, engine)
    return isinstance(made, ast.Call) and argument(source, made, "isolation_level") is not None


def _may_commit(module: Module, one: ast.Name) -> bool:
    """Tell whether a use of the connection begins, commits, or gives it to somebody else."""
    parent = module.parent(one)
    return not isinstance(parent, ast.Attribute) or parent.attr not in HARMLESS


RULE = Rule(
    name="create-all-without-begin",
    why="A connection of `engine.connect()` is rolled back when it closes, and in most databases "
    "the new tables go with it; SQLite's driver hides that.",
    wrong="""\
from sqlalchemy.ext.asyncio import AsyncEngine

from shop.models import Base


async def prepare(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.run_sync(Base.metadata.create_all)
# file: shop/models.py
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
""",
    right="""\
from sqlalchemy.ext.asyncio import AsyncEngine

from shop.models import Base


async def prepare(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
# file: shop/models.py
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
""",
    taught="python-backend/references/data.md#creating-tables",
    source=(
        "https://docs.sqlalchemy.org/en/21/core/connections.html#commit-as-you-go",
        "https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#synopsis-core",
    ),
    looks_at=frozenset({"service", "scripts", "tests"}),
    check=check,
)
