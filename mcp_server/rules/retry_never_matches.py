"""Finds retries on builtin exceptions around calls of libraries that never raise those."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Call,
    Given,
    Module,
    Ref,
    bases,
    calls,
    decorations,
    ref,
    valued,
)

ON = {
    "tenacity.retry": ("retry", 3),
    "tenacity.Retrying": ("retry", 3),
    "tenacity.AsyncRetrying": ("retry", 3),
    "backoff.on_exception": ("exception", 1),
    "stamina.retry": ("on", None),
    "stamina.retry_context": ("on", None),
    "celery.shared_task": ("autoretry_for", None),
    "celery.Celery.task": ("autoretry_for", None),
}
"""Where a retry takes what it retries on: its keyword and its place."""
SAME = {
    "asyncio.TimeoutError": "TimeoutError",
    "concurrent.futures.TimeoutError": "TimeoutError",
    "socket.timeout": "TimeoutError",
}
"""Other names of builtin exceptions, from Python 3.11 on."""
NONE: tuple[type[OSError], ...] = ()
OWN: dict[str, tuple[tuple[type[OSError], ...], str]] = {
    "aiohttp": ((OSError, TimeoutError, ConnectionResetError), "aiohttp.ClientConnectionError"),
    "anthropic": (NONE, "anthropic.APIConnectionError"),
    "boto3": ((OSError,), "botocore.exceptions.ConnectionError"),
    "elasticsearch": (NONE, "elasticsearch.ConnectionError"),
    "httpcore": (NONE, "httpcore.NetworkError"),
    "httpx": (NONE, "httpx.TransportError"),
    "openai": (NONE, "openai.APIConnectionError"),
    "psycopg": (NONE, "psycopg.OperationalError"),
    "psycopg2": (NONE, "psycopg2.OperationalError"),
    "pymongo": (NONE, "pymongo.errors.ConnectionFailure"),
    "redis": (NONE, "redis.exceptions.ConnectionError"),
    "requests": ((OSError,), "requests.ConnectionError"),
    "stripe": (NONE, "stripe.APIConnectionError"),
    "urllib3": (NONE, "urllib3.exceptions.HTTPError"),
}
"""The builtins among the bases of what a library raises for a failed call, and what to name.

Read off the classes' `__mro__` in November 2026: httpx 0.28.1, httpx2 2.16.2, requests 2.34.2,
redis 8.1.0, aiohttp 3.14.5, urllib3 2.8.0, and of the others what was current.
"""
BUILTIN = tuple(
    "aio_pika. aiosmtplib. anyio.connect_tcp anyio.fail_after anyio.open_file async_timeout. "
    "asyncio.open_connection asyncio.timeout asyncio.timeout_at asyncio.wait_for asyncpg. "
    "asyncssh. builtins.open ftplib. http.client. imaplib. os. paramiko. pathlib. shutil. "
    "smtplib. socket. subprocess. telnetlib. urllib.request. websockets.".split()
)
"""What raises the system's builtin exceptions: beside a library it may be what is retried."""
QUIET = ("os.environ", "os.getenv", "os.path.", "os.getpid", "pathlib.PurePath")
HARMLESS = frozenset({"from_url", "close", "aclose", "json", "raise_for_status"})
BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
DEEPEST = 8
MOST = 40
"""How deep, and how many functions of the project are followed."""
SAID = "`{}` raises none of {}, so this never retries a failed call: name its own, such as `{}`"


def check(module: Module) -> Iterator[Hit]:
    """Yield the retries whose exceptions nothing in what they repeat can raise."""
    for call in calls(module, *ON):
        named = _named(call)
        yield from _judged(call.node, named, [*_repeated(call)] if named else [])
    for function in module.functions():
        # A retry that another module of the project made is told of where it is used.
        for found, node in decorations(module, function):
            if isinstance(node, ast.Call) or found.module in {None, module}:
                continue
            source, value = valued(module, node)
            made = ref(source, value.func) if isinstance(value, ast.Call) else None
            if isinstance(value, ast.Call) and made is not None and made.dotted in ON:
                named = _named(Call(source, value, made.dotted))
                yield from _judged(node, named, [(module, function)] if named else [])


