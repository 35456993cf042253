"""Finds `compare_digest` on texts of a request, which raises for a character that is not ASCII."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Function,
    Given,
    Module,
    argument,
    calls,
    constant,
    is_a,
    kind,
    origins,
    received,
    ref,
    routes,
    valued,
)

MODEL = "pydantic.BaseModel"
COMPARING = ("hmac.compare_digest", "secrets.compare_digest")
CREDENTIALS = {
    "fastapi.security.HTTPAuthorizationCredentials": {"credentials"},
    "fastapi.security.OAuth2PasswordRequestForm": {"username", "password"},
}
"""What FastAPI reads of a request into an object.

Not `HTTPBasicCredentials`: it decodes them as ASCII, and answers 401 where they are not.
"""
PARTING = frozenset({"split", "rsplit", "partition", "rpartition"})
SCHEME = "fastapi.security.utils.get_authorization_scheme_param"
CAUGHT = frozenset({"TypeError", "Exception", "BaseException"})
DEEPEST = 4
"""Through how many parts of parts and callers of callers a text is followed."""
MOST_FILES = 20
"""In how many modules the callers of a function are looked for."""
MESSAGE = (
    "raises TypeError where the caller sends a character that is not ASCII, a 500 instead of a "
    "refusal: compare bytes, `{}.encode()` on both sides"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the comparisons that are given a text as a request holds it."""
    told: set[ast.AST | None] = set()
    for call in calls(module, *COMPARING):
        # A name and a password are mended in one go.
        statement = next(
            (one for one in module.above(call.node) if isinstance(one, ast.stmt)), None
        )
        if statement in told:
            continue
        given = [each for at, name in enumerate("ab") if (each := call.given(name, at))]
        for one in given:
            if isinstance(one, Given) and _sent(one.module, one.node):
                if not _is_guarded(module, call.node, one.node):
                    told.add(statement)
                    yield Hit(call.node, MESSAGE.format(_short(one.node)))
                break


def _sent(module: Module, node: ast.expr, depth: int = 0) -> bool:
    """Tell whether a value is a text out of a request."""
    for one in origins(module, node):
        if received(module, one) is not None or _is_credential(module, one):
            return True
        inner = _inner(module, one) if depth < DEEPEST else None
        if inner is not None and _sent(module, inner, depth + 1):
            return True
        if depth < DEEPEST and isinstance(one, ast.Name) and _given(module, one, depth + 1):
            return True
    return False


def _is_credential(module: Module, node: ast.expr) -> bool:
    """Tell whether an attribute is what a framework has read: `credentials.password`."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = kind(module, node.value)
    if owner is not None and owner.dotted in CREDENTIALS:
        return node.attr in CREDENTIALS[owner.dotted]
    if is_a(owner, {MODEL}) and isinstance(node.value, ast.Name):
        function = module.function(node)
        found = kind(module, node)
        return (
            found is not None
            and found.dotted == "builtins.str"
            and any(one.function is function for one in routes(module))
            and any(one.arg == node.value.id for one in _parameters(function))
        )
    # Werkzeug's: `request.authorization.password`.
    holders = (one.attr for one in origins(module, node.value) if isinstance(one, ast.Attribute))
    return node.attr in {"username", "password", "token"} and "authorization" in holders


def _inner(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the text that something is made of: `x[7:]`, `x.split("=")[1]`, `_, part = ...`."""
    value: ast.AST | None = None
    if isinstance(node, ast.Subscript):
        if isinstance(node.slice, ast.Slice):
            return node.value
        _, value = valued(module, node.value)
    elif isinstance(node, ast.Name):
        value = _unpacked(module, node)
    elif isinstance(node, ast.Call):
        return _decoded(module, node)
    if not isinstance(value, ast.Call):
        return None
    if isinstance(value.func, ast.Attribute) and value.func.attr in PARTING:
        return value.func.value
    named = ref(module, value.func)
    return value.args[0] if named is not None and named.dotted == SCHEME and value.args else None


def _unpacked(module: Module, node: ast.Name) -> ast.AST | None:
    for scope in module.scopes(node):
        held = module.bindings.scopes.get(scope, {}).get(node.id)
        if held:
            return next((one.node.value for one in held if isinstance(one.node, ast.Assign)), None)
    return None


def _decoded(module: Module, node: ast.Call) -> ast.expr | None:
    """Return what a text was decoded from: of `b64decode(x).decode()`."""
    named, outer = ref(module, node.func), module.parent(node)
    decoded = isinstance(outer, ast.Attribute) and outer.attr == "decode"
    if decoded and node.args and named is not None and named.dotted.startswith("base64."):
        return node.args[0]
    return None


def _parameters(function: ast.AST | None) -> list[ast.arg]:
    if not isinstance(function, FUNCTIONS):
        return []
    held = function.args
    return [*held.posonlyargs, *held.args, *held.kwonlyargs]


def _given(module: Module, name: ast.Name, depth: int) -> bool:
    """Tell whether a call gives a function's parameter a request's text."""
    function = module.function(name)
    names = [one.arg for one in _parameters(function)]
    if not isinstance(function, FUNCTIONS) or name.id not in names:
        return False
    for source, call in _callers(module, function):
        bound = isinstance(call.func, ast.Attribute) and names[0] in {"self", "cls"}
        given = argument(source, call, name.id, names.index(name.id) - bound)
        if isinstance(given, Given) and _sent(given.module, given.node, depth):
            return True
    return False


def _callers(module: Module, function: Function) -> Iterator[tuple[Module, ast.Call]]:
    """Yield the calls of a function, those of its own module by its mere name as well."""
    holding = (one for one in module.program.library.holding(function.name) if one != module.path)
    for source in (module, *module.program.modules(islice(holding, MOST_FILES))):
        for call in () if source.is_test else source.nodes(ast.Call):
            if getattr(call.func, "attr", getattr(call.func, "id", "")) != function.name:
                continue
            target = ref(source, call.func)
            known = target.node if target is not None else None
            if known is function or (known is None and source is module):
                yield source, call


def _is_guarded(module: Module, call: ast.Call, sent: ast.expr) -> bool:
    """Tell whether the error is caught, or the text was asked for ASCII before."""
    for one in module.tries(call):
        for handler in one.handlers:
            caught = ast.unparse(handler.type) if handler.type is not None else "Exception"
            if any(name in caught for name in CAUGHT):
                return True
    function = module.function(call)
    asked = (one.attr for one in module.within(function, ast.Attribute)) if function else ()
    return "isascii" in asked or isinstance(constant(module, sent), bytes)


def _short(node: ast.expr) -> str:
    written = ast.unparse(node)
    return written if len(written) <= 30 else "..."


RULE = Rule(
    name="digest-compare-str",
    why="`compare_digest` takes texts of ASCII only, and a header can hold any byte.",
    wrong="""\
import hmac

from starlette.requests import Request

TOKEN = "from-the-settings"


def is_allowed(request: Request) -> bool:
    return hmac.compare_digest(request.headers.get("x-token", ""), TOKEN)
""",
    right="""\
import hmac

from starlette.requests import Request

TOKEN = "from-the-settings"


def is_allowed(request: Request) -> bool:
    sent = request.headers.get("x-token", "")
    return hmac.compare_digest(sent.encode(), TOKEN.encode())
""",
    taught="python-backend/references/security.md#signatures",
    source=("https://docs.python.org/3/library/hmac.html#hmac.compare_digest",),
    check=check,
)
