"""Finds tokens that are decoded without a pinned algorithm, or whose checks are switched off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    UNKNOWN,
    Call,
    Given,
    Module,
    calls,
    constant,
    kind,
    spread,
)
from mcp_server.semantic.arguments import valued

PYJWT = (
    "jwt.decode",
    "jwt.decode_complete",
    "jwt.PyJWT.decode",
    "jwt.PyJWT.decode_complete",
)
JOSE = "jose.jwt.decode"
HEADER = ("jwt.get_unverified_header", "jose.jwt.get_unverified_header")
CHECKS = frozenset({"verify_signature", "verify_exp"})
PEEKED = frozenset({"iss", "kid", "alg", "tid", "exp", "iat", "nbf", "jti"})
"""Claims that decide nothing: whose key to verify with, and when to ask for another token."""
SAID = re.compile(r"unverified|unsafe|insecure|untrusted|peek")
"""Names that say that nobody has checked the token yet."""
EXPIRED = re.compile(r"expired|refresh|log_?out|revoke|unsubscribe")
"""Functions that take expired tokens for a reason."""
OBTAINED = frozenset({"id_token", "access_token"})
ANSWERS = re.compile(r"json$|fetch|exchange|authorize_access_token|token")
WITHOUT = "decodes a token without `algorithms`: pass the one that you sign with"
CHOSEN_BY_SENDER = "takes the algorithm from the token itself: pass the one that you sign with"
UNSIGNED = "accepts the algorithm `none`, tokens without any signature: leave it out"
UNVERIFIED = (
    "switches off `verify_signature` of a token: whoever sends one can claim anything; leave it on"
)
LASTING = (
    "takes expired tokens: leave `verify_exp` on, or compare the claim `exp` with the time yourself"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the calls that accept tokens nobody has checked."""
    for call in calls(module, *PYJWT, JOSE):
        message = _wrong(call)
        if message is not None:
            yield Hit(call.node, message)


def _wrong(call: Call) -> str | None:
    off = next(_switched_off(call), None)
    if off == "verify_signature":
        return None if _is_peek(call) else UNVERIFIED
    if off == "verify_exp" and not _takes_expired(call):
        return LASTING
    given = call.given("algorithms", 2)
    if given is None or (isinstance(given, Given) and given.constant in (None, ())):
        return None if off or _key_pins(call) else WITHOUT
    return _pinned_badly(given) if isinstance(given, Given) else None


def _switched_off(call: Call) -> Iterator[str]:
    if call.constant("verify") is False:
        # PyJWT 1 and what still calls it so.
        yield "verify_signature"
    options = call.given("options", 3)
    if not isinstance(options, Given):
        return
    # What `options` holds is read as keywords are: `{"verify_exp": False}` or `dict(...)`.
    held = ast.Call(func=call.node.func, args=[], keywords=[ast.keyword(None, options.node)])
    off = {
        key
        for key, given in spread(options.module, held)
        if key in CHECKS and given is not None and given.constant is False
    }
    yield from sorted(off, reverse=True)


def _pinned_badly(given: Given) -> str | None:
    source, value = valued(given.module, given.node)
    if not isinstance(value, ast.List | ast.Tuple | ast.Set):
        return None
    for one in value.elts:
        if str(constant(source, one)).lower() == "none":
            return UNSIGNED
        _, picked = valued(source, one)
        if isinstance(picked, ast.Subscript):
            holder = picked.value
        elif isinstance(picked, ast.Call) and isinstance(picked.func, ast.Attribute):
            holder = picked.func.value
        else:
            continue
        where, read = valued(source, holder)
        if isinstance(read, ast.Call) and any(each.node is read for each in calls(where, *HEADER)):
            return CHOSEN_BY_SENDER
    return None


def _key_pins(call: Call) -> bool:
    """Tell whether the key is an object that knows its algorithm: PyJWT's `PyJWK`."""
    key = call.given("key", 1)
    if call.name == JOSE or not isinstance(key, Given):
        return False
    found = kind(key.module, key.node)
    return found is not None and found.dotted == "jwt.PyJWK"