def _named(call: Call) -> list[type[OSError]]:
    """Return the builtin exceptions that a retry is for, none where it is for others too."""
    given = call.given(*ON[call.name])
    found = [*_types(given.module, given.node)] if isinstance(given, Given) else []
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def _judged(
    node: ast.AST, named: list[type[OSError]], repeated: list[tuple[Module, ast.AST]]
) -> Iterator[Hit]:
    library = next((one for each in repeated if (one := _library(*each, named))), None)
    if library is not None:
        shown = ", ".join(f"`{one.__name__}`" for one in named[:3])
        yield Hit(node, SAID.format(library, shown, OWN[library][1]))


def _types(module: Module, node: ast.expr, depth: int = 0) -> Iterator[type[OSError] | None]:
    """Yield the builtin exceptions that a retry names; None for whatever else it retries on."""
    source, value = valued(module, node)
    parts: list[Given] = []
    if depth > DEEPEST:
        yield None
    elif isinstance(value, ast.Tuple | ast.List | ast.Set):
        parts = [Given(source, one) for one in value.elts]
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        parts = [Given(source, value.left), Given(source, value.right)]
    elif isinstance(value, ast.Call):
        made = ref(source, value.func)
        name = made.dotted if made is not None else ""
        given = Call(source, value, name).given("exception_types", 0)
        if name == "tenacity.retry_if_exception_type" and isinstance(given, Given):
            parts = [given]
        elif name == "tenacity.retry_any":
            parts = [Given(source, one) for one in value.args]
        if not parts:
            yield None
    else:
        found = ref(source, value)
        yield _builtin(found) if found is not None else None
    for each in parts:
        yield from _types(each.module, each.node, depth + 1)


def _builtin(found: Ref) -> type[OSError] | None:
    """Return the builtin exception that something is, where it is an `OSError`."""
    name = SAME.get(found.dotted, found.dotted.removeprefix("builtins."))
    kind = getattr(builtins, name, None) if "." not in name else None
    return kind if isinstance(kind, type) and issubclass(kind, OSError) else None


def _repeated(call: Call) -> Iterator[tuple[Module, ast.AST]]:
    """Yield what a retry repeats: a function, the body of a loop, a method that it is given."""
    module, node = call.module, call.node
    yield from _used(module, node)
    parent = module.parent(node)
    targets = getattr(parent, "targets", None) or [getattr(parent, "target", None)]
    if isinstance(parent, ast.NamedExpr):
        yield from _used(module, parent)
    names = {one.id for one in targets if isinstance(one, ast.Name)}
    for one in module.nodes(ast.Name) if names else ():
        if one.id in names and one not in targets and valued(module, one)[1] is node:
            yield from _used(module, one)
    kept = {one.attr for one in targets if isinstance(one, ast.Attribute)}
    for each in module.nodes(ast.Attribute) if kept else ():
        if each.attr in kept and module.class_of(each) is module.class_of(node):
            yield from _used(module, each)


def _used(module: Module, node: ast.expr) -> Iterator[tuple[Module, ast.AST]]:
    parent = module.parent(node)
    if isinstance(parent, (*FUNCTIONS, ast.For, ast.AsyncFor)):
        yield module, parent
    elif isinstance(parent, ast.withitem):
        yield module, module.parent(parent) or parent
    elif isinstance(parent, ast.Call) and parent.func is node and parent.args:
        yield from _function(module, parent.args[0])
    elif isinstance(parent, ast.Attribute) and parent.attr in {"wraps", "call"}:
        yield from _used(module, parent)


def _function(module: Module, node: ast.expr) -> Iterator[tuple[Module, ast.AST]]:
    found = ref(module, node)
    if found is not None and found.module is not None and isinstance(found.node, FUNCTIONS):
        yield found.module, found.node
    elif isinstance(node, ast.Lambda) or (found is not None and found.module is None):
        yield module, node


