"""Finds client addresses that are taken from the left of a forwarded header."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from itertools import islice

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    constant,
    header_name,
    key_of,
    method_calls,
    origins,
    received,
    receiver,
    ref,
)

HEADERS = frozenset({"forwarded", "x-forwarded-for", "x-forwarded", "x-original-forwarded-for"})
CALLED_SO = frozenset({"xff", "forwarded_for", "x_forwarded_for", "http_x_forwarded_for"})
"""How parameters are called that hold the header."""
FOR = re.compile(r"^\W*for$|\bfor\W*=")
"""Texts by which the address is found in a `Forwarded` header."""
LOGGING = re.compile(r"(^|_)log(s|ging|ger)?$")
"""Modules that write what they read into a log, for people who know what it is worth."""
ACCEPTED = re.compile(
    rb"(#.*spoof|client[- ]controlled|not an? (security|access) control)", re.IGNORECASE
)
"""Notes of authors who know what the address is worth."""
WHOLE = frozenset(f"builtins.{name}" for name in ("iter", "list", "map", "tuple", "filter"))
"""Calls that keep the order of what they are given."""
MESSAGE = (
    "takes the leftmost address of a forwarded header, which the client writes itself: count from "
    "the right past your own proxies, or leave it to the server (`--forwarded-allow-ips`)"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield where the first of a header's addresses is picked."""
    for call in method_calls(module, "split", "partition"):
        if not call.args or constant(module, call.args[0]) not in {",", ", ", b",", b", "}:
            continue
        text = receiver(module, call)
        if text and _forwarded(text.module, text.node) and not _is_accepted(module, call):
            yield from (Hit(one, MESSAGE) for one in islice(_firsts(module, call), 1))
    for node in module.nodes(ast.Subscript):
        # Werkzeug's list of what the header holds.
        if (
            isinstance(node.value, ast.Attribute)
            and node.value.attr == "access_route"
            and constant(module, node.slice) == 0
        ):
            yield Hit(node, MESSAGE)


def _forwarded(module: Module, node: ast.expr, *, called: bool = True) -> bool:
    """Tell whether a text is a forwarded header, also one that a function is given."""
    for one in origins(module, node):
        sent, read = received(module, one), key_of(one)
        named = _keys(module, read[1]) if read is not None else set()
        named |= {sent.name} if sent is not None else set()
        if not HEADERS.isdisjoint(named) and (named != {"forwarded"} or _reads_for(module, one)):
            return True
        if isinstance(one, ast.Name) and called and _given(module, one):
            return True
    return False


def _reads_for(module: Module, node: ast.AST) -> bool:
    """Tell whether the address is read of `Forwarded`, which also holds the scheme and the host."""
    function = module.function(node) or module.tree.root
    written = (*module.within(function, ast.Constant), *module.within(function, ast.Name))
    texts = (constant(module, one) for one in (*written, *module.within(function, ast.Attribute)))
    return any(isinstance(one, str) and FOR.search(one.lower()) for one in texts)


def _is_accepted(module: Module, node: ast.AST) -> bool:
    """Tell whether an address is only logged, or its author says that it can be made up."""
    function = module.function(node)
    if function is None:
        return False
    name = posixpath.basename(module.path).removesuffix(".py")
    lines = module.content.splitlines()[function.lineno - 1 : function.end_lineno]
    return LOGGING.search(name) is not None or any(ACCEPTED.search(one) for one in lines)


def _keys(module: Module, key: ast.expr) -> set[str]:
    """Return the headers that a key names: one, or all that a loop goes through."""
    known = constant(module, key)
    if isinstance(known, str | bytes):
        return {header_name(known)}
    key = key.value if isinstance(key, ast.NamedExpr) else key
    if not isinstance(key, ast.Name):
        return set()
    for scope in module.scopes(key):
        for one in module.bindings.scopes.get(scope, {}).get(key.id, ()):
            held = constant(module, one.value) if one.how == "loop" else None
            if isinstance(held, tuple | frozenset):
                return {header_name(each) for each in held}
    return set()


