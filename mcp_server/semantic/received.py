"""Finds what callers of a service send: the headers, query values and cookies it reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mcp_server.semantic.arguments import constant, valued
from mcp_server.semantic.bindings import Binding
from mcp_server.semantic.hints import annotated
from mcp_server.semantic.kinds import kind
from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import ref
from mcp_server.semantic.web import routes

Part: TypeAlias = Literal["header", "query", "cookie", "form", "path", "body"]

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
    "path_params": "path",
    "match_info": "path",
    "data": "body",
    "json": "body",
}
"""The attributes of request objects that hold what was sent, of whatever framework."""
READING: dict[str, Part] = {
    "json": "body",
    "get_json": "body",
    "form": "form",
    "post": "form",
}
"""The methods of request objects that read the same: `await request.json()`."""
PARAMETERS: dict[str, Part] = {
    "fastapi.Header": "header",
    "fastapi.Query": "query",
    "fastapi.Cookie": "cookie",
    "fastapi.Form": "form",
    "fastapi.Path": "path",
    "fastapi.Body": "body",
}
DEPENDING = frozenset({"fastapi.Depends", "fastapi.Security"})
SCHEMES: dict[str, tuple[Part, str]] = {
    "fastapi.security.APIKeyHeader": ("header", ""),
    "fastapi.security.APIKeyQuery": ("query", ""),
    "fastapi.security.APIKeyCookie": ("cookie", ""),
    "fastapi.security.OAuth2PasswordBearer": ("header", "authorization"),
    "fastapi.security.OAuth2AuthorizationCodeBearer": ("header", "authorization"),
    "fastapi.security.OpenIdConnect": ("header", "authorization"),
}
"""What FastAPI's schemes give as a text, and the name of what they read it from."""
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
        part = _part(module, one)
        if part is not None:
            return Received(node, part, name)
    return None


def _part(module: Module, node: ast.expr) -> Part | None:
    """Return what of a request an expression is: `request.headers`, `await request.json()`."""
    called = isinstance(node, ast.Call) and not node.args
    # Also of `read = request.json`.
    read = valued(module, node.func)[1] if isinstance(node, ast.Call) and called else node
    if not isinstance(read, ast.Attribute):
        return None
    part = (READING if called else PARTS).get(read.attr)
    return part if part is not None and _of_request(module, read) else None


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
    if isinstance(base, ast.Name) and any(one.how == "with" for one in _bound(module, base)):
        # `async with client.get(url) as request` is an answer.
        return False
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
            if named is not None and named.dotted in DEPENDING and call.args:
                scheme = kind(module, call.args[0])
                if scheme is not None and scheme.dotted in SCHEMES:
                    part, name = SCHEMES[scheme.dotted]
                    return Received(node, part, name or header_name(node.id))
        if _is_of_route(module, one):
            return Received(node, "query", header_name(node.id))
    return None


def _is_of_route(module: Module, parameter: Binding) -> bool:
    """Tell whether FastAPI fills a parameter from the address: a plain text of a route."""
    held, given = module.parent(parameter.node), None
    function = module.parent(held) if isinstance(held, ast.arguments) else None
    if isinstance(held, ast.arguments) and isinstance(parameter.node, ast.arg):
        given = next((d for a, d in _defaults(held) if a is parameter.node), None)
    found = annotated(module, parameter.annotation) if parameter.annotation is not None else None
    return (
        found is not None
        and found.dotted == "builtins.str"
        and (given is None or isinstance(given, ast.Constant))
        and any(one.function is function for one in routes(module))
    )


def _markers(module: Module, argument: ast.AST) -> Iterator[ast.Call]:
    if not isinstance(argument, ast.arg):
        return
    annotation = argument.annotation
    if isinstance(annotation, ast.Name | ast.Attribute):
        # `Key = Annotated[str, Header()]`, in the same module.
        source, held_as = valued(module, annotation)
        annotation = held_as if source is module else annotation
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        yield from (one for one in annotation.slice.elts if isinstance(one, ast.Call))
    held = module.parent(argument)
    if isinstance(held, ast.arguments):
        yield from (d for a, d in _defaults(held) if a is argument and isinstance(d, ast.Call))


def _defaults(held: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr]]:
    """Yield the parameters that have a default, with it."""
    listed = [*held.posonlyargs, *held.args]
    yield from zip(reversed(listed), reversed(held.defaults), strict=False)
    yield from ((a, d) for a, d in zip(held.kwonlyargs, held.kw_defaults, strict=True) if d)
