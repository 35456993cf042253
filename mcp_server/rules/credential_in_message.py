"""Finds secrets that are written into a log, or into the text of an exception."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeAlias

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    UNKNOWN,
    Binding,
    Module,
    calls,
    constant,
    kind,
    method_calls,
    origins,
    received,
    ref,
    spread,
    valued,
)
from mcp_server.semantic import text as text_of

Shown: TypeAlias = tuple[Module, ast.expr]

OPTIONS = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})
TEXTS = frozenset(
    "builtins.str builtins.bytes pydantic.AnyUrl pydantic.PostgresDsn pydantic.RedisDsn "
    "pydantic.AmqpDsn".split()
)
DEEPEST = 6
LEVELS = frozenset("debug info warning warn error exception critical fatal log trace".split())
LOGGERS = ("logging.", "loguru.", "structlog.")
NAMED_LOGGERS = re.compile(r"(^|_)(log|logger|logging)$", re.IGNORECASE)
SECRET = re.compile(
    r"(^|_)(password|passwd|passphrase|client_?secret|secret_?key|signing_?secret|webhook_?secret"
    r"|api_?key|access_?key|private_?key|encryption_?key|api_?secret|app_?secret|auth_?header"
    r"|authorization_?header|dsn|database_?ur[li]|db_?ur[li]|redis_?ur[li]|broker_?ur[li]"
    r"|amqp_?ur[li]|mongo(db)?_?ur[li]|connection_?string|(access|refresh|auth|bearer|session|api"
    r"|bot|id|login|reset|verification|invite|csrf|jwt|user|secret|personal|github|slack)_?token"
    r"|jwt)$",
    re.IGNORECASE,
)
"""What variables, attributes and keys are called that hold a secret."""
NOT_SECRET = re.compile(
    r"(^|_)(hash(ed)?|masked|redacted|encrypted|public|safe|no|num|has|is|next|page|sync)_",
    re.IGNORECASE,
)
BARE = re.compile(r"^_?(token|secret)$", re.IGNORECASE)
"""What can also be a word of a language, or a name: it counts where people are let in."""
LETS_IN = re.compile(rb"jwt|bearer|oauth|authoriz|authentic|password|login", re.IGNORECASE)
READS = re.compile(
    r"unexpected|pars|syntax|column|line |lex|token(s|iz)|name|not found", re.IGNORECASE
)
"""Texts about words of a language, or about where a secret lies."""
SPENT = re.compile(r"Expired|BadSignature|Invalid|Decode")
UNHEARD_OF = re.compile(r"DoesNotExist|NotFound|NoResult")
"""Errors after which nobody gets in by what was sent."""
SIGNATURE = re.compile(r"(^|_)(expected|computed|calculated)_?(signature|hmac|mac)$", re.IGNORECASE)
"""Names of what a forger lacks: the right signature of what was sent."""
KEYS = frozenset({"authorization", "proxy_authorization", "cookie", "set_cookie"})
"""Headers that let in whoever sends them."""
LOOKED_UP = re.compile(r"^((get|read|fetch|load|resolve)_secret(_value|_version)?|getenv)$")
"""Functions that are given the name under which a secret lies."""
SHOWN = 12
"""As many letters of a secret are no hint at it, but most of it."""
BINDING = frozenset("bind new opt patch contextualize getChild try_unbind".split())
"""Methods of loggers that return one."""
HIDING = re.compile(
    r"redact|mask|hash|obfus|sanit|scrub|hide|hidden|censor|trunc|shorten|digest|safe|clean|strip_"
    r"|without|remove|len|bool|encrypt|repr_|anonym",
    re.IGNORECASE,
)
"""Words of functions after which a value is fit to be shown."""
MESSAGE = "writes `{}` into {}: leave it out, or show what cannot be used (a name, an id, a length)"


def check(module: Module) -> Iterator[Hit]:
    """Yield the messages that hold a secret."""
    direct = [one.node for one in calls(module, *(f"logging.{name}" for name in sorted(LEVELS)))]
    named = method_calls(module, *sorted(LEVELS), "bind", "contextualize")
    held = [one for one in named if _is_logger(module, one)]
    for call in dict.fromkeys((*direct, *held)):
        yield from _hits(module, call, "the log", [*_logged(module, call)])
    for node in module.nodes(ast.Raise):
        if isinstance(node.exc, ast.Call):
            given = [(module, one) for one in node.exc.args]
            given += [(one.module, one.node) for _, one in spread(module, node.exc) if one]
            parts = [each for source, one in given for each in _parts(source, one)]
            yield from _hits(module, node.exc, "an exception's text", parts)


def _hits(module: Module, call: ast.Call, where: str, parts: list[Shown]) -> Iterator[Hit]:
    for source, node in parts:
        name = _secret(source, node, call)
        if name is not None:
            inside = call.lineno <= node.lineno <= (call.end_lineno or call.lineno)
            # The message can be written in a line before the call's.
            place = call if inside or source is not module else node
            yield Hit(place, MESSAGE.format(name, where))
            return


def _is_logger(module: Module, call: ast.Call) -> bool:
    holder = call.func.value if isinstance(call.func, ast.Attribute) else call.func
    holder = holder.value if isinstance(holder, ast.NamedExpr) else holder
    while isinstance(holder, ast.Call) and getattr(holder.func, "attr", "") in BINDING:
        holder = getattr(holder.func, "value", holder)
    found = kind(module, holder) or ref(module, holder)
    if found is not None and found.module is None and found.value is None:
        return f"{found.dotted}.".startswith(LOGGERS)
    name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
    return NAMED_LOGGERS.search(name) is not None


def _logged(module: Module, call: ast.Call) -> Iterator[Shown]:
    for at, one in enumerate(call.args):
        yield from _parts(module, one)
        if at and not isinstance(one, ast.Starred):
            yield module, one
    for each in call.keywords:
        if each.arg == "extra" and isinstance(each.value, ast.Dict):
            yield from ((module, one) for one in each.value.values)
    for name, given in spread(module, call):
        if given is not None and name not in OPTIONS:
            yield given.module, given.node


def _parts(module: Module, node: ast.expr, depth: int = 0) -> Iterator[Shown]:
    """Yield what a text is put together from: `f"...{x}"`, `"%s" % x`, `"{}".format(x)`, ..."""
    source, value = valued(module, node)
    if isinstance(value, ast.JoinedStr):
        held = (one for one in value.values if isinstance(one, ast.FormattedValue))
        yield from ((source, one.value) for one in held)
    elif isinstance(value, ast.BinOp) and text_of(source, value) is not None:
        yield from _joined(source, value, depth)
    elif isinstance(value, ast.IfExp) and depth < DEEPEST:
        for side in (value.body, value.orelse):
            yield from _parts(source, side, depth + 1)
    elif isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "format":
        yield from ((source, one) for one in value.args)
        yield from ((source, one.value) for one in value.keywords)
    elif isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "join" and value.args:
        listed, parts = valued(source, value.args[0])
        yield from ((listed, one) for one in getattr(parts, "elts", ()))


def _joined(module: Module, value: ast.BinOp, depth: int) -> Iterator[Shown]:
    right = value.right
    if isinstance(value.op, ast.Add) and depth < DEEPEST:
        for side in (value.left, right):
            yield from _parts(module, side, depth + 1)
            yield module, side
    elif isinstance(value.op, ast.Mod):
        if isinstance(right, ast.Tuple | ast.Dict):
            held = right.elts if isinstance(right, ast.Tuple) else right.values
            yield from ((module, one) for one in held)
        else:
            yield module, right


def _secret(module: Module, node: ast.expr, call: ast.Call) -> str | None:
    """Return the name of the secret that an expression shows, None where it shows none."""
    if isinstance(node, ast.BoolOp):
        return next((name for one in node.values if (name := _secret(module, one, call))), None)
    opened = False
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "get_secret_value":
            node, opened = node.func.value, True
        elif len(node.args) == 1 and getattr(node.func, "id", "") in {"str", "repr"}:
            node = node.args[0]
    name = _named(module, node)
    if name is None or NOT_SECRET.search(name):
        return None
    known = SECRET.search(name) or SIGNATURE.search(name) or _is_header(module, node, name)
    if not opened and not known and not _is_bare(module, node, name, call):
        return None
    if (
        constant(module, node) is not UNKNOWN
        or _is_hidden(module, node)
        or _is_spent(module, name, call)
        or _is_told(module, node, call)
    ):
        return None
    found = kind(module, node)
    return name if found is None or opened or found.dotted in TEXTS else None


def _is_header(module: Module, node: ast.expr, name: str) -> bool:
    """Tell whether a value is a header that lets in whoever sends it."""
    if not isinstance(node, ast.Name):
        return name.lower() in KEYS
    sent = (received(module, one) for one in origins(module, node))
    return any(one is not None and one.name.replace("-", "_") in KEYS for one in sent)


def _named(module: Module, node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    key = None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        upper = constant(module, node.slice.upper) if node.slice.lower is None else None
        return _named(module, node.value) if isinstance(upper, int) and upper >= SHOWN else None
    if isinstance(node, ast.Subscript):
        key = constant(module, node.slice)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get" and node.args:
        key = constant(module, node.args[0])
    return key.replace("-", "_") if isinstance(key, str) else None


def _is_told(module: Module, node: ast.expr, call: ast.Call) -> bool:
    """Tell whether a value is compared with a text of the code, or names what is looked up."""
    written, function = ast.unparse(node), module.function(call)
    tests = [one.test for one in module.above(call) if isinstance(one, ast.If)]
    for each in (each for one in tests for each in ast.walk(one)):
        if isinstance(each, ast.Compare) and isinstance(each.ops[0], ast.Eq):
            sides = {ast.unparse(one): one for one in (each.left, each.comparators[0])}
            if sides.pop(written, None) and any(text_of(module, one) for one in sides.values()):
                return True
    return any(
        LOOKED_UP.search(getattr(one.func, "attr", getattr(one.func, "id", "")))
        and written in map(ast.unparse, one.args[:1])
        for one in (module.within(function, ast.Call) if function is not None else ())
    )


def _is_bare(module: Module, node: ast.expr, name: str, call: ast.Call) -> bool:
    """Tell whether a mere `token` or `secret` is one that lets somebody in."""
    if BARE.search(name) is None or not LETS_IN.search(module.content):
        return False
    held = _bound(module, node) if isinstance(node, ast.Name) else []
    if any(one.how != "parameter" for one in held):
        return False
    written = " ".join(filter(None, (text_of(module, one) for one in call.args)))
    return READS.search(written) is None


def _is_spent(module: Module, name: str, call: ast.Call) -> bool:
    """Tell whether a token has just been refused, and so is of no use to who reads it."""
    # A token can be good, and only whom it names be gone; a key that nobody has opens nothing.
    refused = UNHEARD_OF if name.lower().endswith("key") else SPENT
    if not name.lower().endswith(("token", "jwt", "key")):
        return False
    handler = next((one for one in module.above(call) if isinstance(one, ast.ExceptHandler)), None)
    caught = handler.type if handler is not None else None
    listed = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return all(one is not None and refused.search(ast.unparse(one)) for one in listed)


def _bound(module: Module, node: ast.Name) -> list[Binding]:
    for scope in module.scopes(node):
        held = module.bindings.scopes.get(scope, {}).get(node.id)
        if held:
            return held
    return []


def _is_hidden(module: Module, node: ast.expr) -> bool:
    """Tell whether a name was given what a function has masked."""
    held = _bound(module, node) if isinstance(node, ast.Name) else []
    made = [one.value.func for one in held if isinstance(one.value, ast.Call)]
    # Of a signature the digest is the secret.
    named = isinstance(node, ast.Name) and SIGNATURE.search(node.id)
    return not named and any(HIDING.search(ast.unparse(one)) for one in made)


RULE = Rule(
    name="credential-in-message",
    why="Logs and error reports are read and kept by more people than may know the secret.",
    wrong="""\
import logging

logger = logging.getLogger(__name__)


def connect(database_url: str) -> None:
    logger.info("connecting to %s", database_url)
""",
    right="""\
import logging
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)


def connect(database_url: str) -> None:
    logger.info("connecting to %s", urlsplit(database_url).hostname)
""",
    taught="python-backend/references/security.md#secrets",
    source=(
        "https://owasp.org/Top10/2025/A09_2025-Security_Logging_and_Alerting_Failures/",
        "https://docs.pydantic.dev/latest/api/types/#pydantic.types.Secret",
    ),
    check=check,
)
