"""Finds Celery tasks whose failures are retried twice: by `autoretry_for` and by hand."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    Function,
    Given,
    Module,
    argument,
    bases,
    decorations,
    is_a,
    ref,
    valued,
)
from mcp_server.semantic.names import foreign

OPTION = "autoretry_for"
BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
SAID = (
    "`autoretry_for` already retries this task when it raises: let the error go on, and put delay "
    "and limit into `retry_backoff`, `retry_jitter` and `max_retries`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the retries by hand, in a handler, of what the task retries of itself."""
    if b"retry" not in module.content:
        return
    for node in module.nodes(ast.Attribute):
        if node.attr != "retry" or not isinstance(node.value, ast.Name):
            continue
        handler = _handler(module, node)
        given = _retried(module, node.value) if handler is not None else None
        if handler is not None and given is not None and _covered(module, handler, given):
            yield Hit(node, SAID)


def _handler(module: Module, node: ast.AST) -> ast.ExceptHandler | None:
    """Return the handler that a node stands in, in its function."""
    for one in module.above(node):
        if isinstance(one, ast.ExceptHandler):
            return one
        if isinstance(one, FUNCTIONS):
            return None
    return None


def _retried(module: Module, owner: ast.Name) -> Given | None:
    """Return what the task retries of itself whose method is called."""
    for one in module.above(owner):
        if not isinstance(one, FUNCTIONS):
            continue
        listed = [*one.args.posonlyargs, *one.args.args]
        own = bool(listed) and listed[0].arg == owner.id
        if own or owner.id == one.name:
            found = _of_decorators(module, one) or (_of_class(module, one) if own else None)
            if found is not None:
                return found
    return None


def _of_decorators(module: Module, function: Function) -> Given | None:
    # Those that cannot be told stand in the list only, `deliver = task(...)(deliver)` below it.
    below = [node for _, node in decorations(module, function)]
    for node in dict.fromkeys((*function.decorator_list, *below)):
        source, value = valued(module, node)
        if not isinstance(value, ast.Call):
            continue
        named = ref(source, value.func)
        if named is not None and named.module is not None and isinstance(named.node, FUNCTIONS):
            # A decorator of the project's own takes its options as it likes.
            continue
        given = argument(source, value, OPTION)
        if isinstance(given, Given):
            return given
        base = argument(source, value, "base") if given is None else None
        found = ref(base.module, base.node) if isinstance(base, Given) else None
        if found is not None and found.module and isinstance(found.node, ast.ClassDef):
            return _inherited(found.module, found.node)
    return None


def _of_class(module: Module, function: Function) -> Given | None:
    owner = module.parent(function)
    return _inherited(module, owner) if isinstance(owner, ast.ClassDef) else None


def _inherited(module: Module, owner: ast.ClassDef) -> Given | None:
    for one in bases(module, owner):
        if one.module is None or not isinstance(one.node, ast.ClassDef):
            continue
        for each in one.module.bindings.scopes.get(one.node, {}).get(OPTION, ()):
            if each.value is not None:
                return Given(one.module, each.value)
    return None


def _covered(module: Module, handler: ast.ExceptHandler, given: Given) -> bool:
    """Tell whether what is handled is among what the task retries of itself."""
    if given.constant in (None, ()):
        return False
    retried = _names(given.module, given.node)
    if handler.type is None or retried & BROAD:
        return True
    caught = _names(module, handler.type)
    if caught & (retried | BROAD) or "" in caught | retried:
        return True
    wider = [_builtin(one) for one in retried]
    for one in caught:
        kind = _builtin(one)
        if any(each is not None and kind is not None and issubclass(kind, each) for each in wider):
            return True
        if is_a(foreign(one), retried):
            return True
    return False


def _builtin(name: str) -> type[BaseException] | None:
    """Return the builtin exception of a name."""
    found = getattr(builtins, name.removeprefix("builtins."), None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _names(module: Module, node: ast.expr) -> set[str]:
    """Return what exceptions are listed, "" for one that cannot be told."""
    source, value = valued(module, node)
    listed = value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else [value]
    found: set[str] = set()
    for one in listed:
        named = ref(source, one)
        if named is not None and named.module and isinstance(named.node, ast.ClassDef):
            found |= {each.dotted for each in bases(named.module, named.node)} - BROAD
        else:
            found.add(named.dotted if named is not None else "")
    return found


RULE = Rule(
    name="celery-double-retry",
    why="Two mechanisms count and delay the same failure, so that neither backoff, jitter nor the "
    "limit is what the task states.",
    wrong="""\
import httpx
from celery import Task, shared_task


@shared_task(
    bind=True, autoretry_for=(httpx.TransportError,), retry_backoff=True, max_retries=5
)
def deliver(self: Task, url: str, body: str) -> None:
    try:
        httpx.post(url, content=body, timeout=10).raise_for_status()
    except httpx.TransportError as error:
        raise self.retry(exc=error, countdown=60) from error
""",
    right="""\
import httpx
from celery import shared_task


@shared_task(
    autoretry_for=(httpx.TransportError,),
    retry_backoff=True,
    retry_backoff_max=600,
    retry_jitter=True,
    max_retries=5,
)
def deliver(url: str, body: str) -> None:
    httpx.post(url, content=body, timeout=10).raise_for_status()
""",
    taught="python-services/references/jobs.md#a-task-that-fails",
    source=(
        "https://docs.celeryq.dev/en/stable/userguide/tasks.html#automatic-retry-for-known-exceptions",
    ),
    check=check,
)
