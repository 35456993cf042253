"""Finds numbers that are read from a request without an answer for what is no number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    Module,
    Received,
    calls,
    constant,
    key_of,
    kind,
    origins,
    received,
    ref,
)
from mcp_server.semantic.arguments import valued

NUMBERS = ("builtins.int", "builtins.float")
CAUGHT = re.compile(r"\b(ValueError|Exception|BaseException)\b")
ASKED = frozenset({"isdigit", "isdecimal", "isnumeric", "fullmatch", "match"})
"""What a text is asked before it is read as a number."""
CHECKED = re.compile(r"content-length|(x-)?rate-?limit-.*|retry-after|age")
"""Headers that a server checks to be a number, and those of answers, which a server makes."""
PARTING = frozenset({"split", "rsplit", "partition", "rpartition"})
MESSAGE = (
    "raises ValueError, a 500, where a caller sends `{}` as no number: declare it as a parameter "
    "with its type, or answer 400 in an `except ValueError`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the conversions of what was sent, outside of a `try` that catches ValueError."""
    told: set[tuple[ast.AST | None, str]] = set()
    for call in calls(module, *NUMBERS):
        if len(call.node.args) != 1 or isinstance(call.node.args[0], ast.Constant):
            continue
        sent = _sent(module, call.node.args[0])
        if sent is None or CHECKED.fullmatch(sent.name) or _is_guarded(module, call.node):
            continue
        if sent.part == "path" and _is_converted(module, sent.name):
            continue
        # The first conversion raises before a second one of the same text.
        place = module.function(call.node), ast.unparse(call.node.args[0])
        if place not in told:
            told.add(place)
            yield Hit(call.node, MESSAGE.format(_named(module, sent)))


def _sent(module: Module, node: ast.expr) -> Received | None:
    waiting, seen = [node], set[ast.expr]()
    while waiting:
        for one in origins(module, waiting.pop()):
            found = received(module, one)
            if found is not None:
                return None if _is_read(module, one) else found
            # `text = text.split(",")[0]` comes from itself.
            if one not in seen:
                seen.add(one)
                waiting += _wholes(module, one)
    return None


def _wholes(module: Module, node: ast.expr) -> Iterator[ast.expr]:
    """Yield what a text is one of, or a part of: `x.split(",")[0]`, `for one in x`."""
    inner = node.value if isinstance(node, ast.Subscript) else node
    if (
        isinstance(inner, ast.Call)
        and isinstance(inner.func, ast.Attribute)
        and inner.func.attr in PARTING
    ):
        yield inner.func.value
    if isinstance(node, ast.Name):
        for scope in module.scopes(node):
            held = module.bindings.scopes.get(scope, {}).get(node.id)
            if held:
                # Of `for key, value in ...` nobody knows which it is.
                yield from (
                    one.value
                    for one in held
                    if one.how == "loop"
                    and one.value is not None
                    and isinstance(getattr(one.node, "target", None), ast.Name)
                )
                break


def _is_converted(module: Module, name: str) -> bool:
    """Tell whether a route lets only some texts through: `{page:int}`, `{page:[0-9]+}`."""
    start = re.compile(rb"\{" + re.escape(name.encode()).replace(rb"\-", b"[-_]") + rb":")
    return any(start.search(one) for one in module.program.library.contents.values())


def _is_read(module: Module, node: ast.expr) -> bool:
    """Tell whether FastAPI has read a declared parameter's number already."""
    found = kind(module, node) if isinstance(node, ast.Name) else None
    return found is not None and found.dotted in NUMBERS


def _named(module: Module, sent: Received) -> str:
    read = key_of(sent.node)
    known = constant(module, read[1]) if read is not None else sent.name
    return known if isinstance(known, str) and known else sent.part


def _is_guarded(module: Module, node: ast.AST) -> bool:
    for one in module.tries(node):
        if any(_catches(module, handler.type) for handler in one.handlers):
            return True
    for each in module.above(node):
        if isinstance(each, ast.With | ast.AsyncWith) and any(
            CAUGHT.search(ast.unparse(item.context_expr)) for item in each.items
        ):
            # `with suppress(ValueError)`.
            return True
    function = module.function(node)
    asked = module.within(function, ast.Attribute) if function is not None else ()
    return any(one.attr in ASKED for one in asked)


def _catches(module: Module, caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    source, value = valued(module, caught)
    for one in value.elts if isinstance(value, ast.Tuple) else [value]:
        named = ref(source, one)
        if CAUGHT.search(named.dotted if named is not None else ast.unparse(one)):
            return True
    return False


RULE = Rule(
    name="int-of-header",
    why="A caller who sends `abc` gets a 500, and the service's alarms ring for it.",
    wrong="""\
from starlette.requests import Request
from starlette.responses import JSONResponse


async def orders(request: Request) -> JSONResponse:
    page = int(request.query_params.get("page", "1"))
    return JSONResponse({"page": page})
""",
    right="""\
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


async def orders(request: Request) -> JSONResponse:
    try:
        page = int(request.query_params.get("page", "1"))
    except ValueError:
        raise HTTPException(400, "page is not a number") from None
    return JSONResponse({"page": page})
""",
    taught="python-backend/references/security.md#what-callers-send",
    source=(
        "https://docs.python.org/3/library/functions.html#int",
        "https://fastapi.tiangolo.com/tutorial/query-params/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
