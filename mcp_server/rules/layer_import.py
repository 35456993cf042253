"""Finds services and repositories that know of HTTP, where a layer above them is for that."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Call, Function, Module, annotated, calls
from mcp_server.semantic.reached import answers, functions_around

WORD = re.compile(r"[^\W\d]\w*")
INNER = frozenset(
    "services service repositories repository repos domain use_cases usecases".split()
)
OUTER = tuple("api apis routes routers endpoints controllers views web rest http".split())
EDGES = frozenset(
    "lifespan dependency dependencies deps depends middleware middlewares routes router routers "
    "views api endpoints handlers exceptions errors exception_handlers http web auth security "
    "websocket websockets limiter limits rate_limit rate_limiter throttling".split()
)
"""Files and folders whose work is the edge of the service, wherever they stand."""
SHARED = ("schema", "model", "error", "exception", "constant", "type", "dto", "enum")
"""Parts of an outer layer that are only its vocabulary."""
ERRORS = ("fastapi.HTTPException", "starlette.exceptions.HTTPException")
WEB = frozenset({"starlette.requests.Request", "starlette.responses.Response"})
FRAMEWORKS = frozenset(
    b"fastapi starlette flask django rest_framework litestar sanic quart APIRouter".split()
)
"""Words of a module that answers requests; a package `api` of clients of others has none."""
DECLARED = tuple(
    f"fastapi.{name}" for name in "Header Cookie Query Path Body Form File Depends Security".split()
)
"""What only a dependency or a route declares its parameters with."""
CUSTOM = 5
"""With so many files of a layer that raise HTTP errors, it is the project's way."""
RAISES = (
    "a {} raises HTTP errors, so a worker or a test cannot use it without the web framework: raise "
    "an error of your own and map it in one handler"
)
TAKES = (
    "a {} takes the web framework's `{}`: let the route read what is needed and pass the values on"
)
IMPORTS = "a {} imports `{}` of the layer above it: move what both need below, or pass it in"


def check(module: Module) -> Iterator[Hit]:
    """Yield the first import of each kind by which an inner layer knows the outer one."""
    layer = _layer(module)
    if layer is None:
        return
    kind = "repository" if layer[1].startswith("repo") else "service"
    raised = next((one for one in calls(module, *ERRORS) if _is_inner(module, one.node)), None)
    taken = next(_taken(module), None) if raised is None else None
    above = next(_above(module, layer[0]), None)
    if not (raised or taken or above) or not _has_outer(module, *layer):
        return
    if raised is not None and not _is_custom(module, posixpath.join(*layer)):
        yield Hit(_origin(module, raised.node.func), RAISES.format(kind))
    elif taken is not None:
        yield Hit(taken[0], TAKES.format(kind, taken[1]))
    if above is not None:
        yield Hit(above[0], IMPORTS.format(kind, above[1]))


def _is_inner(module: Module, node: ast.AST) -> bool:
    """Tell whether a place is none of the edge: no dependency, and no handler of errors."""
    if any(_is_declaring(module, one) for one in calls(module, *DECLARED)):
        return False
    around = functions_around(module, node)
    return not any(_answers_errors(one) or answers(module, one) for one in around)


def _is_declaring(module: Module, call: Call) -> bool:
    """Tell whether a call says which part of the request a parameter is."""
    return any(isinstance(one, ast.arguments) for one in module.above(call.node))


def _answers_errors(function: Function) -> bool:
    """Tell whether a function is given a request and the exception to answer it for."""
    listed = [*function.args.posonlyargs, *function.args.args]
    second = listed[-1] if len(listed) in {2, 3} else None
    said = ast.unparse(second.annotation) if second is not None and second.annotation else ""
    named = second is not None and second.arg in {"exc", "exception", "error", "err"}
    return named or said.endswith(("Error", "Exception", "Exceeded"))


def _layer(module: Module) -> tuple[str, str] | None:
    """Return the folder above an inner layer, and the layer, that a module belongs to."""
    parts = module.path.removesuffix(".py").split("/")
    at = next((at for at in reversed(range(len(parts) - 1)) if parts[at] in INNER), None)
    if at is None or EDGES & {*parts[at + 1 :]}:
        return None
    if any(one in OUTER for one in parts[:at]):
        # `api/services` belongs to the outer layer itself.
        return None
    return "/".join(parts[:at]), parts[at]


def _has_outer(module: Module, folder: str, inner: str) -> bool:
    """Tell whether a layer for HTTP stands beside the inner one, and none within it."""
    known = module.program.library.known
    begins = tuple(posixpath.join(folder, one) + "/" for one in OUTER)
    within = posixpath.join(folder, inner) + "/"
    # A folder of whole services, each with an application of its own, is no layer.
    whole = any(
        path.startswith(within) and path.endswith(("/main.py", "/asgi.py", "/wsgi.py"))
        for path in known
    )
    return not whole and any(path.startswith(begins) for path in known)


