"""Finds checks of texts by a pattern that ends in `$`, which lets a trailing newline through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TypeGuard

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Given,
    Module,
    argument,
    calls,
    constant,
    method_calls,
    origins,
    received,
    ref,
)
from mcp_server.semantic import text as text_of
from mcp_server.semantic.arguments import valued

DIRECT = ("re.match", "re.search")
DEEPEST = 8
COMPILED = "re.compile"
SEVERAL_LINES = re.compile(r"MULTILINE|VERBOSE|\b[MX]\b")
ENDS_LOOSELY = re.compile(r"(\\[sDWSn][*+?]*|\[\^[^\]]*\][*+?]*|\.[*+]\??|\\)\)*\$$")
"""Ends that take a newline on purpose, that leave out what follows, or `$` as a letter."""
DIGITS = re.compile(r"\^?(\\[d.+:-]|\[(\\[d.]|0-9|[-+., ])+\]|\{[\d,]+\}|[-+*?():T/_])+\$")
"""Numbers, dates and versions, which are read further by what takes a newline or refuses it."""
ONE_LINE = frozenset(
    "strip rstrip split rsplit splitlines partition rpartition group hexdigest isoformat".split()
)
"""Methods whose result has no newline at its end."""
COMMAND_LINE = re.compile(rb"\b(argparse|sys\.argv|import typer|import click|strip_whitespace)\b")
"""Modules whose texts come from a shell, or from models that strip them."""
GENERATED = re.compile(rb"generated (by|from)|@generated|do not edit", re.IGNORECASE)
"""How a file says that a program has written it, which is what there would be to mend."""
HEAD = 1500
LEAVING = frozenset({"SystemExit", "Exit", "Abort", "UsageError", "BadParameter", "ClickException"})
"""How functions end that answer to whoever typed a command."""
CHECKING = re.compile(r"valid|check|verify|sanit|ensure|clean|safe|allow|(^|_)is_|^is[A-Z]")
"""What functions are called whose result says whether a text is right."""
MESSAGE = (
    "lets a newline at the end through, since `$` matches before it: use `fullmatch` without `$`, "
    "or end the pattern in `\\Z`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the checks whose pattern allows for a newline."""
    if COMMAND_LINE.search(module.content) or GENERATED.search(module.content[:HEAD]):
        return
    for call, pattern, value, flags in _matches(module):
        if (
            isinstance(pattern, Given)
            and isinstance(value, Given)
            and _is_loose(call, pattern, flags)
            and _decides(module, call, value.node)
            and not _is_one_line(module, value.node, call)
            and not _is_own(module, value.node)
            and not _leaves(module, call)
        ):
            yield Hit(call, MESSAGE)


def _matches(module: Module) -> Iterator[tuple[ast.Call, object, object, object]]:
    for call in calls(module, *DIRECT):
        given = call.given
        yield call.node, given("pattern", 0), given("string", 1), given("flags", 2)
    for node in method_calls(module, "match", "search"):
        holder = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        for source, made in _made(module, holder):
            named = ref(source, made.func) if isinstance(made, ast.Call) else None
            if isinstance(made, ast.Call) and named is not None and named.dotted == COMPILED:
                flags = argument(source, made, "flags", 1)
                pattern = argument(source, made, "pattern", 0)
                yield node, pattern, argument(module, node, "string", 0), flags


def _made(module: Module, holder: ast.expr) -> Iterator[tuple[Module, ast.expr]]:
    """Yield what an object was assigned, or what the function or property returns that gives it."""
    yield valued(module, holder)
    named = ref(module, holder.func if isinstance(holder, ast.Call) else holder)
    if named is not None and named.module is not None and isinstance(named.node, FUNCTIONS):
        for one in named.module.within(named.node, ast.Return):
            if one.value is not None:
                yield valued(named.module, one.value)


def _is_loose(call: ast.Call, pattern: Given, flags: object) -> bool:
    """Tell whether a pattern means the whole text, and ends in `$`."""
    written = text_of(pattern.module, pattern.node) or ""
    if not written.endswith("$") or ENDS_LOOSELY.search(written) or DIGITS.fullmatch(written):
        return False
    if getattr(call.func, "attr", "") == "search" and not written.startswith(("^", "\\A")):
        return False
    if isinstance(flags, Given) and SEVERAL_LINES.search(ast.unparse(flags.node)):
        return False
    inline = re.match(r"\(\?[a-z]*[mx]", written)
    return inline is None


def _decides(module: Module, call: ast.Call, value: ast.expr) -> bool:
    """Tell whether a match is only asked for whether there is one, and a text refused else."""
    node = _truth(module, call)
    if node is None:
        return False
    parent = module.parent(node)
    if isinstance(parent, ast.If):
        ends = (*parent.body, *parent.orelse)
        if any(isinstance(one, ast.Raise) for one in ends) or _refuses(module, parent, value):
            return True
        if not any(isinstance(one, ast.Return) for one in ends):
            # It counts, or chooses between two ways to go on.
            return False
    elif isinstance(parent, ast.IfExp):
        if not isinstance(module.parent(parent), ast.Return):
            return False
    elif not isinstance(parent, ast.Return | ast.Assert | ast.Lambda):
        return False
    function = module.function(call)
    return isinstance(function, FUNCTIONS) and CHECKING.search(function.name) is not None


def _refuses(module: Module, fork: ast.If, value: ast.expr) -> bool:
    """Tell whether what a caller sent is answered at once where it does not match."""
    denied = isinstance(fork.test, ast.UnaryOp) and isinstance(fork.test.op, ast.Not)
    last = fork.body[-1]
    return (
        denied
        and isinstance(last, ast.Return)
        and not isinstance(last.value, ast.Constant | None)
        and ast.dump(last.value) != ast.dump(value)
        and any(received(module, one) is not None for one in origins(module, value))
    )


