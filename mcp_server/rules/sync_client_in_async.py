"""Finds coroutines that wait on a synchronous client, and stop the whole event loop so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Call, Module, calls, constant, ref

MESSAGE = (
    "`{}` waits in `async def {}` and stops the whole event loop: "
    "use {}, or `await asyncio.to_thread(...)`"
)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


HTTP = _set("get post put patch delete head options request send stream")
DATABASE = _set(
    "execute executemany executescript fetchone fetchall fetchmany commit rollback callproc "
    "copy_expert copy_from copy_to exec_driver_sql"
)
SESSION = DATABASE | _set(
    "scalar scalars get get_one flush refresh merge exec query bulk_save_objects "
    "bulk_insert_mappings bulk_update_mappings connection"
)
MONGO = _set(
    "find_one find_one_and_update find_one_and_replace find_one_and_delete insert_one insert_many "
    "update_one update_many replace_one delete_one delete_many bulk_write count_documents "
    "estimated_document_count distinct create_index drop command"
)
MODEL = _set("create parse stream generate retrieve list")
SEARCH = _set(
    "search index get bulk update delete create count mget msearch exists delete_by_query"
)
SMTP = _set("connect login sendmail send_message starttls ehlo helo quit noop verify")
RUNNING = _set("connect begin")
PEEWEE = _set("connect execute execute_sql")
OTHER = "an asynchronous driver"

AFTER: dict[str, tuple[frozenset[str], str]] = {
    "MySQLdb.Connection": (DATABASE, "asyncmy or aiomysql"),
    "MySQLdb.Cursor": (DATABASE, "asyncmy or aiomysql"),
    "anthropic.Anthropic": (MODEL, "`AsyncAnthropic`"),
    "elasticsearch.Elasticsearch": (SEARCH, "`AsyncElasticsearch`"),
    "flask_sqlalchemy.SQLAlchemy.session": (SESSION, "an `AsyncSession`"),
    "httpx.Client": (HTTP, "`httpx.AsyncClient`"),
    "mysql.connector.Connection": (DATABASE, "`mysql.connector.aio`"),
    "mysql.connector.Cursor": (DATABASE, "`mysql.connector.aio`"),
    "openai.AzureOpenAI": (MODEL, "`AsyncAzureOpenAI`"),
    "openai.OpenAI": (MODEL, "`AsyncOpenAI`"),
    "opensearchpy.OpenSearch": (SEARCH, "`AsyncOpenSearch`"),
    "psycopg.Connection": (DATABASE, "`psycopg.AsyncConnection`"),
    "psycopg.Cursor": (DATABASE, "`psycopg.AsyncCursor`"),
    "psycopg2.Connection": (DATABASE, "psycopg's `AsyncConnection`"),
    "psycopg2.Cursor": (DATABASE, "psycopg's `AsyncConnection`"),
    "ibm_db_dbi.Connection": (DATABASE, OTHER),
    "ibm_db_dbi.Cursor": (DATABASE, OTHER),
    "oracledb.Connection": (DATABASE, "`oracledb.connect_async`"),
    "oracledb.Cursor": (DATABASE, "`oracledb.connect_async`"),
    "peewee.MySQLDatabase": (PEEWEE, OTHER),
    "peewee.PostgresqlDatabase": (PEEWEE, OTHER),
    "pymongo.Collection": (MONGO, "`pymongo.AsyncMongoClient`"),
    "pymongo.Database": (MONGO, "`pymongo.AsyncMongoClient`"),
    "pymongo.MongoClient": (MONGO, "`pymongo.AsyncMongoClient`"),
    "pymssql.Connection": (DATABASE, "aioodbc"),
    "pymssql.Cursor": (DATABASE, "aioodbc"),
    "pymysql.Connection": (DATABASE, "asyncmy or aiomysql"),
    "pymysql.Cursor": (DATABASE, "asyncmy or aiomysql"),
    "pyodbc.Connection": (DATABASE, "aioodbc"),
    "pyodbc.Cursor": (DATABASE, "aioodbc"),
    "redis.Pipeline": (_set("execute watch"), "`redis.asyncio`"),
    "redis.lock.Lock": (_set("acquire release"), "`redis.asyncio`"),
    "requests.Session": (HTTP, "`httpx.AsyncClient`"),
    "smtplib.SMTP": (SMTP, "aiosmtplib"),
    "smtplib.SMTP_SSL": (SMTP, "aiosmtplib"),
    "sqlalchemy.Connection": (SESSION, "an `AsyncConnection`"),
    "sqlalchemy.Engine": (DATABASE | RUNNING, "`create_async_engine`"),
    "sqlalchemy.orm.Session": (SESSION, "an `AsyncSession`"),
    "sqlalchemy.orm.scoped_session": (SESSION, "an `AsyncSession`"),
    "sqlite3.Connection": (DATABASE, "aiosqlite"),
    "sqlite3.Cursor": (DATABASE, "aiosqlite"),
    "sqlmodel.Session": (SESSION, "an `AsyncSession`"),
    "trino.dbapi.Cursor": (DATABASE, OTHER),
    "urllib3.PoolManager": (_set("request urlopen"), "`httpx.AsyncClient`"),
}
"""The methods that wait, by the class of their object, and what waits without stopping the loop."""
BUT: dict[str, tuple[frozenset[str], str]] = {
    "boto3.client": (
        _set(
            "generate_presigned_url generate_presigned_post get_paginator get_waiter can_paginate "
            "close"
        ),
        "aioboto3",
    ),
    "boto3.resource": (_set("get_available_subresources"), "aioboto3"),
    "redis.Redis": (
        _set(
            "from_url pipeline pubsub lock register_script monitor client close get_encoder "
            "get_connection_kwargs set_response_callback load_external_module ft json ts bf "
            "transaction __enter__"
        ),
        "`redis.asyncio`",
    ),
}
"""Classes whose methods wait, all but these."""
FUNCTIONS: dict[str, tuple[frozenset[str], str]] = {
    "httpx": (HTTP - {"send"}, "`httpx.AsyncClient`"),
    "ibm_db": (_set("connect exec_immediate execute fetch_assoc fetch_tuple"), OTHER),
    "ibm_db_dbi": (_set("connect"), OTHER),
    "mysql.connector": (_set("connect"), "`mysql.connector.aio`"),
    "oracledb": (_set("connect"), "`oracledb.connect_async`"),
    "psycopg": (_set("connect"), "`psycopg.AsyncConnection`"),
    "psycopg2": (_set("connect"), "psycopg's `AsyncConnection`"),
    "pymssql": (_set("connect"), "aioodbc"),
    "pymysql": (_set("connect"), "asyncmy or aiomysql"),
    "pyodbc": (_set("connect"), "aioodbc"),
    "requests": (HTTP - {"send", "stream"}, "`httpx.AsyncClient`"),
    "requests.api": (HTTP - {"send", "stream"}, "`httpx.AsyncClient`"),
    "urllib.request": (_set("urlopen urlretrieve"), "`httpx.AsyncClient`"),
    "urllib3": (_set("request"), "`httpx.AsyncClient`"),
}
"""Functions that wait."""
ROOTS = tuple(sorted({f"{one.partition('.')[0]}." for one in (*AFTER, *BUT, *FUNCTIONS)}))
CHAINED = ("anthropic.", "openai.", "pymongo.", "boto3.resource.")
"""Clients whose methods stand on attributes of them: `client.chat.completions.create`."""
AWAITING = frozenset(
    f"asyncio.{one}" for one in "gather wait_for create_task ensure_future shield".split()
)
DATA = re.compile(r"data_ur[il]|['\"]data:")
"""An address that holds what it names: nothing is waited for."""
STARTING = re.compile(r"lifespan|start_?up|shut_?down")
"""Functions that run once, when nothing else waits on the loop."""

TASKS = frozenset(
    b"create_task ensure_future gather TaskGroup start_soon start_server serve run_app uvicorn "
    b"FastAPI Starlette Quart Sanic APIRouter Client Bot on_message wait as_completed".split()
)
"""Words of modules in which several things run in one loop."""
MOST = 12
"""How many functions are followed from where a program starts."""


def check(module: Module) -> Iterator[Hit]:
    """Yield the first call of each client on which a coroutine waits, and the loop with it."""
    if not module.nodes(ast.AsyncFunctionDef):
        return
    told: set[tuple[ast.AST | None, str]] = set()
    for call in calls(module, *ROOTS):
        found = _waits(call)
        if found is None:
            continue
        function = module.function(call.node)
        # A connection of an engine, or a cursor of a connection, is no cause of its own.
        key = (function, found[0].partition(".")[0])
        if not isinstance(function, ast.AsyncFunctionDef) or key in told:
            continue
        if _is_awaited(module, call.node) or STARTING.search(function.name.lower()):
            continue
        if DATA.search(f"{function.name} {ast.unparse(call.node)}") or _is_alone(module, function):
            continue
        told.add(key)
        yield Hit(call.node, MESSAGE.format(_short(call.name), function.name, found[1]))


def _is_alone(module: Module, function: ast.AsyncFunctionDef) -> bool:
    """Tell whether nothing else can run in the loop: a program that waits at a terminal.

    It asks for a line with `input()`, which stops the loop as well; or its module's own
    `if __name__ == "__main__":` starts it, and nothing in the module makes a task of anything.
    """
    if any(module.function(one.node) is function for one in calls(module, "builtins.input")):
        return True
    words = module.program.library.words[module.path]
    if b"__main__" not in words or words & TASKS:
        return False
    running: list[ast.AST] = [one for one in module.tree.root.body if _is_guard(one)]
    for one in running:
        for call in module.within(one, ast.Call):
            found = ref(module, call.func)
            if found is not None and found.module is module and found.node not in running:
                if found.node is function:
                    return True
                if found.node is not None and len(running) < MOST:
                    running.append(found.node)
    return False


def _is_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


def _waits(call: Call) -> tuple[str, str] | None:
    """Return the client on which a call waits, and what to use instead."""
    owner, _, last = call.name.rpartition(".")
    for known in (AFTER, FUNCTIONS):
        held = known.get(owner)
        if held is not None:
            return (owner, held[1]) if last in held[0] else None
    for name, (harmless, instead) in BUT.items():
        if call.name.startswith(f"{name}."):
            rest = call.name[len(name) + 1 :].split(".")
            # `resource.Table("orders")` names a table, and asks nothing.
            waits = rest[-1] not in harmless and not rest[-1][:1].isupper()
            waits = waits and not rest[0].startswith("_") and rest[0] != "exceptions"
            chained = len(rest) == 1 or name == "boto3.resource"
            return (name, instead) if waits and chained else None
    if call.name.startswith(CHAINED):
        for name, (methods, instead) in AFTER.items():
            if call.name.startswith(f"{name}.") and last in methods:
                return name, instead
    if call.name in {"smtplib.SMTP", "smtplib.SMTP_SSL"}:
        # The constructor connects where it is given a host.
        given = call.given("host", 0)
        return (call.name, "aiosmtplib") if given is not None else None
    if call.name == "sqlite3.connect":
        memory = constant(call.module, call.node.args[0]) if call.node.args else None
        return ("sqlite3.Connection", "aiosqlite") if memory != ":memory:" else None
    return None


def _is_awaited(module: Module, call: ast.Call) -> bool:
    """Tell whether a call's value is awaited, so that its class was told wrong."""
    parent = module.parent(call)
    if isinstance(parent, ast.Await):
        return True
    if isinstance(parent, ast.Call):
        named = ref(module, parent.func)
        return named is not None and named.dotted in AWAITING
    if isinstance(parent, ast.withitem):
        return isinstance(module.parent(parent), ast.AsyncWith)
    return isinstance(parent, ast.AsyncFor) and parent.iter is call


def _short(name: str) -> str:
    """Return the last two parts of a name: `Redis.get`."""
    return ".".join(name.split(".")[-2:])


RULE = Rule(
    name="sync-client-in-async",
    why="While a coroutine waits on a synchronous client, no other request of the process moves.",
    wrong="""\
import redis

client = redis.Redis(host="cache")


async def keep_price(sku: str, seconds: int) -> bool:
    return bool(client.expire(f"price:{sku}", seconds))
""",
    right="""\
from redis.asyncio import Redis


async def keep_price(client: Redis, sku: str, seconds: int) -> bool:
    return bool(await client.expire(f"price:{sku}", seconds))
""",
    taught="python-services/references/async.md#waiting",
    source=(
        "https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code",
        "https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread",
        "https://redis.readthedocs.io/en/stable/examples/asyncio_examples.html",
    ),
    same_as=("ASYNC210", "ASYNC212"),
    looks_at=frozenset({"service"}),
    check=check,
)
