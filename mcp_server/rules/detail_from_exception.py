"""Finds answers to callers that carry the text of an exception nobody wrote for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Function, Given, Module, argument, ref
from mcp_server.semantic.answered import answered, handled_by

BROAD = frozenset({"builtins.Exception", "builtins.BaseException", "builtins.OSError"})
FOREIGN = tuple(
    "sqlalchemy. httpx. requests. urllib3. aiohttp. redis. botocore. boto3. psycopg. psycopg2. "
    "asyncpg. aiosqlite. sqlite3. pymysql. mysql. pymongo. elasticsearch. smtplib. subprocess. "
    "ssl. socket. django.db. kubernetes. docker. paramiko. google. azure. openai. stripe.".split()
)
"""Packages whose errors tell of hosts, statements, paths and keys."""
TEXTS = frozenset(f"builtins.{name}" for name in "str repr format ascii dict".split())
TRACES = frozenset({"traceback.format_exc", "traceback.format_exception"})
PARTS = frozenset({"args", "message", "msg", "strerror", "orig", "reason"})
"""Attributes of an exception that hold its text."""
METHODS = frozenset(
    "format join strip replace split splitlines lower capitalize title model_dump dict".split()
)
"""Methods that pass on what they are given or called on."""
FORMATS = (ast.FormattedValue, ast.Call, ast.BinOp)
"""What makes a text of the exception itself."""
CARRIED = {
    ast.BinOp: ("left", "right"),
    ast.BoolOp: ("values",),
    ast.Dict: ("values",),
    ast.FormattedValue: ("value",),
    ast.IfExp: ("body", "orelse"),
    ast.JoinedStr: ("values",),
    ast.List: ("elts",),
    ast.NamedExpr: ("value",),
    ast.Set: ("elts",),
    ast.Starred: ("value",),
    ast.Subscript: ("value",),
    ast.Tuple: ("elts",),
}
"""Where an expression has the parts whose text it holds."""
REFUSALS = frozenset(
    {400, 422, "HTTP_400_BAD_REQUEST", "BAD_REQUEST", "UNPROCESSABLE_ENTITY"}
    | {"HTTP_422_UNPROCESSABLE_ENTITY", "HTTP_422_UNPROCESSABLE_CONTENT", "UNPROCESSABLE_CONTENT"}
)
STAFF = frozenset({"admin", "backoffice", "internal", "cli"})
"""Folders of what only the people who run the service can open, or run on their own machine."""
RUNNERS = re.compile(r"admin|superuser|is_staff|IsStaff", re.IGNORECASE)
"""What guards the routes that only such people may ask."""
DEBUG = ("debug", "development", "is_dev", "testing", "local")
MESSAGE = "sends the text of any exception to the caller: log it, and answer with a fixed text"


def check(module: Module) -> Iterator[Hit]:
    """Yield what answers with the text of a broad or foreign exception."""
    if STAFF & {*module.path.removesuffix(".py").split("/")}:
        return
    for handler in module.nodes(ast.ExceptHandler):
        if _is_foreign(module, handler.type) and not _is_written(module, handler):
            yield from _answers(module, handler, handler.name)
    for function in module.functions():
        if _answers_all(module, function):
            listed = [*function.args.posonlyargs, *function.args.args]
            yield from _answers(module, function, listed[1].arg if len(listed) > 1 else None)


def _is_foreign(module: Module, node: ast.expr | None) -> bool:
    """Tell whether a handler catches what no part of the project wrote a text for."""
    if node is None:
        return True
    if isinstance(node, ast.Tuple):
        return any(_is_foreign(module, one) for one in node.elts)
    found = ref(module, node)
    if found is None:
        return False
    held = getattr(found.node, "value", None)
    if found.module is not None and isinstance(held, ast.Tuple):
        return any(_is_foreign(found.module, one) for one in held.elts)
    return found.module is None and (found.dotted in BROAD or found.dotted.startswith(FOREIGN))


def _is_written(module: Module, handler: ast.ExceptHandler) -> bool:
    """Tell whether all that was tried is one function whose errors are the project's own.

    It neither waits for anything nor calls something foreign that it does not answer for.
    """
    tried = module.parent(handler)
    body = tried.body if isinstance(tried, ast.Try) else []
    made = [one for each in body for one in module.within(each, ast.Call)]
    called = ref(module, made[0].func) if len(body) == len(made) == 1 else None
    if called is None or called.module is None or not isinstance(called.node, ast.FunctionDef):
        return False
    source = called.module
    raised = [one.exc for one in source.within(called.node, ast.Raise) if one.exc is not None]
    named = [ref(source, one.func if isinstance(one, ast.Call) else one) for one in raised]
    guarded = all(
        any(True for _ in source.tries(one)) or getattr(ref(source, one.func), "module", None)
        for one in source.within(called.node, ast.Call)
        if not isinstance(source.parent(one), ast.Raise)
    )
    return guarded and bool(named) and all(one and one.module is not None for one in named)


def _is_staff(module: Module, node: ast.AST) -> bool:
    """Tell whether only those who run the service can ask: `Depends(check_admin)` and the like."""
    for one in module.above(node):
        said: list[ast.AST] = []
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
            said = [*one.decorator_list, one.args]
        elif isinstance(one, ast.ClassDef):
            named = (each for each in one.body if isinstance(each, ast.Assign))
            said = [each for each in named if "permission_classes" in ast.unparse(each.targets[0])]
        if any(RUNNERS.search(ast.unparse(each)) for each in said):
            return True
    return False


def _answers_all(module: Module, function: Function) -> bool:
    """Tell whether a function is the handler that an application registers for all exceptions."""
    return any(_is_foreign(*caught) for caught in handled_by(module, function))


def _answers(module: Module, node: ast.AST, name: str | None) -> Iterator[Hit]:
    """Yield what makes an answer of the exception that a handler holds under a name."""
    errors, texts = {name} if name else set(), set[str]()
    made: list[ast.Call] = []
    for one in module.within(node, ast.Assign | ast.NamedExpr | ast.Call):  # type: ignore[arg-type]
        if isinstance(one, ast.Call):
            made.append(one)
            continue
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        held = {each.id for each in targets if isinstance(each, ast.Name)}
        if isinstance(one.value, ast.Name) and one.value.id in errors:
            errors |= held
        elif held and _tells(module, one.value, errors, texts):
            texts |= held
    for call in made:
        body = answered(module, call)
        told = body is not None and _tells(module, body, errors, texts)
        meant = any(_is_debug(module, above) for above in module.above(call))
        if told and not (meant or _is_parsing(module, node, call) or _is_staff(module, call)):
            yield Hit(call, MESSAGE)


def _is_parsing(module: Module, node: ast.AST, call: ast.Call) -> bool:
    """Tell whether an answer only says what is wrong with the request, which waits for nothing."""
    tried = module.parent(node)
    status = argument(module, call, "status_code") or argument(module, call, "status_code", 0)
    if not isinstance(tried, ast.Try) or not isinstance(status, Given):
        return False
    named = ref(status.module, status.node)
    refuses = status.constant in REFUSALS or (named is not None and named.last in REFUSALS)
    waits = any(True for one in tried.body for _ in module.within(one, ast.Await))
    return refuses and module.in_async(call) and not waits


def _tells(
    module: Module, node: ast.AST, errors: set[str], texts: set[str], *, inner: bool = False
) -> bool:
    """Tell whether an expression holds the text of one of the named exceptions."""
    if isinstance(node, ast.Name):
        return node.id in texts
    if isinstance(node, ast.Attribute):
        return _is_error(node.value, errors) and node.attr in PARTS
    if isinstance(node, ast.IfExp) and (_names_debug(node.test) or _asks_class(module, node.test)):
        return False
    if isinstance(node, ast.Call) and not inner and _is_told(module, node, errors):
        return True
    parts = _parts(module, node)
    formats = isinstance(node, FORMATS) and any(_is_error(one, errors) for one in parts)
    return formats or any(_tells(module, one, errors, texts, inner=inner) for one in parts)


def _is_told(module: Module, call: ast.Call, errors: set[str]) -> bool:
    """Tell whether a call returns the trace, or a text that a function makes of an exception."""
    called = ref(module, call.func)
    if called is None or called.module is None or not isinstance(called.node, ast.FunctionDef):
        return called is not None and called.dotted in TRACES
    given = zip(called.node.args.args, call.args, strict=False)
    names = {one.arg for one, each in given if isinstance(each, ast.Name) and each.id in errors}
    returned = [one.value for one in called.module.within(called.node, ast.Return) if one.value]
    return bool(names and returned) and all(
        _tells(called.module, one, names, set(), inner=True) for one in returned
    )


def _parts(module: Module, node: ast.AST) -> list[ast.expr]:
    """Return the expressions whose text an expression holds."""
    if not isinstance(node, ast.Call):
        held = [getattr(node, name) for name in CARRIED.get(type(node), ())]
        return [each for one in held for each in (one if isinstance(one, list) else [one])]
    given = [*node.args, *(one.value for one in node.keywords)]
    if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        return [node.func.value, *given]
    made = ref(module, node.func)
    passes_on = made is not None and (made.dotted in TEXTS or isinstance(made.node, ast.ClassDef))
    return given if passes_on else []


def _is_error(node: ast.AST, errors: set[str]) -> bool:
    held = node.elts if isinstance(node, ast.Tuple) else [node]
    return any(isinstance(one, ast.Name) and one.id in errors for one in held)


def _is_debug(module: Module, node: ast.AST) -> bool:
    return isinstance(node, ast.If) and (_names_debug(node.test) or _asks_class(module, node.test))


def _asks_class(module: Module, test: ast.expr) -> bool:
    """Tell whether a condition asks for a class, whose texts may be meant for the caller."""
    found = ref(module, test.func) if isinstance(test, ast.Call) else None
    return found is not None and found.dotted == "builtins.isinstance"


def _names_debug(test: ast.expr) -> bool:
    """Tell whether a condition asks whether this is a developer's own machine."""
    named = (getattr(one, "attr", getattr(one, "id", "")) for one in ast.walk(test))
    return any(word in str(name).lower() for name in named for word in DEBUG)


