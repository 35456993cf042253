"""Finds signatures that are compared with `==`, which tells by its time how much is right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    constant,
    origins,
    received,
    ref,
    valued,
)

SIGNED = frozenset({"hmac.HMAC.hexdigest", "hmac.HMAC.digest", "hmac.digest"})
HASHED = frozenset({"hashlib.Hash.hexdigest", "hashlib.Hash.digest"})
ENCODINGS = ("base64.", "binascii.")
ENCODERS = frozenset({"hex", "encode", "decode", "format", "strip", "rstrip", "lower", "upper"})
SIGNATURE = re.compile(r"signature|hmac|(^|[_-])(sig|sign|mac)([_-]|$)")
"""What headers, parameters and variables are called that hold what a caller signed."""
CONTENT = re.compile(r"etag|checksum|cache|version|fingerprint|content|file|chunk|schema|hash")
"""What a digest of contents is compared with: nobody guesses it bit by bit."""
MOST = 60
"""How many expressions are looked at for one digest."""
MESSAGE = (
    "compares a signature with `{}`, whose time tells how much of a guess is right: use "
    "`hmac.compare_digest` on bytes"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the comparisons of a computed signature with another one."""
    for node in module.nodes(ast.Compare):
        if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
            continue
        left, right = node.left, node.comparators[0]
        if isinstance(left, ast.Constant) or isinstance(right, ast.Constant):
            continue
        for mine, other in ((left, right), (right, left)):
            if _is_wrong(module, mine, other):
                sign = "==" if isinstance(node.ops[0], ast.Eq) else "!="
                yield Hit(node, MESSAGE.format(sign))
                break


def _is_wrong(module: Module, mine: ast.expr, other: ast.expr) -> bool:
    made = _made(module, mine, set())
    if _is_column(other) or "hash" in _name(mine):
        return False
    # Two signatures that are both computed here give nothing away.
    if made is None or _made(module, other, set()) is not None:
        return False
    sent = [one for each in origins(module, other) if (one := received(module, each)) is not None]
    names = [*(one.name for one in sent), _name(other), *map(_name, origins(module, other))]
    if any(CONTENT.search(one) for one in names):
        return False
    return made in SIGNED or any(SIGNATURE.search(one) for one in names)


def _made(module: Module, node: ast.expr, seen: set[ast.expr]) -> str | None:
    """Return by what a digest is made, also inside of `b64encode(...)`, `"sha256=" + ...`."""
    for one in origins(module, node):
        if one not in seen and len(seen) < MOST:
            seen.add(one)
            found = _of_one(module, one, seen)
            if found is not None:
                return found
    return None


def _of_one(module: Module, node: ast.expr, seen: set[ast.expr]) -> str | None:
    inner: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        right = node.right
        inner = [node.left, *(right.elts if isinstance(right, ast.Tuple) else [right])]
    elif isinstance(node, ast.JoinedStr):
        inner = [one.value for one in node.values if isinstance(one, ast.FormattedValue)]
    elif isinstance(node, ast.Call):
        named = ref(module, node.func)
        dotted = named.dotted if named is not None else ""
        if dotted in SIGNED | HASHED:
            return None if dotted in SIGNED and _has_known_key(module, node) else dotted
        if named is not None and named.module is not None and isinstance(named.node, FUNCTIONS):
            return _returned(named.module, named.node, seen)
        if dotted.startswith(ENCODINGS) or dotted in {"builtins.str", "builtins.bytes"}:
            inner = node.args[:1]
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ENCODERS:
            inner = [node.func.value, *node.args]
    found = (_made(module, one, seen) for one in inner)
    return next((one for one in found if one is not None), None)


def _has_known_key(module: Module, node: ast.Call) -> bool:
    """Tell whether whoever reads the source knows the key, and so has nothing to guess."""
    source, made = module, node
    if not node.args:
        holder = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        source, value = valued(module, holder)
        if not isinstance(value, ast.Call):
            return False
        made = value
    given = argument(source, made, "key", 0)
    if not isinstance(given, Given):
        return False
    key = given.node
    if isinstance(key, ast.Call) and isinstance(key.func, ast.Attribute):
        key = key.func.value if key.func.attr == "encode" else key
    return isinstance(constant(given.module, key), str | bytes)


def _returned(module: Module, function: ast.AST, seen: set[ast.expr]) -> str | None:
    for one in module.within(function, ast.Return):
        found = _made(module, one.value, seen) if one.value is not None else None
        # A hash that a function returns can be of anything; what it signs is a signature.
        if found in SIGNED:
            return found
    return None


def _is_column(node: ast.expr) -> bool:
    """Tell whether a database compares: `where(Session.token == digest)`."""
    return isinstance(node, ast.Attribute) and getattr(node.value, "id", "")[:1].isupper()


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id.lower()
    return node.attr.lower() if isinstance(node, ast.Attribute) else ""


RULE = Rule(
    name="digest-equality",
    why="`==` stops at the first difference, so a caller can find a signature byte by byte.",
    wrong="""\
import hashlib
import hmac


def is_signed(body: bytes, signature: str, secret: bytes) -> bool:
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return signature == expected
""",
    right="""\
import hashlib
import hmac


def is_signed(body: bytes, signature: str, secret: bytes) -> bool:
    try:
        sent = bytes.fromhex(signature)
    except ValueError:
        return False
    return hmac.compare_digest(sent, hmac.digest(secret, body, hashlib.sha256))
""",
    taught="python-backend/references/security.md#signatures",
    source=(
        "https://docs.python.org/3/library/hmac.html#hmac.compare_digest",
        "https://docs.python.org/3/library/hmac.html#hmac.HMAC.digest",
    ),
    check=check,
)
