"""Finds async sessions whose objects cannot be read any more after a commit."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Call, Given, Module, calls, is_a, method_calls, ref

SESSION = "sqlalchemy.ext.asyncio.AsyncSession"
MAKERS = frozenset({"sqlalchemy.ext.asyncio.async_sessionmaker"})
SYNC_MAKERS = frozenset({"sqlalchemy.orm.sessionmaker"})
OPTION = "expire_on_commit"
COMMITS = frozenset({"begin", "begin_nested", "commit"})
SAID = (
    "attributes expire at commit, and reading one afterwards needs a query that nothing awaits "
    "(MissingGreenlet): pass `expire_on_commit=False`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield what makes async sessions and leaves them the default of sync ones."""
    made = [one for one in calls(module, *MAKERS, *SYNC_MAKERS, SESSION) if _is_async(one)]
    if not made or _configured(module):
        return
    for call in made:
        if call.given(OPTION) is None and not _is_read_only(call) and not _is_opened_so(call):
            yield Hit(call.node, SAID)


def _is_async(call: Call) -> bool:
    if call.name not in SYNC_MAKERS:
        given = call.given("class_")
        if call.name == SESSION or given is None:
            return call.name in MAKERS or call.given("bind", 0) is not None
        # A session class of the project's own may settle it in its __init__.
        return isinstance(given, Given) and _is_plain(given)
    given = call.given("class_", 1)
    return isinstance(given, Given) and _is_plain(given)


def _is_plain(given: Given) -> bool:
    found = ref(given.module, given.node)
    if found is None or not is_a(found, {SESSION}):
        return False
    held = getattr(found.node, "body", ())
    return not any(getattr(one, "name", "") == "__init__" for one in held)


def _is_read_only(call: Call) -> bool:
    """Tell whether a session stays in its own `with`, which commits nothing."""
    module, item = call.module, call.module.parent(call.node)
    if call.name != SESSION or not isinstance(item, ast.withitem):
        return False
    block, name = module.parent(item), item.optional_vars
    if block is None or not isinstance(name, ast.Name):
        return False
    used = [one for one in module.within(block, ast.Name) if one.id == name.id and one is not name]
    methods = [module.parent(one) for one in used]
    return all(isinstance(one, ast.Attribute) and one.attr not in COMMITS for one in methods)


def _is_opened_so(call: Call) -> bool:
    """Tell whether sessions get the option where they are opened: `self.new(expire_on_commit=)`."""
    parent = call.module.parent(call.node)
    targets = getattr(parent, "targets", None) or [getattr(parent, "target", None)]
    names = {getattr(one, "attr", None) or getattr(one, "id", None) for one in targets} - {None}
    program = call.module.program
    for path in program.library.holding(OPTION) if names else ():
        module = program.module(path)
        for one in module.nodes(ast.Call) if module is not None else ():
            named = getattr(one.func, "attr", None) or getattr(one.func, "id", None)
            if named in names and any(each.arg == OPTION for each in one.keywords):
                return True
    return False


def _configured(module: Module) -> bool:
    """Tell whether a factory is told later: `Session.configure(expire_on_commit=False)`."""
    return any(
        one.arg == OPTION for call in method_calls(module, "configure") for one in call.keywords
    )


RULE = Rule(
    name="async-session-expires",
    why="After a commit the default session reloads an object when one of its attributes is read, "
    "and outside of an await that reload raises MissingGreenlet.",
    wrong="""\
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://app@db/shop")
new_session = async_sessionmaker(engine, class_=AsyncSession)
""",
    right="""\
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

engine = create_async_engine("postgresql+asyncpg://app@db/shop")
new_session = async_sessionmaker(engine, expire_on_commit=False)
""",
    taught="python-backend/references/data.md#async-sessions",
    source=(
        "https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#preventing-implicit-io-when-using-asyncsession",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
