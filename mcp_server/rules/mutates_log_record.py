"""Finds formatters and handlers that change the log record which others get after them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Function, Module, bases, ref

OWNERS = frozenset(
    "logging.Formatter logging.Handler logging.StreamHandler logging.FileHandler "
    "logging.handlers.RotatingFileHandler logging.handlers.TimedRotatingFileHandler "
    "logging.handlers.SysLogHandler logging.handlers.SocketHandler logging.handlers.HTTPHandler "
    "pythonjsonlogger.jsonlogger.JsonFormatter pythonjsonlogger.json.JsonFormatter "
    "colorlog.ColoredFormatter colorlog.formatter.ColoredFormatter rich.logging.RichHandler "
    "uvicorn.logging.DefaultFormatter uvicorn.logging.AccessFormatter "
    "uvicorn.logging.ColourizedFormatter django.utils.log.ServerFormatter "
    "celery.app.log.TaskFormatter celery.utils.log.ColorFormatter".split()
)
GIVEN = frozenset({"format", "formatMessage", "formatTime", "emit", "handle"})
"""Methods whose first argument is the record that all handlers share."""
SHARED = frozenset(
    "name msg args levelname levelno pathname filename module exc_info stack_info lineno funcName "
    "created msecs relativeCreated thread threadName process processName taskName".split()
)
"""What a record is born with; `message`, `asctime`, `exc_text` each formatter sets anew."""
MESSAGE = (
    "changes `{}` of a record that every later handler gets: change a copy, `copy.copy({})`, "
    "or the text that `super()` returns"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the first change of the shared record in each method that is given it."""
    for function in module.functions():
        owner = module.parent(function) if function.name in GIVEN else None
        if isinstance(owner, ast.ClassDef) and _is_owner(module, owner):
            yield from _change(module, function)


def _is_owner(module: Module, node: ast.ClassDef) -> bool:
    return any(one.module is None and one.dotted in OWNERS for one in bases(module, node))


def _change(module: Module, function: Function) -> Iterator[Hit]:
    """Yield the first place where a method changes its record and does not put it back."""
    listed = [*function.args.posonlyargs, *function.args.args]
    if len(listed) < 2:
        return
    records = {listed[1].arg}
    restored = _restored(module, function)
    for one in module.within(function, ast.stmt):
        for attribute, name, place in _changed(module, one, records):
            if attribute in SHARED - restored:
                yield Hit(place, MESSAGE.format(attribute, name))
                return
        _follow(one, records)


def _changed(
    module: Module, node: ast.stmt, records: set[str]
) -> Iterator[tuple[object, str, ast.AST]]:
    """Yield the attributes of a record that a statement sets."""
    for target in _targets(node):
        match target:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in records:
                yield attribute, name, target
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id=name), attr="__dict__"),
                slice=ast.Constant(value=attribute),
            ) if name in records:
                yield attribute, name, target
    match node:
        case ast.Expr(
            value=ast.Call(
                func=function, args=[ast.Name(id=name), ast.Constant(value=attribute), _]
            )
        ) if name in records:
            called = ref(module, function)
            if called is not None and called.dotted == "builtins.setattr":
                yield attribute, name, node


def _targets(node: ast.stmt) -> Iterator[ast.expr]:
    """Yield what a statement assigns to, one by one."""
    waiting: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        waiting = [*node.targets]
    elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value):
        waiting = [node.target]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, ast.Tuple | ast.List):
            waiting = [*one.elts, *waiting]
        else:
            yield one


def _follow(node: ast.stmt, records: set[str]) -> None:
    """Take up other names of the record, and drop those that now stand for something else."""
    value = getattr(node, "value", None)
    same = isinstance(value, ast.Name) and value.id in records
    for target in _targets(node):
        if isinstance(target, ast.Name):
            (records.add if same else records.discard)(target.id)


def _restored(module: Module, function: Function) -> set[str]:
    """Return the attributes that are kept under a name first, to be put back."""
    kept: set[tuple[str, str]] = set()
    back: set[str] = set()
    for one in module.within(function, ast.Assign):
        for target, value in _pairs(one):
            if isinstance(target, ast.Name) and isinstance(value, ast.Attribute):
                kept.add((target.id, value.attr))
            if isinstance(target, ast.Attribute) and isinstance(value, ast.Name):
                back |= {target.attr} if (value.id, target.attr) in kept else set()
    return back


def _pairs(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from zip(target.elts, node.value.elts, strict=False)
        else:
            yield target, node.value


RULE = Rule(
    name="mutates-log-record",
    why="All handlers get one record: what a formatter changes in it is in every log after it.",
    wrong="""\
import logging


class RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record.levelname = record.levelname.lower()
        record.msg = str(record.msg).replace("secret", "***")
        return super().format(record)
""",
    right="""\
import copy
import logging


class RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        record = copy.copy(record)
        record.levelname = record.levelname.lower()
        return super().format(record).replace("secret", "***")
""",
    taught="python-services/references/observability.md#log-records",
    source=(
        "https://docs.python.org/3/library/logging.html#logging.Formatter.format",
        "https://docs.python.org/3/howto/logging-cookbook.html",
    ),
    check=check,
)