def _is_custom(module: Module, folder: str) -> bool:
    """Tell whether many files of the layer raise HTTP errors: then it is the project's way."""
    held = [
        words for path, words in module.program.library.words.items() if path.startswith(folder)
    ]
    same = [one for one in held if b"HTTPException" in one and one & {b"fastapi", b"starlette"}]
    return len(same) > CUSTOM and len(same) * 6 >= len(held)


def _taken(module: Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield the annotations of parameters that are requests or responses of the framework."""
    for one in module.nodes(ast.arg):
        found = annotated(module, one.annotation) if one.annotation is not None else None
        if found is not None and found.dotted in WEB and one.annotation is not None:
            if not _is_inner(module, one):
                continue
            origin = _origin(module, _first(one.annotation))
            if not _is_for_types(module, origin):
                yield origin, found.last


def _first(node: ast.expr) -> ast.expr:
    """Return the first name of an annotation, or the text that it is in quotes."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name) or isinstance(getattr(one, "value", None), str):
            return one  # type: ignore[return-value]
    return node


def _above(module: Module, folder: str) -> Iterator[tuple[ast.AST, str]]:
    """Yield the imports of the outer layer beside the inner one."""
    begins = tuple(posixpath.join(folder, one) + "/" for one in OUTER)
    for names in module.bindings.scopes.values():
        for one in (each for held in names.values() for each in held):
            if one.imported is None or _is_for_types(module, one.node):
                continue
            bare = replace(
                one.imported, module=f"{one.imported.module}.{one.imported.name}", name=""
            )
            for path in (module.program.imported(module, each) for each in (one.imported, bare)):
                if path is not None and path.startswith(begins):
                    if not FRAMEWORKS & module.program.library.words.get(path, frozenset()):
                        break
                    if not any(word in path.removeprefix(folder) for word in SHARED):
                        yield one.node, one.imported.module or one.imported.name
                    break


def _origin(module: Module, node: ast.expr) -> ast.AST:
    """Return the import by which an expression's name came, itself where none is here."""
    name = node
    while isinstance(name, ast.Attribute):
        name = name.value
    if isinstance(name, ast.Constant):
        quoted = WORD.match(str(name.value))
        held = module.names.get(quoted[0], []) if quoted is not None else []
        return next((one.node for one in held if one.how == "import"), node)
    if isinstance(name, ast.Name):
        held = [
            one
            for scope in module.scopes(name)
            for one in module.bindings.scopes.get(scope, {}).get(name.id, ())
        ]
        return next((one.node for one in held if one.how == "import"), node)
    return node


def _is_for_types(module: Module, node: ast.AST) -> bool:
    """Tell whether an import is only read by type checkers."""
    return any(
        isinstance(one, ast.If) and "TYPE_CHECKING" in ast.unparse(one.test)
        for one in module.above(node)
    )


RULE = Rule(
    name="layer-import",
    why="A service that raises HTTP errors or reads requests can be used by nothing but a route.",
    wrong="""\
# file: app/api/orders.py
from fastapi import APIRouter

from app.services.orders import find_order

router = APIRouter()


@router.get("/orders/{number}")
def show(number: int) -> dict[str, int]:
    return find_order(number)
# file: app/services/orders.py
from fastapi import HTTPException

ORDERS = {1: {"number": 1}}


def find_order(number: int) -> dict[str, int]:
    if number not in ORDERS:
        raise HTTPException(status_code=404, detail="There is no such order")
    return ORDERS[number]
""",
    right="""\
# file: app/api/orders.py
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse

from app.services.orders import NoSuchOrderError, find_order

router = APIRouter()


@router.get("/orders/{number}")
def show(number: int) -> dict[str, int]:
    return find_order(number)


async def not_found(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "There is no such order"}, status_code=404)


def register(app: FastAPI) -> None:
    app.add_exception_handler(NoSuchOrderError, not_found)
# file: app/services/orders.py
ORDERS = {1: {"number": 1}}


class NoSuchOrderError(Exception):
    pass


def find_order(number: int) -> dict[str, int]:
    if number not in ORDERS:
        raise NoSuchOrderError(number)
    return ORDERS[number]
""",
    taught="python-backend/references/application.md#layers",
    source=(
        "https://fastapi.tiangolo.com/tutorial/bigger-applications/",
        "https://fastapi.tiangolo.com/tutorial/handling-errors/",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
