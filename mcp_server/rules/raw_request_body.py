"""Finds FastAPI handlers that take a body apart by its keys, without a model that checks it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Function, Module, annotated, calls, caught, ref, routes

WITH_BODY = frozenset({"post", "put", "patch", "delete", "api_route", "add_api_route"})
REQUEST = "starlette.requests.Request"
MAPPINGS = frozenset(
    "builtins.dict typing.Dict typing.Mapping typing.MutableMapping collections.abc.Mapping "
    "collections.abc.MutableMapping".split()
)
ANYTHING = frozenset({"typing.Any", "builtins.object"})
INJECTED = frozenset(
    f"fastapi.{name}" for name in "Depends Security Path Query Header Cookie Form File".split()
)
MISSING = frozenset(
    f"builtins.{name}" for name in "KeyError LookupError Exception BaseException".split()
)
"""Exceptions whose handlers answer for a missing key."""
VALIDATING = ("valid", "parse", "schema", "verify", "check", "signature", "construct_event", "hmac")
"""What functions are called that look at a body, or at who sent it."""
MESSAGE = (
    "takes the body apart by its keys: a missing or wrong field becomes a 500; declare a pydantic "
    "model as the parameter"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield where handlers take a body that nothing has checked."""
    for route in routes(module):
        if route.method not in WITH_BODY or _is_checked(route.module, route.function):
            continue
        for place, name in _bodies(route.module, route.function):
            if name is None or _is_taken_apart(route.module, route.function, name):
                # A handler of another module is reported where it is registered.
                yield Hit(place if route.module is module else route.call, MESSAGE)
                break