def _library(module: Module, body: ast.AST, named: list[type[OSError]]) -> str | None:
    """Return the library that a body calls, where neither it nor anything there raises these."""
    called: str | None = None
    for dotted in _reached(module, body):
        name, last = dotted.partition(".")[0], dotted.rpartition(".")[2]
        if dotted.startswith(QUIET) or last[:1].isupper() or last in HARMLESS:
            continue
        if any(dotted == one or (one[-1] == "." and dotted.startswith(one)) for one in BUILTIN):
            return None
        if name in OWN:
            if any(issubclass(one, tuple(named)) for one in OWN[name][0]):
                return None
            called = called or name
    return called


def _reached(module: Module, body: ast.AST) -> Iterator[str]:
    """Yield the foreign things that a body calls or raises, also in functions of the project."""
    waiting = [(module, body, 0)]
    seen: set[ast.AST] = {body}
    for source, node, depth in waiting:
        given = ref(source, node) if isinstance(node, ast.Attribute | ast.Name) else None
        if given is not None:
            yield given.dotted
        for one in source.within(node, ast.Raise):
            if one.exc is not None and _raises_builtin(source, one.exc):
                yield "builtins.open"
        for call in source.within(node, ast.Call):
            found = ref(source, call.func)
            if found is not None and found.module is None:
                if not _caught(source, call, found.dotted):
                    yield found.dotted
            elif found is None or found.module is None or found.node in seen:
                continue
            elif isinstance(found.node, FUNCTIONS) and depth < DEEPEST and len(seen) < MOST:
                seen.add(found.node)
                waiting.append((found.module, found.node, depth + 1))


def _raises_builtin(module: Module, node: ast.expr) -> bool:
    """Tell whether a `raise` may raise a builtin exception of the system, or a class of it."""
    made = node.func if isinstance(node, ast.Call) else node
    found = ref(module, made)
    if found is None:
        return True
    if found.module is None:
        return _builtin(found) is not None
    if isinstance(found.node, ast.ClassDef):
        return any(_builtin(one) is not None for one in bases(found.module, found.node))
    return True


def _caught(module: Module, call: ast.Call, dotted: str) -> bool:
    """Tell whether what a call of a library raises is handled right there, for good."""
    library = f"{dotted.partition('.')[0]}."
    for handler in (each for one in module.tries(call) for each in one.handlers):
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = [one.dotted for each in kinds if each is not None and (one := ref(module, each))]
        all_ = handler.type is None or any(one in BROAD for one in names)
        if (all_ or any(one.startswith(library) for one in names)) and not any(
            module.within(handler, ast.Raise)
        ):
            return True
    return False


RULE = Rule(
    name="retry-never-matches",
    why="HTTP and Redis clients raise exceptions of their own, which are none of the builtin "
    "`ConnectionError` and `TimeoutError`, so the retry never happens.",
    wrong="""\
import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_fixed


@retry(
    retry=retry_if_exception_type((ConnectionError, TimeoutError)),
    stop=stop_after_attempt(4),
    wait=wait_fixed(1),
    reraise=True,
)
async def rates(client: httpx.AsyncClient, currency: str) -> bytes:
    response = await client.get("/rates", params={"currency": currency})
    response.raise_for_status()
    return response.content
""",
    right="""\
import httpx
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_exponential

TRANSIENT = frozenset({429, 502, 503, 504})


def is_transient(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in TRANSIENT
    return isinstance(error, httpx.TransportError)


@retry(
    retry=retry_if_exception(is_transient),
    stop=stop_after_attempt(4),
    wait=wait_exponential(max=10),
    reraise=True,
)
async def rates(client: httpx.AsyncClient, currency: str) -> bytes:
    response = await client.get("/rates", params={"currency": currency})
    response.raise_for_status()
    return response.content
""",
    taught="python-services/references/resilience.md#what-to-retry",
    source=(
        "https://www.python-httpx.org/exceptions/",
        "https://requests.readthedocs.io/en/latest/api/#exceptions",
    ),
    check=check,
)
