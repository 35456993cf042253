"""Finds error handlers that miss what the router raises, or that cannot write their own answer."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Given, Module, argument, is_a, kind, method_calls, receiver, ref

FASTAPI_ERROR = "fastapi.HTTPException"
ROUTER_ERROR = "starlette.exceptions.HTTPException"
INVALID = frozenset(
    "fastapi.exceptions.RequestValidationError fastapi.exceptions.WebSocketRequestValidationError "
    "fastapi.exceptions.ResponseValidationError pydantic.ValidationError "
    "pydantic_core.ValidationError".split()
)
WRITERS = frozenset({"starlette.responses.JSONResponse", "starlette.responses.ORJSONResponse"})
CURRENT = frozenset(
    b"model_dump model_validate field_validator model_validator ConfigDict TypeAdapter".split()
)
FORMER = frozenset(
    b"root_validator validator parse_obj orm_mode allow_population_by_field_name".split()
)
"""Words of pydantic 2 and of pydantic 1, whose errors hold no exceptions."""
MISSES = (
    "misses the 404 and 405 that the router raises itself: register Starlette's `HTTPException`, "
    "of which FastAPI's is a subclass"
)
RAW = (
    "`errors()` holds exceptions that are no JSON (and the input): send `type`, `loc` and `msg` of "
    "each, or use `jsonable_encoder`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield handlers of FastAPI's own exception only, and raw validation errors in answers."""
    handled = [*_handled(module)]
    known = {getattr(ref(one.module, one.node), "dotted", None) for _, one in handled}
    if ROUTER_ERROR not in known and not any(one.constant == 404 for _, one in handled):
        for place, one in handled:
            if getattr(ref(one.module, one.node), "dotted", None) == FASTAPI_ERROR:
                yield Hit(place, MISSES)
    for call in method_calls(module, "errors"):
        if _is_raw(module, call) and not _is_former(module):
            yield Hit(call, RAW)


def _handled(module: Module) -> Iterator[tuple[ast.AST, Given]]:
    """Yield what handlers are registered for: a class or a status, and where that stands."""
    for call in method_calls(module, "exception_handler", "add_exception_handler"):
        given = argument(module, call, "exc_class_or_status_code", 0)
        if isinstance(given, Given):
            yield call, given
    for call in module.nodes(ast.Call):
        if any(one.arg in {"exception_handlers", None} for one in call.keywords):
            held = argument(module, call, "exception_handlers")
            for key in _keys(held) if isinstance(held, Given) else ():
                yield key.node if key.module is module else call, key


def _keys(held: Given) -> Iterator[Given]:
    """Yield the keys of a table, also of one that has a name."""
    named = ref(held.module, held.node)
    source = named.module if named is not None and named.module is not None else held.module
    table = held.node if named is None else getattr(named.node, "value", None)
    for key in table.keys if isinstance(table, ast.Dict) else ():
        if key is not None:
            yield Given(source, key)


def _is_raw(module: Module, call: ast.Call) -> bool:
    """Tell whether a call's validation errors go into an answer as they are."""
    owner = receiver(module, call)
    if call.args or call.keywords or owner is None or not _is_invalid(owner.module, owner.node):
        return False
    if _is_sent(module, call):
        return True
    kept = module.parent(call)
    if not isinstance(kept, ast.Assign | ast.AnnAssign | ast.NamedExpr):
        return False
    targets = kept.targets if isinstance(kept, ast.Assign) else [kept.target]
    names = {one.id for one in targets if isinstance(one, ast.Name)}
    function = module.function(call)
    if function is None or not names:
        return False
    used = [one for one in module.within(function, ast.Name) if one.id in names]
    changed = any(isinstance(module.parent(one), ast.For | ast.AugAssign) for one in used)
    return not changed and any(_is_sent(module, one) for one in used)