def _is_peek(call: Call) -> bool:
    """Tell whether a look into an unverified token decides nothing."""
    module, function = call.module, call.module.function(call.node)
    token = call.given("jwt", 0) or call.given("token", 0)
    written = [_function_name(call)]
    if isinstance(token, Given):
        written.append(ast.unparse(token.node))
    statement = next((one for one in module.above(call.node) if isinstance(one, ast.stmt)), None)
    if isinstance(statement, ast.Assign):
        written += map(ast.unparse, statement.targets)
    if any(SAID.search(one.lower()) for one in written):
        return True
    if isinstance(token, Given) and _is_obtained(token):
        return True
    if isinstance(function, FUNCTIONS) and any(
        module.function(one.node) is function and not any(_switched_off(one))
        for one in calls(module, *PYJWT, JOSE)
    ):
        return True
    return _claims(module, call.node) <= PEEKED


def _takes_expired(call: Call) -> bool:
    """Tell whether a function takes expired tokens for a reason, or its module reads the claim."""
    module = call.module
    return bool(EXPIRED.search(_function_name(call))) or any(
        (isinstance(one, ast.Attribute) and one.attr == "exp")
        or (isinstance(one, ast.Constant) and one.value == "exp" and _is_key(module, one))
        for one in (*module.nodes(ast.Attribute), *module.nodes(ast.Constant))
    )


def _is_key(module: Module, node: ast.Constant) -> bool:
    """Tell whether a text is a key that is read: `claims["exp"]`, `claims.get("exp")`."""
    parent = module.parent(node)
    if isinstance(parent, ast.Subscript):
        return isinstance(parent.ctx, ast.Load)
    return (
        isinstance(parent, ast.Call)
        and isinstance(parent.func, ast.Attribute)
        and parent.func.attr in {"get", "pop"}
        and node in parent.args[:1]
    )


def _is_obtained(token: Given) -> bool:
    """Tell whether a token comes from an issuer's own answer, over TLS (OIDC Core, 3.1.3.7)."""
    source, node = valued(token.module, token.node)
    if not isinstance(node, ast.Subscript) or constant(source, node.slice) not in OBTAINED:
        return False
    _, made = valued(source, node.value)
    made = made.value if isinstance(made, ast.Await) else made
    if not isinstance(made, ast.Call) or not isinstance(made.func, ast.Attribute):
        return False
    base = ast.unparse(made.func.value).lower()
    return bool(ANSWERS.search(made.func.attr)) and not base.endswith("request")


def _claims(module: Module, node: ast.Call) -> set[object]:
    """Return which claims are read of what a call returns, `UNKNOWN` among them for all."""
    parent = module.parent(node)
    read: list[ast.expr] = [node]
    if isinstance(parent, ast.Assign | ast.NamedExpr | ast.AnnAssign):
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        function = module.function(node)
        if function is None or not isinstance(target, ast.Name):
            return {UNKNOWN}
        read = [
            one
            for one in module.within(function, ast.Name)
            if one.id == target.id and isinstance(one.ctx, ast.Load)
        ]
    return {_claim(module, one) for one in read} or {UNKNOWN}


def _claim(module: Module, node: ast.expr) -> object:
    parent = module.parent(node)
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return constant(module, parent.slice)
    if isinstance(parent, ast.Attribute) and parent.attr == "get":
        outer = module.parent(parent)
        if isinstance(outer, ast.Call) and outer.args:
            return constant(module, outer.args[0])
    return UNKNOWN


def _function_name(call: Call) -> str:
    return getattr(call.module.function(call.node), "name", "").lower()


RULE = Rule(
    name="jwt-unpinned",
    why="A decoder that lets the token choose its algorithm, or checks nothing, takes forged ones.",
    wrong="""\
import jwt


def claims(token: str) -> dict[str, object]:
    return jwt.decode(token, options={"verify_signature": False})
""",
    right="""\
import jwt


def claims(token: str, key: str) -> dict[str, object]:
    return jwt.decode(
        token,
        key,
        algorithms=["HS256"],
        audience="orders",
        issuer="shop",
        options={"require": ["exp", "aud", "iss"]},
    )
""",
    taught="python-backend/references/security.md#tokens",
    source=(
        "https://pyjwt.readthedocs.io/en/stable/usage.html",
        "https://www.rfc-editor.org/rfc/rfc8725#section-3.1",
    ),
    check=check,
)