RULE = Rule(
    name="detail-from-exception",
    why="The text of an exception tells strangers of hosts, statements, paths and secrets.",
    wrong="""\
import httpx
from fastapi import APIRouter, HTTPException

router = APIRouter()


@router.post("/orders/{number}/invoice")
async def send_invoice(number: int) -> dict[str, str]:
    try:
        return await create_invoice(number)
    except Exception as error:
        raise HTTPException(status_code=500, detail=str(error)) from error


async def create_invoice(number: int) -> dict[str, str]:
    async with httpx.AsyncClient(base_url="https://invoices.example") as client:
        answer = await client.post(f"/invoices/{number}")
    answer.raise_for_status()
    return {"invoice": answer.json()["id"]}
""",
    right="""\
import logging

import httpx
from fastapi import APIRouter, HTTPException, Request

logger = logging.getLogger(__name__)
router = APIRouter()


@router.post("/orders/{number}/invoice")
async def send_invoice(number: int, request: Request) -> dict[str, str]:
    client: httpx.AsyncClient = request.app.state.invoices
    try:
        answer = await client.post(f"/invoices/{number}")
        answer.raise_for_status()
    except httpx.HTTPError as error:
        logger.exception("No invoice was made for order %s", number)
        raise HTTPException(502, detail="The invoice could not be made") from error
    return {"status": "sent"}
""",
    taught="python-backend/references/api.md#errors",
    source=(
        "https://cheatsheetseries.owasp.org/cheatsheets/Error_Handling_Cheat_Sheet.html",
        "https://cwe.mitre.org/data/definitions/209.html",
        "https://www.rfc-editor.org/rfc/rfc9457.html#section-5",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
