"""Finds client addresses that are believed from a header whoever sent the request."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Function,
    Module,
    calls,
    constant,
    header_name,
    key_of,
    method_calls,
    received,
)

HEADERS = frozenset(
    "x-forwarded-for x-real-ip x-client-ip x-cluster-client-ip x-original-forwarded-for".split()
)
"""Not those of content delivery networks, whose services are mostly reached through them alone."""
ADDRESS = re.compile(
    r"(^|_)(ip|ips|ipaddr|ip_?address(es)?|addr|remote_?addr(ess)?|client_?ip|real_?ip|remote_?ip"
    r"|remote_?host|client_?host|client_?addr(ess)?|remote)(_|$)"
)
"""Names of what holds a client's address."""
PEER = re.compile(
    r"REMOTE_ADDR|\bremote_addr\b|\.client\b|\bremote_ip\b|\bgetpeername\b|\.remote\b"
)
"""How the address of the connection itself is read."""
GUARD = re.compile(r"trust|prox(y|ies)|behind|internal|private|loopback|forwarded_(by|allow)")
"""Words of a check of who sent the header, or of a setting that says so."""
SETTINGS = re.compile(r"\b(settings|config|conf|options|current_app)\b", re.IGNORECASE)
GUARDED = frozenset(
    b"ProxyFix ProxyHeadersMiddleware TRUSTED_PROXIES trusted_proxies TRUSTED_PROXY".split()
)
"""Words of a project that leaves its proxies to its server or a middleware."""
MESSAGE = (
    "believes `{}` from whoever connects, so a client can claim any address: read it only where "
    "the peer is one of your own proxies, or leave it to the server (`--forwarded-allow-ips`)"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the first read of such a header in each function that has no check of the peer."""
    told: set[ast.AST] = set()
    for node, name in sorted(_reads(module), key=lambda one: one[0].lineno):
        function = module.function(node)
        if not isinstance(function, FUNCTIONS) or function in told:
            continue
        if _is_address(module, node, name, function) and not _is_guarded(module, function):
            told.add(function)
            yield Hit(node, MESSAGE.format(name))


def _reads(module: Module) -> Iterator[tuple[ast.expr, str]]:
    getters = method_calls(module, "get", "getlist", "getall", "getone", "get_all")
    for node in (*module.nodes(ast.Subscript), *getters):
        read = key_of(node)
        if read is not None and _may_be_text(read[1]):
            name = next((one for one in _names(module, read[1]) if one in HEADERS), None)
            if name is not None:
                yield node, name
    for call in calls(module, "fastapi.Header"):
        yield from _parameter(module, call.node)


def _names(module: Module, key: ast.expr) -> Iterator[str]:
    """Yield the header that a key names, or all that a loop goes through."""
    known = constant(module, key)
    if isinstance(known, str | bytes):
        yield header_name(known)
    key = key.value if isinstance(key, ast.NamedExpr) else key
    if not isinstance(key, ast.Name):
        return
    for scope in module.scopes(key):
        held = module.bindings.scopes.get(scope, {}).get(key.id, ())
        for one in held:
            listed = constant(module, one.value) if one.how == "loop" else None
            yield from map(header_name, listed if isinstance(listed, tuple) else ())
        if held:
            return


def _may_be_text(key: ast.expr) -> bool:
    if isinstance(key, ast.Constant):
        return isinstance(key.value, str | bytes)
    return isinstance(key, ast.Name | ast.Attribute | ast.NamedExpr)


def _parameter(module: Module, call: ast.Call) -> Iterator[tuple[ast.expr, str]]:
    """Yield where a parameter that FastAPI fills from such a header is read first."""
    function = next((one for one in module.above(call) if isinstance(one, FUNCTIONS)), None)
    for one in module.within(function, ast.Name) if function is not None else ():
        sent = received(module, one) if isinstance(one.ctx, ast.Load) else None
        if sent is not None and sent.part == "header" and sent.name in HEADERS:
            yield one, sent.name
            return


def _is_address(module: Module, node: ast.expr, name: str, function: Function) -> bool:
    """Tell whether what is read is taken for the client's address, and not picked with care."""
    if any(isinstance(one, ast.Delete) for one in module.above(node)):
        return False
    if name.endswith("forwarded-for") and any(
        # Counting from the right is the mend; the left end is a rule of its own.
        isinstance(one.slice, ast.UnaryOp) or _is_first_of_split(one)
        for one in module.within(function, ast.Subscript)
    ):
        return False
    holders = [function.name, *_holders(module, node)]
    if any(ADDRESS.search(one.lower()) for one in holders):
        return True
    statement = next((one for one in module.above(node) if isinstance(one, ast.stmt)), None)
    return isinstance(statement, ast.Return | ast.Assign) and bool(
        PEER.search(ast.unparse(statement))
    )


def _is_first_of_split(node: ast.Subscript) -> bool:
    return (
        isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and node.value.func.attr in {"split", "partition"}
    )


def _holders(module: Module, node: ast.expr) -> Iterator[str]:
    """Yield the names that a value is given: of a variable, an attribute, a parameter, a key."""
    child: ast.AST = node
    for one in module.above(node):
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            for target in one.targets if isinstance(one, ast.Assign) else [one.target]:
                yield getattr(target, "attr", getattr(target, "id", ""))
            if not isinstance(one, ast.NamedExpr):
                return
        if isinstance(one, ast.Dict) and child in one.values:
            key = one.keys[one.values.index(child)]
            known = constant(module, key) if key is not None else None
            yield known if isinstance(known, str) else ""
        if isinstance(one, ast.keyword):
            yield one.arg or ""
            return
        if isinstance(one, ast.stmt) or (isinstance(one, ast.Call) and child is not one.func):
            return
        child = one


def _is_guarded(module: Module, function: Function) -> bool:
    """Tell whether a function asks who sent the header, or the project has its server do so."""
    owner = module.class_of(function)
    words = [*_words(module, function), owner.name if owner is not None else ""]
    if any(GUARD.search(one.lower()) for one in words):
        return True
    tests = [one.test for one in module.within(function, ast.If)]
    tests += [one.test for one in module.within(function, ast.IfExp)]
    if any(SETTINGS.search(ast.unparse(one)) for one in tests):
        return True
    for one in module.within(function, ast.Compare):
        if isinstance(one.ops[0], ast.In | ast.NotIn) and PEER.search(ast.unparse(one)):
            return True
    library = module.program.library.words
    return any(not GUARDED.isdisjoint(held) for held in library.values())


def _words(module: Module, function: Function) -> Iterator[str]:
    """Yield the names and keys that a function uses, no sentences."""
    yield function.name
    for one in module.within(function, ast.AST):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and " " not in one.value:
            yield one.value


RULE = Rule(
    name="untrusted-forwarded-header",
    why="Anyone who reaches the service can send the header, and so take any address they like.",
    wrong="""\
from starlette.requests import Request


def client_ip(request: Request) -> str:
    real = request.headers.get("x-real-ip")
    if real:
        return real
    return request.client.host if request.client else ""
""",
    right="""\
from starlette.requests import Request

TRUSTED = frozenset({"10.0.0.2", "10.0.0.3"})


def client_ip(request: Request) -> str:
    peer = request.client.host if request.client else ""
    if peer in TRUSTED:
        return request.headers.get("x-real-ip", peer)
    return peer
""",
    taught="python-backend/references/security.md#the-clients-address",
    source=(
        "https://www.uvicorn.org/deployment/",
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For",
    ),
    check=check,
)