def _given(module: Module, name: ast.Name) -> bool:
    """Tell whether a parameter is given the header by a call of the same module."""
    function = module.function(name)
    if not isinstance(function, FUNCTIONS):
        return False
    arguments = [*function.args.posonlyargs, *function.args.args]
    names = [one.arg for one in arguments]
    if name.id not in names:
        return False
    if name.id.lower() in CALLED_SO:
        return True
    method = isinstance(module.parent(function), ast.ClassDef)
    for call in module.nodes(ast.Call):
        if getattr(call.func, "attr", getattr(call.func, "id", "")) != function.name:
            continue
        bound = method and isinstance(call.func, ast.Attribute) and names[0] in {"self", "cls"}
        given = argument(module, call, name.id, names.index(name.id) - bound)
        if isinstance(given, Given) and _forwarded(given.module, given.node, called=False):
            return True
    return False


def _firsts(module: Module, node: ast.expr) -> Iterator[ast.AST]:
    """Yield where the first part of what an expression lists is picked."""
    waiting, seen = [node], {node}
    while waiting:
        one = waiting.pop()
        if _is_pick(module, one):
            yield module.parent(one) or one
        further = [each for each in _lists(module, one) if each not in seen]
        seen.update(further)
        waiting += further


def _is_pick(module: Module, node: ast.expr) -> bool:
    """Tell whether the first of what a node lists is taken right here."""
    parent = module.parent(node)
    if isinstance(parent, ast.Subscript):
        return parent.value is node and constant(module, parent.slice) == 0
    if isinstance(parent, ast.Attribute) and parent.attr == "pop":
        call = module.parent(parent)
        return isinstance(call, ast.Call) and [constant(module, one) for one in call.args] == [0]
    if isinstance(parent, ast.Call) and parent.args[:1] == [node]:
        named = ref(module, parent.func)
        return named is not None and named.dotted == "builtins.next"
    if isinstance(parent, ast.Assign):
        # `first, *rest = ...`
        lists = [one for one in parent.targets if isinstance(one, ast.Tuple | ast.List)]
        first = lists[0].elts[0] if lists and lists[0].elts else None
        return isinstance(first, ast.Name | ast.Attribute) and getattr(first, "id", "") != "_"
    return False


def _lists(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that list the same in the same order: names, copies."""
    parent = module.parent(node)
    if isinstance(parent, ast.comprehension) and parent.iter is node:
        whole = module.parent(parent)
        if isinstance(whole, ast.ListComp | ast.GeneratorExp) and all(map(_is_plain, parent.ifs)):
            yield whole
    elif isinstance(parent, ast.Call) and node in parent.args:
        named = ref(module, parent.func)
        if named is not None and named.dotted in WHOLE:
            yield parent
    elif isinstance(parent, ast.BoolOp | ast.IfExp):
        yield parent
    elif isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        if isinstance(parent, ast.NamedExpr):
            yield parent
        for target in parent.targets if isinstance(parent, ast.Assign) else [parent.target]:
            yield from _reads(module, target)


def _is_plain(test: ast.expr) -> bool:
    """Tell whether a filter only leaves empty parts out."""
    if isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute):
        return test.func.attr == "strip"
    return isinstance(test, ast.Name)


def _reads(module: Module, target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name):
        for one in module.within(module.function(target) or module.tree.root, ast.Name):
            if one.id == target.id and isinstance(one.ctx, ast.Load):
                yield one
    elif isinstance(target, ast.Attribute):
        owner = module.class_of(target)
        for each in module.nodes(ast.Attribute) if owner is not None else ():
            if each.attr == target.attr and isinstance(each.ctx, ast.Load):
                yield each


RULE = Rule(
    name="leftmost-forwarded-for",
    why="Proxies append to the header, so its left end is whatever the client sent: any address.",
    wrong="""\
from starlette.requests import Request


def client_ip(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for")
    if forwarded:
        return forwarded.split(",")[0].strip()
    return request.client.host if request.client else ""
""",
    right="""\
from ipaddress import ip_address

from starlette.requests import Request

PROXIES = frozenset({ip_address("10.0.0.2"), ip_address("10.0.0.3")})


def client_ip(request: Request) -> str:
    peer = request.client.host if request.client else ""
    sent = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in [peer, *reversed(sent)]:
        try:
            address = ip_address(hop.strip())
        except ValueError:
            return peer
        if address not in PROXIES:
            return str(address)
    return peer
""",
    taught="python-backend/references/security.md#the-clients-address",
    source=(
        "https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For",
        "https://www.rfc-editor.org/rfc/rfc7239#section-8.1",
    ),
    check=check,
)