def _is_invalid(module: Module, node: ast.expr) -> bool:
    """Tell whether a value is an error of validation."""
    if is_a(kind(module, node), INVALID):
        return True
    if not isinstance(node, ast.Name):
        return False
    for one in module.above(node):
        if isinstance(one, ast.ExceptHandler) and one.name == node.id:
            return one.type is not None and _names_invalid(module, one.type)
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            listed = [*one.args.posonlyargs, *one.args.args]
            if len(listed) < 2 or listed[1].arg != node.id:
                return False
            return any(
                isinstance(each, ast.Call)
                and isinstance(each.func, ast.Attribute)
                and each.func.attr == "exception_handler"
                and each.args
                and _names_invalid(module, each.args[0])
                for each in one.decorator_list
            )
    return False


def _names_invalid(module: Module, node: ast.expr) -> bool:
    held = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(is_a(ref(module, one), INVALID) for one in held)


def _is_sent(module: Module, node: ast.expr) -> bool:
    """Tell whether an answer is made of a value as it is, or of a list of its parts as they are."""
    child: ast.AST = node
    for one in module.above(node):
        if isinstance(one, ast.Call) and child is not one.func:
            made = ref(module, one.func)
            if made is None or made.dotted != "builtins.dict":
                return _is_answer(module, one)
            child = one
            continue
        if isinstance(one, ast.ListComp) and not _copies(module, one):
            return False
        if not isinstance(one, PASSED):
            return False
        child = one
    return False


PASSED = (
    ast.Dict,
    ast.IfExp,
    ast.List,
    ast.ListComp,
    ast.NamedExpr,
    ast.Tuple,
    ast.comprehension,
    ast.keyword,
)
"""What an answer's body may be between the answer and a part of it."""


def _copies(module: Module, made: ast.ListComp) -> bool:
    """Tell whether a list has the very parts of another: `[dict(one) for one in errors]`."""
    held = made.elt
    if isinstance(held, ast.Call) and len(held.args) == 1 and not held.keywords:
        called = ref(module, held.func)
        held = held.args[0] if called is not None and called.dotted == "builtins.dict" else held
    target = made.generators[0].target
    return isinstance(held, ast.Name) and isinstance(target, ast.Name) and held.id == target.id


def _is_answer(module: Module, call: ast.Call) -> bool:
    """Tell whether a call makes an answer that `json.dumps` writes."""
    made = ref(module, call.func)
    if made is not None and made.dotted == "functools.partial" and call.args:
        made = ref(module, call.args[0])
    if made is None:
        return False
    writes = is_a(made, WRITERS) and not _writes_itself(made.node)
    return writes or is_a(made, {ROUTER_ERROR})


def _writes_itself(node: ast.AST | None) -> bool:
    body = node.body if isinstance(node, ast.ClassDef) else []
    return any(getattr(one, "name", "") == "render" for one in body)


def _is_former(module: Module) -> bool:
    """Tell whether a project is written for pydantic 1."""
    words: Collection[frozenset[bytes]] = module.program.library.words.values()
    former = any(b"pydantic" in one and FORMER & one for one in words)
    return former and not any(CURRENT & one for one in words)


RULE = Rule(
    name="error-handlers-incomplete",
    why="FastAPI's HTTPException is not what the router raises, and raw validation errors hold "
    "exceptions and the input.",
    wrong="""\
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

app = FastAPI()


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse({"error": error.detail}, status_code=error.status_code)


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse({"error": "invalid", "fields": error.errors()}, status_code=422)
""",
    right="""\
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

app = FastAPI()


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> JSONResponse:
    return JSONResponse(
        {"error": error.detail}, status_code=error.status_code, headers=error.headers
    )


@app.exception_handler(RequestValidationError)
async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    fields = [
        {"type": one["type"], "loc": one["loc"], "msg": one["msg"]}
        for one in error.errors()
    ]
    return JSONResponse({"error": "invalid", "fields": fields}, status_code=422)
""",
    taught="python-backend/references/api.md#error-handlers",
    source=(
        "https://fastapi.tiangolo.com/tutorial/handling-errors/",
        "https://www.starlette.io/exceptions/",
        "https://docs.pydantic.dev/latest/errors/errors/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
