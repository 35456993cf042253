"""Finds what callers of a service send: the headers, query values and cookies it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mcp_server.semantic.arguments import constant
from mcp_server.semantic.bindings import Binding
from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import ref

Part: TypeAlias = Literal["header", "query", "cookie", "form"]

PARTS: dict[str, Part] = {
    "headers": "header",
    "META": "header",
    "environ": "header",
    "query_params": "query",
    "query": "query",
    "args": "query",
    "GET": "query",
    "cookies": "cookie",
    "COOKIES": "cookie",
    "form": "form",
    "POST": "form",
}
"""The attributes of request objects that hold what was sent, of whatever framework."""
PARAMETERS: dict[str, Part] = {
    "fastapi.Header": "header",
    "fastapi.Query": "query",
    "fastapi.Cookie": "cookie",
    "fastapi.Form": "form",
}
GETTERS = frozenset({"get", "getlist", "getall", "getone", "get_all", "getfirst", "pop"})
ONLY_REQUESTS = frozenset({"META", "GET", "POST", "COOKIES", "query_params"})
"""Attributes that nothing but a request has."""
REQUEST_KINDS = ("Request", "HTTPConnection", "ASGIConnection", "WebSocket", "request", "websocket")
CLIENTS = ("httpx.", "requests.", "urllib.", "urllib3.", "aiohttp.Client", "scrapy.", "websockets.")
REQUEST_NAMES = ("request", "req", "websocket")
"""How objects are called that are requests, where their class cannot be told."""
KEEPING = frozenset(
    "strip lstrip rstrip lower upper casefold removeprefix removesuffix replace decode".split()
)
"""Methods whose result is still the text that was sent."""
MOST = 40
"""How many expressions are followed from one."""


@dataclass(frozen=True, slots=True)
class Received:
    """A value that a caller sends; `name` is lower-case with dashes: `x-forwarded-for`."""

    node: ast.expr
    part: Part
    name: str


def received(module: Module, node: ast.expr) -> Received | None:
    """Return what an expression reads of a request: `request.headers["x"]`, a `Header()`, ..."""
    if isinstance(node, ast.Name):
        return _parameter(module, node)
    read = key_of(node)
    if read is None:
        return None
    holder, key = read
    name = header_name(constant(module, key))
    for one in origins(module, holder):
        part = PARTS.get(one.attr) if isinstance(one, ast.Attribute) else None
        if part is not None and isinstance(one, ast.Attribute) and _of_request(module, one):
            return Received(node, part, name)
    return None


def key_of(node: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """Return what is read from and under which key: of `held[key]`, `held.get(key)`, ..."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return node.value, node.slice
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in GETTERS
        and node.args
    ):
        return node.func.value, node.args[0]
    return None


def header_name(key: object) -> str:
    """Return a header's name as HTTP writes it, also of `HTTP_X_REAL_IP`; "" for no text."""
    text = key.decode("latin-1") if isinstance(key, bytes) else key
    if not isinstance(text, str):
        return ""
    return text.lower().replace("_", "-").removeprefix("http-")


def origins(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    """Yield the expressions that a value can come from, through names, `self`, `or` and `strip`."""
    waiting, seen = [node], {node}
    while waiting and len(seen) < MOST:
        one = waiting.pop()
        found = [*_before(module, one)]
        if not found:
            yield one
        waiting += [each for each in found if each not in seen]
        seen.update(found)


def _before(module: Module, node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Await | ast.NamedExpr | ast.Starred):
        return [node.value]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in KEEPING:
            return [node.func.value]
        return node.args if _is_text(module, node) else []
    return _assigned(module, node)


def _assigned(module: Module, node: ast.expr) -> list[ast.expr]:
    """Return what is assigned to a name, or by a class's methods to its attribute."""
    if isinstance(node, ast.Name):
        bindings = _bound(module, node)
        return [one.value for one in bindings if one.how == "assign" and one.value is not None]
    if not isinstance(node, ast.Attribute):
        return []
    owner = kind(module, node.value) if isinstance(node.value, ast.Name) else None
    if owner is None or owner.module is not module or owner.node is None:
        return []
    held = module.bindings.attributes.get(owner.node, {}).get(node.attr, ())
    return [one.value for one in held if one.value is not None]


def _is_text(module: Module, node: ast.Call) -> bool:
    named = ref(module, node.func) if len(node.args) == 1 else None
    return named is not None and named.dotted == "builtins.str"


def _bound(module: Module, node: ast.Name) -> list[Binding]:
    for scope in module.scopes(node):
        held = module.bindings.scopes.get(scope, {}).get(node.id)
        if held:
            return held
    return []


def _of_request(module: Module, node: ast.Attribute) -> bool:
    base = node.value
    found = kind(module, base) or ref(module, base)
    if found is not None and found.module is None and found.value is None:
        if found.dotted.startswith(CLIENTS):
            return False
        if found.last.endswith(REQUEST_KINDS):
            return True
    if node.attr in ONLY_REQUESTS:
        return True
    name = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return name.lower().lstrip("_").endswith(REQUEST_NAMES)


def _parameter(module: Module, node: ast.Name) -> Received | None:
    """Return what FastAPI fills a parameter with: `Annotated[str, Header()]`, ..."""
    for one in _bound(module, node):
        if one.how != "parameter":
            continue
        for call in _markers(module, one.node):
            named = ref(module, call.func)
            part = PARAMETERS.get(named.dotted) if named is not None else None
            if part is not None:
                alias = next((each.value for each in call.keywords if each.arg == "alias"), None)
                known = constant(module, alias) if alias is not None else node.id
                return Received(node, part, header_name(known))
    return None


def _markers(module: Module, argument: ast.AST) -> Iterator[ast.Call]:
    if not isinstance(argument, ast.arg):
        return
    annotation = argument.annotation
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        yield from (one for one in annotation.slice.elts if isinstance(one, ast.Call))
    held = module.parent(argument)
    if isinstance(held, ast.arguments):
        listed = [*held.posonlyargs, *held.args]
        pairs = [*zip(reversed(listed), reversed(held.defaults), strict=False)]
        pairs += [(a, d) for a, d in zip(held.kwonlyargs, held.kw_defaults, strict=True) if d]
        yield from (d for a, d in pairs if a is argument and isinstance(d, ast.Call))
