"""Finds `compare_digest` on texts of a request, which raises for a character that is not ASCII."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    calls,
    constant,
    kind,
    origins,
    received,
    ref,
)

COMPARING = ("hmac.compare_digest", "secrets.compare_digest")
CREDENTIALS = {
    "fastapi.security.HTTPAuthorizationCredentials": {"credentials"},
    "fastapi.security.HTTPBasicCredentials": {"username", "password"},
    "fastapi.security.OAuth2PasswordRequestForm": {"username", "password"},
}
"""What FastAPI reads of a request into an object."""
PARTING = frozenset({"split", "rsplit", "partition", "rpartition"})
CAUGHT = frozenset({"TypeError", "Exception", "BaseException"})
MESSAGE = (
    "raises TypeError where the caller sends a character that is not ASCII, a 500 instead of a "
    "refusal: compare bytes, `{}.encode()` on both sides"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the comparisons that are given a text as a request holds it."""
    for call in calls(module, *COMPARING):
        given = [each for at, name in enumerate("ab") if (each := call.given(name, at))]
        for one in given:
            if isinstance(one, Given) and _sent(one.module, one.node):
                if not _is_guarded(module, call.node, one.node):
                    yield Hit(call.node, MESSAGE.format(_short(one.node)))
                break


def _sent(module: Module, node: ast.expr, *, called: bool = True) -> bool:
    """Tell whether a value is a text out of a request."""
    for one in origins(module, node):
        if received(module, one) is not None or _is_credential(module, one):
            return True
        inner = _parted(module, one)
        if inner is not None and _sent(module, inner, called=called):
            return True
        if called and isinstance(one, ast.Name) and _given(module, one):
            return True
    return False


def _is_credential(module: Module, node: ast.expr) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    owner = kind(module, node.value)
    return owner is not None and node.attr in CREDENTIALS.get(owner.dotted, ())


def _parted(module: Module, node: ast.expr) -> ast.expr | None:
    """Return the text that something is a part of: `x.split("=")[1]`, `_, part = x.split("=")`."""
    value: ast.AST | None = node.value if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Name):
        for scope in module.scopes(node):
            held = module.bindings.scopes.get(scope, {}).get(node.id)
            if held:
                value = getattr(held[0].node, "value", None)
                break
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Attribute)
        and value.func.attr in PARTING
    ):
        return value.func.value
    return None


def _given(module: Module, name: ast.Name) -> bool:
    """Tell whether a call of the same module gives a function's parameter a request's text."""
    function = module.function(name)
    if not isinstance(function, FUNCTIONS):
        return False
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    names += [one.arg for one in function.args.kwonlyargs]
    if name.id not in names:
        return False
    for call in module.nodes(ast.Call):
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if called != function.name:
            continue
        target = ref(module, call.func)
        if target is not None and target.node is not None and target.node is not function:
            continue
        bound = isinstance(call.func, ast.Attribute) and names[0] in {"self", "cls"}
        given = argument(module, call, name.id, names.index(name.id) - bound)
        if isinstance(given, Given) and _sent(given.module, given.node, called=False):
            return True
    return False


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
