"""Tells what is sent to callers: the bodies of answers, and the functions that answer errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.semantic.arguments import Given, argument
from mcp_server.semantic.calls import method_calls
from mcp_server.semantic.classes import is_a
from mcp_server.semantic.constants import valued
from mcp_server.semantic.module import Function, Module
from mcp_server.semantic.resolve import ref

HTTP_ERRORS = frozenset({"starlette.exceptions.HTTPException", "litestar.exceptions.HTTPException"})
RESPONSES = {
    "starlette.responses.JSONResponse": "content",
    "starlette.responses.ORJSONResponse": "content",
    "starlette.responses.UJSONResponse": "content",
    "starlette.responses.PlainTextResponse": "content",
    "starlette.responses.HTMLResponse": "content",
    "starlette.responses.Response": "content",
    "litestar.Response": "content",
    "django.http.JsonResponse": "data",
    "django.http.HttpResponse": "content",
    "django.http.HttpResponseServerError": "content",
    "django.http.HttpResponseBadRequest": "content",
    "flask.abort": "description",
    "flask.jsonify": "",
    "aiohttp.web.json_response": "data",
    "rest_framework.response.Response": "data",
    "quart.abort": "description",
    "quart.jsonify": "",
    "sanic.response.json": "body",
    "sanic.json": "body",
}
"""What makes an answer, and the parameter that is its body, the first of each."""
REGISTERS = ("exception_handler", "errorhandler")
TABLE = "exception_handlers"


def answered(module: Module, call: ast.Call) -> ast.expr | None:
    """Return what a call that makes an answer sends to the caller."""
    made = ref(module, call.func)
    if made is None:
        return None
    if made.module is None and made.dotted in RESPONSES:
        given = argument(module, call, RESPONSES[made.dotted], int(made.last == "abort"))
        if given is None and made.last == "jsonify":
            return ast.Dict(keys=[], values=[one.value for one in call.keywords])
    elif is_a(made, HTTP_ERRORS):
        given = argument(module, call, "detail", 1)
    else:
        return None
    node = getattr(given, "node", None)
    return node if isinstance(node, ast.expr) else None


def handled_by(module: Module, function: Function) -> Iterator[tuple[Module, ast.expr]]:
    """Yield the exceptions that an application of the project answers by a function."""
    for one in function.decorator_list:
        if (
            isinstance(one, ast.Call)
            and isinstance(one.func, ast.Attribute)
            and one.func.attr in REGISTERS
            and one.args
        ):
            yield module, one.args[0]
    library, program = module.program.library, module.program
    words = ("add_exception_handler", "register_error_handler", TABLE)
    # Few files register handlers: to look through all for each function's name takes longer.
    paths = {path for word in words for path in library.holding(word)}
    name = function.name.encode()
    for path in sorted(one for one in paths if name in library.words[one]):
        source = None if library.is_test(path) else program.module(path)
        for caught, handler in _registered(source) if source is not None else ():
            found = ref(handler.module, handler.node)
            if found is not None and found.node is function:
                yield caught.module, caught.node


def _registered(module: Module) -> list[tuple[Given, Given]]:
    """Return what a module registers for exceptions: the exception, and its handler."""
    known: dict[str, list[tuple[Given, Given]]] = module.answers["registered handlers"]
    if "" not in known:
        known[""] = [*_added(module), *_tabled(module)]
    return known[""]


def _added(module: Module) -> Iterator[tuple[Given, Given]]:
    for call in method_calls(module, "add_exception_handler", "register_error_handler"):
        caught = argument(module, call, "exc_class_or_status_code", 0)
        handler = argument(module, call, "handler", 1)
        if isinstance(caught, Given) and isinstance(handler, Given):
            yield caught, handler


def _tabled(module: Module) -> Iterator[tuple[Given, Given]]:
    for call in module.nodes(ast.Call):
        if not any(one.arg == TABLE for one in call.keywords):
            continue
        given = argument(module, call, TABLE)
        source, table = valued(given.module, given.node) if isinstance(given, Given) else (None, 0)
        if source is not None and isinstance(table, ast.Dict):
            for key, value in zip(table.keys, table.values, strict=True):
                if key is not None:
                    yield Given(source, key), Given(source, value)