def _bodies(module: Module, function: Function) -> Iterator[tuple[ast.AST, str | None]]:
    """Yield where a handler gets a raw body, with its name; None where a key is taken at once."""
    arguments = function.args
    listed = [*arguments.posonlyargs, *arguments.args]
    defaults = [*([None] * (len(listed) - len(arguments.defaults))), *arguments.defaults]
    pairs = [*zip(listed, defaults, strict=True)]
    pairs += [*zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    for one, default in pairs:
        annotation = one.annotation if not _is_injected(module, default) else None
        if annotation is not None and _is_open(module, annotation):
            yield one, one.arg
    for call in calls(module, f"{REQUEST}.json"):
        if function in module.above(call.node):
            yield from _names(module, call.node)


def _names_inside(function: Function) -> Iterator[ast.Name]:
    """Yield the names in a handler, those in functions that it defines too."""
    return (one for one in ast.walk(function) if isinstance(one, ast.Name))


def _is_injected(module: Module, node: ast.expr | None) -> bool:
    """Tell whether a parameter comes from elsewhere than the body."""
    found = ref(module, node.func) if isinstance(node, ast.Call) else None
    return found is not None and found.dotted in INJECTED


def _is_open(module: Module, node: ast.expr) -> bool:
    """Tell whether an annotation lets any object through: `dict`, `dict[str, Any]`, `Any`."""
    found = annotated(module, node)
    if found is None or found.dotted not in MAPPINGS | ANYTHING:
        return False
    written = _unquoted(node)
    named = ref(module, node) if isinstance(node, ast.Name | ast.Attribute) else None
    source = named.module if named is not None and named.module is not None else module
    written = getattr(named.node, "value", written) if source is not module and named else written
    parts = [*ast.walk(written)] if written is not None else []
    if any(isinstance(one, ast.Call) and _is_injected(source, one) for one in parts):
        return False
    held = [one for one in parts if isinstance(one, ast.Subscript)]
    return not any(_is_typed(source, one) for one in held)


def _unquoted(node: ast.expr) -> ast.AST | None:
    """Return an annotation that stands in quotes as a tree."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node
    try:
        return ast.parse(node.value, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def _is_typed(module: Module, node: ast.Subscript) -> bool:
    """Tell whether an annotation of a mapping says what its values are."""
    outer = ref(module, node.value)
    last = node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
    value = ref(module, last)
    said = value is None or value.dotted not in ANYTHING
    return outer is not None and outer.dotted in MAPPINGS and said


def _names(module: Module, call: ast.Call) -> Iterator[tuple[ast.AST, str | None]]:
    """Yield the names that the body is kept under."""
    child: ast.AST = call
    for one in module.above(call):
        if isinstance(one, ast.Subscript) and one.value is child and _is_key(one.slice):
            yield call, None
        if isinstance(one, ast.NamedExpr) and isinstance(one.target, ast.Name):
            yield call, one.target.id
        if isinstance(one, ast.Assign | ast.AnnAssign):
            targets = one.targets if isinstance(one, ast.Assign) else [one.target]
            yield from ((call, each.id) for each in targets if isinstance(each, ast.Name))
        if not isinstance(one, ast.Await | ast.NamedExpr | ast.BoolOp):
            return
        child = one


def _is_key(node: ast.expr) -> bool:
    return not isinstance(node, ast.Slice | ast.UnaryOp) and not (
        isinstance(node, ast.Constant) and isinstance(node.value, int)
    )


def _is_taken_apart(module: Module, function: Function, name: str) -> bool:
    """Tell whether a handler takes a key for granted, and hands the body to nothing that checks."""
    asked = _asked(module, function, name)
    taken = False
    for one in _names_inside(function):
        if one.id != name or not isinstance(one.ctx, ast.Load):
            continue
        parent = module.parent(one)
        if isinstance(parent, ast.Subscript) and parent.value is one:
            known = ast.dump(parent.slice) in asked or _is_caught(module, parent)
            if isinstance(parent.ctx, ast.Load) and not known:
                taken = taken or _is_key(parent.slice)
        elif isinstance(parent, ast.Attribute) and parent.attr == "pop":
            call = module.parent(parent)
            alone = isinstance(call, ast.Call) and len(call.args) == 1
            taken = taken or (alone and not _is_caught(module, parent))
        elif _is_handed_to_a_class(module, one):
            return False
    return taken


def _asked(module: Module, function: Function, name: str) -> set[str]:
    """Return the keys that a handler looks for first: `if "price" not in body`, `body.get(...)`."""
    found = set()
    for one in module.within(function, ast.Compare):
        held = one.comparators[0]
        if isinstance(one.ops[0], ast.In | ast.NotIn) and getattr(held, "id", "") == name:
            found.add(ast.dump(one.left))
    for call in module.within(function, ast.Call):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id=of), attr="get" | "setdefault"),
                args=[key, *_],
            ) if of == name:
                found.add(ast.dump(key))
    return found


def _is_caught(module: Module, node: ast.AST) -> bool:
    """Tell whether a missing key is answered: a handler of `KeyError`, or of everything."""
    for tried in module.tries(node):
        for handler in tried.handlers:
            named = {one.dotted for one in caught(module, handler)}
            if handler.type is None or named & MISSING:
                return True
    return False


def _is_handed_to_a_class(module: Module, node: ast.Name) -> bool:
    """Tell whether a value makes an object: `Order(**body)`."""
    holder = module.parent(node)
    call = module.parent(holder) if isinstance(holder, ast.keyword | ast.Starred) else holder
    if not isinstance(call, ast.Call) or call.func is node:
        return False
    made = ref(module, call.func)
    return made is not None and (isinstance(made.node, ast.ClassDef) or made.last[:1].isupper())


def _is_checked(module: Module, function: Function) -> bool:
    """Tell whether a handler looks at types itself, or at a signature over the bytes."""
    for call in module.within(function, ast.Call):
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        lowered = name.lower()
        if name in {"isinstance", "body", "stream"} or any(one in lowered for one in VALIDATING):
            return True
    return False


RULE = Rule(
    name="raw-request-body",
    why="A body that no model has checked fails deep inside, as a 500, and is not in the OpenAPI.",
    wrong="""\
from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/orders")
async def place_order(request: Request) -> dict[str, int]:
    body = await request.json()
    return {"total": body["price"] * body["quantity"]}
""",
    right="""\
from decimal import Decimal

from fastapi import APIRouter
from pydantic import BaseModel, Field

router = APIRouter()


class NewOrder(BaseModel):
    price: Decimal = Field(gt=0, max_digits=12, decimal_places=2, allow_inf_nan=False)
    quantity: int = Field(gt=0, le=1000)


class Placed(BaseModel):
    total: Decimal


@router.post("/orders")
async def place_order(order: NewOrder) -> Placed:
    return Placed(total=order.price * order.quantity)
""",
    taught="python-backend/references/api.md#request-bodies",
    source=(
        "https://fastapi.tiangolo.com/tutorial/body/",
        "https://fastapi.tiangolo.com/advanced/using-request-directly/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