def _is_own(module: Module, value: ast.expr) -> bool:
    """Tell whether a text is one of a list that the module itself holds."""
    if not isinstance(value, ast.Name):
        return False
    for scope in module.scopes(value):
        held = module.bindings.scopes.get(scope, {}).get(value.id)
        if held:
            lists = (one.value for one in held if one.how == "loop")
            return any(isinstance(one, ast.Name) and one.id in module.names for one in lists)
    return False


def _leaves(module: Module, call: ast.Call) -> bool:
    """Tell whether a function ends the program where a text is wrong, as a command does."""
    function = module.function(call)
    for one in module.within(function, ast.Raise) if function is not None else ():
        raised = one.exc.func if isinstance(one.exc, ast.Call) else one.exc
        if getattr(raised, "attr", getattr(raised, "id", "")) in LEAVING:
            return True
    return any(module.function(one.node) is function for one in calls(module, "sys.exit"))


def _truth(module: Module, call: ast.Call) -> ast.expr | None:
    """Return the whole condition that a match is a part of, None where its groups are used."""
    node: ast.expr = call
    asked = False
    for _ in range(DEEPEST):
        parent = module.parent(node)
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            held = _read(module, parent)
            if held is None:
                return None
            node = held
        elif isinstance(parent, ast.UnaryOp | ast.Compare) or _is_bool(parent):
            asked, node = True, parent
        elif isinstance(parent, ast.BoolOp):
            node = parent
        else:
            test = isinstance(parent, ast.If | ast.IfExp | ast.While) and parent.test is node
            return node if asked or test or isinstance(parent, ast.Assert) else None
    return None


def _is_bool(node: ast.AST | None) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "bool"


def _read(module: Module, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> ast.expr | None:
    """Return where a name is read that is read once, or what is assigned in passing and not."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    function = module.function(node)
    if not isinstance(target, ast.Name) or function is None:
        return None
    read = [
        one
        for one in module.within(function, ast.Name)
        if one.id == target.id and isinstance(one.ctx, ast.Load)
    ]
    if isinstance(node, ast.NamedExpr) and not read:
        return node
    return read[0] if len(read) == 1 else None


def _drops_end(module: Module, node: ast.AST) -> bool:
    if isinstance(node, ast.Slice):
        return node.upper is not None
    if not isinstance(node, ast.Attribute) or node.attr not in ONE_LINE:
        return False
    parted = module.parent(node)
    if not node.attr.endswith("split") or not isinstance(parted, ast.Call) or not parted.args:
        return True
    # The last part of `path.split("/")` ends as the whole does.
    outer = module.parent(parted)
    last = isinstance(outer, ast.Subscript) and constant(module, outer.slice) == -1
    return not last and not isinstance(outer, ast.For | ast.comprehension)


def _is_of_route(module: Module, value: ast.expr) -> bool:
    """Tell whether a text is a part of the address that a view's route has matched already."""
    function = module.function(value)
    if not isinstance(value, ast.Name) or not isinstance(function, FUNCTIONS):
        return False
    names = [one.arg for one in function.args.args]
    return names[:1] in (["request"], ["self"]) and "request" in names[:2] and value.id in names


def _ends_else(module: Module, value: ast.expr, call: ast.Call) -> bool:
    """Tell whether the same condition asks for another end: `text.endswith(":")`."""
    return any(
        isinstance(each, ast.Attribute)
        and each.attr == "endswith"
        and ast.unparse(each.value) == ast.unparse(value)
        for one in module.above(call)
        if isinstance(one, ast.BoolOp) and isinstance(one.op, ast.And)
        for each in ast.walk(one)
    )


def _is_one_line(module: Module, value: ast.expr, call: ast.Call) -> bool:
    """Tell whether a text cannot end in a newline, as a header or a stripped one."""
    if _ends_else(module, value, call):
        return True
    waiting = [value]
    if isinstance(value, ast.Name):
        for scope in module.scopes(value):
            held = module.bindings.scopes.get(scope, {}).get(value.id)
            if held:
                # What it is stripped of afterwards comes too late.
                before = (one for one in held if one.start <= (call.lineno, call.col_offset))
                waiting += [one.value for one in before if one.value is not None]
                break
    for one in waiting:
        if any(_drops_end(module, each) for each in ast.walk(one)):
            return True
    sent = (received(module, one) for one in origins(module, value))
    if any(one is not None and one.part in {"header", "cookie"} for one in sent):
        return True
    function = module.function(value)
    read = module.within(function, ast.Attribute) if function is not None else ()
    return any(one.attr == "cleaned_data" for one in read) or _is_of_route(module, value)


RULE = Rule(
    name="match-dollar",
    why="`$` also matches before a newline at the end, so `name\\n` passes the check.",
    wrong="""\
import re

SLUG = re.compile(r"^[a-z0-9-]+$")


def checked_slug(slug: str) -> str:
    if not SLUG.match(slug):
        raise ValueError("a slug is letters, digits and dashes")
    return slug
""",
    right="""\
import re

SLUG = re.compile(r"[a-z0-9-]+")


def checked_slug(slug: str) -> str:
    if not SLUG.fullmatch(slug):
        raise ValueError("a slug is letters, digits and dashes")
    return slug
""",
    taught="python-backend/references/security.md#what-callers-send",
    source=(
        "https://docs.python.org/3/library/re.html#regular-expression-syntax",
        "https://docs.python.org/3/library/re.html#re.fullmatch",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
