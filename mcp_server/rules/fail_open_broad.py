"""Finds decisions that let everything through when whatever goes wrong."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import FUNCTIONS, Function, Module, calls, caught, constant, ref, spread
from mcp_server.semantic.order import after

BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
MESSAGE = (
    "`{}` allows on every error, also on a bug or an exhausted pool: "
    "catch the transport errors you mean, and let the rest refuse"
)
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")

ALWAYS = frozenset("authorize authorise verify permits permitted allowed authorized".split())
"""First words of names that decide, whatever follows."""
ASKING = frozenset(
    "is are has have can may check validate ensure require enforce allow test".split()
)
SUBJECTS = frozenset(
    "allowed authorized authorised authenticated permitted permission permissions perm perms "
    "access auth authentication authorization role roles scope scopes privilege privileges "
    "admin superuser owner ownership entitled entitlement entitlements license licence eligible "
    "quota limit limits signature token tokens password credentials csrf origin captcha webhook "
    "certificate trusted verified safe valid request".split()
)
"""What a name speaks of that asks for a decision."""
BARE = frozenset("allow allows check acquire hit consume permit passes".split())
DECIDERS = frozenset(
    "limiter ratelimiter throttle throttler permission permissions authorizer guard policy".split()
)
"""How classes are called whose method of a bare name decides."""
DENYING = frozenset(
    "revoked blacklisted blocklisted denylisted banned throttled forbidden exceeded".split()
)
DENYING_PAIRS = (("rate", "limited"), ("token", "expired"), ("session", "expired"))
"""Names whose False is what lets through."""
WORK = frozenset("task job celery worker run flow process".split())
"""What can be revoked without a question of rights."""
OPPOSITE = frozenset(
    "required requires require needed needs missing invalid denied limited reached expired blocked "
    "locked suspicious failed without no not".split()
)
"""Words that turn an answer round, so that nobody can tell which one lets through."""
LISTING = frozenset("payload list rows items actions resources results response names ids".split())
"""Last words of names that tell what is allowed, and decide nothing."""
DECIDING = frozenset(
    "verify check validate authorize authenticate ensure require enforce decode compare".split()
)
"""First words of calls that refuse by raising."""
TELLING = frozenset(
    "log logger logging logs print debug info warning warn exception critical sentry capture "
    "metrics metric statsd counter incr increment inc echo write messages".split()
)
VERDICTS = frozenset(
    "allowed is_allowed authorized is_authorized permitted granted valid is_valid ok success "
    "verified authenticated has_access has_permission".split()
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the handlers of everything after which a decision is that it is allowed."""
    for handler in module.nodes(ast.ExceptHandler):
        function = module.function(handler)
        if not isinstance(function, FUNCTIONS):
            continue
        allowing = _allowing(module, function)
        if allowing is None or any(module.within(handler, ast.Raise)):
            continue
        if not any(one.dotted in BROAD for one in caught(module, handler)):
            continue
        if _allows(module, handler, function, allowing=allowing):
            yield Hit(handler, MESSAGE.format(function.name))
    for call in calls(module, "contextlib.suppress"):
        function = module.function(call.node)
        statement = module.parent(module.parent(call.node) or call.node)
        if (
            isinstance(function, FUNCTIONS)
            and isinstance(statement, ast.With | ast.AsyncWith)
            and any(_is_broad(module, one) for one in call.node.args)
        ):
            allowing = _allowing(module, function)
            if allowing is not None and _falls_to(module, statement, function, allowing=allowing):
                yield Hit(call.node, MESSAGE.format(function.name))


def _is_broad(module: Module, node: ast.expr) -> bool:
    found = ref(module, node)
    return found is not None and found.dotted in BROAD


def _allowing(module: Module, function: Function) -> bool | None:
    """Return which answer of a function lets through, None where it is not one that decides."""
    words = [one.lower() for one in WORD.findall(function.name)]
    if words[:1] == ["async"]:
        words = words[1:]
    if not words:
        return None
    # Django's asynchronous twins: `ahas_perm`.
    first = words[0][1:] if words[0].startswith("a") and words[0][1:] in ASKING else words[0]
    told = set(words[1:])
    if first in {"is", "are", "was"}:
        pairs = pairwise(words)
        if told & DENYING or any(one in DENYING_PAIRS for one in pairs):
            return None if told & WORK else False
    if told & (OPPOSITE | DENYING) or words[-1] in LISTING - SUBJECTS:
        return None
    if first in ALWAYS or (first in ASKING and told & SUBJECTS):
        return True
    owner = module.parent(function)
    if isinstance(owner, ast.ClassDef) and len(words) == 1 and first in BARE:
        named = {one.lower() for one in WORD.findall(owner.name)}
        return True if named & DECIDERS else None
    return None


def _allows(
    module: Module, handler: ast.ExceptHandler, function: Function, *, allowing: bool
) -> bool:
    for one in module.within(handler, ast.Return):
        # What is returned under a condition has been thought about: `if self.fail_open`.
        if _conditional(module, one, handler):
            return False
        return _lets_through(module, one.value, allowing=allowing)
    if any(isinstance(one, ast.If | ast.Match) for one in handler.body):
        return False
    statement = module.parent(handler)
    # Whatever else is called may refuse: `abort(403)`.
    if any(isinstance(one, ast.Expr) and not _only_tells(one) for one in handler.body):
        return False
    return isinstance(statement, ast.Try | ast.TryStar) and _falls_to(
        module, statement, function, handler.body[-1], allowing=allowing
    )


def _conditional(module: Module, node: ast.AST, handler: ast.AST) -> bool:
    for parent in module.above(node):
        if parent is handler:
            return False
        if isinstance(parent, ast.If | ast.Match | ast.Try | ast.While):
            return True
    return False


def _lets_through(module: Module, value: ast.expr | None, *, allowing: bool) -> bool:
    """Tell whether a returned value says allowed: True, `(True, ...)`, `Result(allowed=True)`."""
    if value is None:
        return False
    if isinstance(value, ast.Tuple):
        return bool(value.elts) and _lets_through(module, value.elts[0], allowing=allowing)
    if isinstance(value, ast.Call):
        held = [given for key, given in spread(module, value) if key in VERDICTS]
        return allowing and any(one is not None and one.constant is True for one in held)
    if isinstance(value, ast.Dict):
        pairs = zip(value.keys, value.values, strict=True)
        return allowing and any(
            key is not None and constant(module, key) in VERDICTS and constant(module, each) is True
            for key, each in pairs
        )
    return constant(module, value) is allowing


def _falls_to(
    module: Module,
    statement: ast.Try | ast.TryStar | ast.With | ast.AsyncWith,
    function: Function,
    last: ast.stmt | None = None,
    *,
    allowing: bool,
) -> bool:
    """Tell whether what runs after a statement is the answer that lets through."""
    for one in after(module, statement, function):
        if isinstance(one, ast.Continue | ast.Pass) or _only_tells(one):
            continue
        if not isinstance(one, ast.Return):
            return False
        name = one.value.id if isinstance(one.value, ast.Name) else ""
        given = last.targets if isinstance(last, ast.Assign) else []
        if isinstance(last, ast.Assign) and name in {getattr(each, "id", None) for each in given}:
            return _lets_through(module, last.value, allowing=allowing)
        answer = _presumed(module, statement, one.value)
        yes = isinstance(answer, ast.Constant) and answer.value is allowing
        return yes and (answer is not one.value or _decides(module, statement))
    return allowing and _only_refuses(module, statement, function)


def _presumed(module: Module, statement: ast.stmt, value: ast.expr | None) -> ast.expr | None:
    """Return what a name that a body would have decided holds when the body fails."""
    block = getattr(module.parent(statement), "body", [])
    if not isinstance(value, ast.Name) or statement not in block:
        return value
    given: ast.expr | None = None
    body = getattr(statement, "body", [])
    for one in (*block[: block.index(statement)], *body):
        for each in module.within(one, ast.Assign):
            if any(getattr(name, "id", None) == value.id for name in each.targets):
                if one in body:
                    return given
                given = each.value
    return value


def _only_tells(statement: ast.stmt) -> bool:
    """Tell whether a statement writes to a log, or counts, and does nothing else."""
    if not isinstance(statement, ast.Expr):
        return False
    value = statement.value.value if isinstance(statement.value, ast.Await) else statement.value
    if not isinstance(value, ast.Call):
        return True
    return bool({one.lower() for one in WORD.findall(ast.unparse(value.func))} & TELLING)


def _decides(module: Module, statement: ast.Try | ast.TryStar | ast.With | ast.AsyncWith) -> bool:
    """Tell whether a body holds the decision, and not what is done on the side: a metric."""
    for part in statement.body:
        if any(True for kind in (ast.Return, ast.Raise) for _ in module.within(part, kind)):
            return True
        for call in module.within(part, ast.Call):
            named = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            named = call.func.id if isinstance(call.func, ast.Name) else named
            if {one.lower() for one in WORD.findall(named)} & DECIDING:
                return True
    return False


def _only_refuses(module: Module, statement: ast.stmt, function: Function) -> bool:
    """Tell whether a function refuses by raising only, and its `try` is where it does."""
    if any(one.value is not None for one in module.within(function, ast.Return)):
        return False
    if any(module.within(function, ast.Yield)) or not isinstance(statement, ast.Try | ast.TryStar):
        return False
    return any(
        True
        for part in (*statement.body, *statement.handlers)
        for _ in module.within(part, ast.Raise)
    )


RULE = Rule(
    name="fail-open-broad",
    why="A decision that catches everything and allows is opened by any bug, or by whoever "
    "exhausts a pool.",
    wrong="""\
import logging

from redis.asyncio import Redis

logger = logging.getLogger(__name__)


class LoginLimiter:
    def __init__(self, redis: Redis, limit: int) -> None:
        self.redis = redis
        self.limit = limit

    async def is_allowed(self, key: str) -> bool:
        try:
            attempts = await self.redis.incr(key)
        except Exception:
            logger.exception("limiter failed")
            return True
        return int(attempts) <= self.limit
""",
    right="""\
import logging

import redis
from redis.asyncio import Redis

logger = logging.getLogger(__name__)


class LoginLimiter:
    def __init__(self, redis: Redis, limit: int) -> None:
        self.redis = redis
        self.limit = limit

    async def is_allowed(self, key: str) -> bool:
        try:
            attempts = await self.redis.incr(key)
        except (redis.ConnectionError, redis.TimeoutError):
            logger.exception("limiter unreachable, login refused")
            return False
        return int(attempts) <= self.limit
""",
    taught="python-backend/references/limits.md#when-a-dependency-fails",
    source=(
        "https://cwe.mitre.org/data/definitions/636.html",
        "https://cheatsheetseries.owasp.org/cheatsheets/Authorization_Cheat_Sheet.html",
    ),
    check=check,
)
