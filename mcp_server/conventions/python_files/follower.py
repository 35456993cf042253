"""Follows the functions of a Python file that names tasks, statement by statement, never run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Any

from mcp_server.conventions.python_files.changes import changed
from mcp_server.conventions.python_files.expressions import Evaluator, Frame, bind
from mcp_server.conventions.python_files.files import Function
from mcp_server.conventions.python_files.functions import CONSTANTS
from mcp_server.conventions.python_files.hosts import TaskHost
from mcp_server.conventions.python_files.values import (
    UNTOLD,
    Ref,
    Value,
    is_plain,
    items_of,
    spoil,
    truth,
)
from mcp_server.conventions.tasks.commands import HERE

MAX_DEPTH = 8
"""How deep functions may call each other."""


class Flow(Enum):
    """How a block ends."""

    ON = auto()
    BREAK = auto()
    CONTINUE = auto()
    RETURN = auto()
    RAISE = auto()


class Follower:
    """Follows a module's statements, and the functions that they and a task runner call."""

    def __init__(self, host: TaskHost, path: str) -> None:
        self.names: dict[str, Value] = {
            "__file__": f"{HERE}/{path.rpartition('/')[2]}",
            "__name__": path,
        }
        self.evaluator = Evaluator(host, self.names, self.call)
        self._host = host
        self._depth = 0

    @property
    def exhausted(self) -> bool:
        """Whether the file computes more than is followed."""
        return self.evaluator.exhausted

    def module(self, tree: ast.Module) -> None:
        """Follow the statements of the module itself."""
        frame = Frame(self.names)
        for statement in tree.body:
            try:
                self._statement(statement, frame)
            except RecursionError:
                self.evaluator.exhausted = True

    def call(
        self, function: Function, values: Sequence[Value], named: Mapping[str, Value]
    ) -> Value:
        """Follow a function that is called with values, and return what it gives."""
        if self._depth >= MAX_DEPTH or self.exhausted:
            return UNTOLD
        frame = Frame(self._bound(function, values, named))
        self._depth += 1
        before, task = self._host.doubt, self._host.enter(function.name)
        try:
            self._block(function.body, frame)
        except RecursionError:
            self.evaluator.exhausted = True
        self._depth -= 1
        self._host.doubt = before
        self._host.leave(task)
        return UNTOLD if frame.doubt else frame.names.get("return", None)

    def _bound(
        self, function: Function, values: Sequence[Value], named: Mapping[str, Value]
    ) -> dict[str, Value]:
        """Return the parameters of a function with what they stand for."""
        stated = function.args
        outer = Frame(self.names)
        positional = [*stated.posonlyargs, *stated.args]
        bound: dict[str, Value] = {one.arg: UNTOLD for one in (*positional, *stated.kwonlyargs)}
        defaults = zip(positional[::-1], stated.defaults[::-1], strict=False)
        keyed = zip(stated.kwonlyargs, stated.kw_defaults, strict=False)
        for one, default in (*defaults, *keyed):
            if default is not None:
                bound[one.arg] = self.evaluator.value(default, outer)
        if stated.vararg is not None:
            bound[stated.vararg.arg] = tuple(values[len(positional) :])
        for one, value in zip(positional, values, strict=False):
            bound[one.arg] = value
        known = {name: value for name, value in named.items() if name in bound}
        if stated.kwarg is not None:
            known[stated.kwarg.arg] = {
                name: one for name, one in named.items() if name not in bound
            }
        return {**bound, **known}

    def _block(self, statements: Iterable[ast.stmt], frame: Frame) -> Flow:
        for statement in statements:
            flow = self._statement(statement, frame)
            if flow is not Flow.ON:
                return flow
        return Flow.ON

    def _statement(self, node: ast.stmt, frame: Frame) -> Flow:
        self.evaluator.count()
        if self.exhausted:
            return Flow.RAISE
        method = STATEMENTS.get(type(node))
        flow = method(self, node, frame) if method is not None else None
        return flow or Flow.ON

    def _define(self, node: Function | ast.ClassDef, frame: Frame) -> None:
        frame.names[node.name] = UNTOLD if isinstance(node, ast.ClassDef) else node

    def _expression(self, node: ast.Expr, frame: Frame) -> Flow:
        self.evaluator.value(node.value, frame)
        return Flow.RAISE if self._host.ended else Flow.ON

    def _assignment(self, node: ast.Assign | ast.AnnAssign, frame: Frame) -> None:
        if node.value is not None:
            told = self.evaluator.value(node.value, frame)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._assign(target, told, frame)

    def _return(self, node: ast.Return, frame: Frame) -> Flow:
        frame.names["return"] = self.evaluator.value(node.value, frame)
        return Flow.RETURN

    def _while(self, node: ast.While, frame: Frame) -> Flow:
        return self._branches([node.body], frame)

    def _match(self, node: ast.Match, frame: Frame) -> Flow:
        return self._branches([*(case.body for case in node.cases), []], frame)

    def _import(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                name = alias.asname or alias.name.partition(".")[0]
                frame.names[name] = Ref(alias.name if alias.asname else name)
            else:
                dots = "." * node.level
                path = f"{dots}{node.module}." if node.module else dots
                whole = f"{path}{alias.name}"
                frame.names[alias.asname or alias.name] = CONSTANTS.get(whole, Ref(whole))

    def _assign(self, target: ast.expr, told: Value, frame: Frame) -> None:
        if isinstance(target, ast.Subscript):
            owner = self.evaluator.value(target.value, frame)
            key = self.evaluator.value(target.slice, frame)
            if isinstance(owner, dict):
                owner[key if is_plain(key) else UNTOLD] = told
            else:
                spoil(owner)
        elif isinstance(target, ast.Attribute):
            owner = self.evaluator.value(target.value, frame)
            if isinstance(owner, Ref):
                self._host.assign(f"{owner.path}.{target.attr}", told)
        else:
            bind(target, told, frame)

    def _augment(self, node: ast.AugAssign, frame: Frame) -> None:
        whole = ast.BinOp(node.target, node.op, node.value)
        before = self.evaluator.value(node.target, frame)
        if isinstance(before, list) and isinstance(node.op, ast.Add):
            found = items_of(self.evaluator.value(node.value, frame))
            before.extend([UNTOLD] if found is None else found)
        else:
            self._assign(node.target, self.evaluator.value(whole, frame), frame)

    def _if(self, node: ast.If, frame: Frame) -> Flow:
        verdict = truth(self.evaluator.value(node.test, frame))
        if verdict is None:
            return self._branches([node.body, node.orelse], frame)
        return self._block(node.body if verdict else node.orelse, frame)

    def _branches(self, blocks: Sequence[Sequence[ast.stmt]], frame: Frame) -> Flow:
        """Follow blocks of which nobody knows whether they run, and forget what they may change."""
        before = self._host.state()
        self._host.doubt += 1
        flows = [self._block(block, frame) for block in blocks]
        self._host.doubt -= 1
        self._host.lose(before)
        for block in blocks:
            self._forget(block, frame)
        if len(flows) > 1 and len(set(flows)) == 1:
            frame.doubt = frame.doubt or flows[0] is Flow.RETURN
            return flows[0]
        # A raise guards against what is no usual run; a return may well be one.
        if Flow.RETURN in flows:
            frame.doubt = True
        if {Flow.RETURN, Flow.BREAK, Flow.CONTINUE}.intersection(flows):
            self._host.doubt += 1
        return Flow.ON

    def _forget(self, block: Iterable[ast.stmt], frame: Frame) -> None:
        for name in changed(block):
            if name.startswith("."):
                spoil(self.evaluator.name(name[1:], frame))
            else:
                frame.names[name] = UNTOLD

    def _for(self, node: ast.For | ast.AsyncFor, frame: Frame) -> Flow:
        found = items_of(self.evaluator.value(node.iter, frame))
        if found is None or UNTOLD in found:
            bind(node.target, UNTOLD, frame)
            return self._branches([node.body], frame)
        doubt = self._host.doubt
        flow = Flow.ON
        for item in found:
            bind(node.target, item, frame)
            flow = self._block(node.body, frame)
            if flow not in {Flow.ON, Flow.CONTINUE}:
                break
        # A doubtful `break` ends with its loop, a doubtful `return` does not.
        self._host.doubt = doubt + frame.doubt
        if flow in {Flow.RETURN, Flow.RAISE}:
            return flow
        return Flow.ON if flow is Flow.BREAK else self._block(node.orelse, frame)

    def _with(self, node: ast.With | ast.AsyncWith, frame: Frame) -> Flow:
        before = self._host.state()
        for item in node.items:
            told = self.evaluator.value(item.context_expr, frame)
            if item.optional_vars is not None:
                bind(item.optional_vars, told, frame)
        moved = self._host.state() != before
        flow = self._block(node.body, frame)
        if moved:
            self._host.restore(before)
        return flow

    def _try(self, node: ast.Try, frame: Frame) -> Flow:
        flow = self._block(node.body, frame)
        if flow is Flow.ON:
            flow = self._block(node.orelse, frame)
        handlers = [handler.body for handler in node.handlers]
        if handlers:
            before = frame.doubt, self._host.doubt
            self._branches([*handlers, []], frame)
            # Handlers run only where something fails, which is no usual run.
            frame.doubt, self._host.doubt = before
        ended = self._block(node.finalbody, frame)
        return flow if ended is Flow.ON else ended


STATEMENTS: Mapping[type, Callable[[Follower, Any, Frame], Flow | None]] = {
    ast.AnnAssign: Follower._assignment,  # noqa: SLF001
    ast.Assign: Follower._assignment,  # noqa: SLF001
    ast.AsyncFor: Follower._for,  # noqa: SLF001
    ast.AsyncFunctionDef: Follower._define,  # noqa: SLF001
    ast.AsyncWith: Follower._with,  # noqa: SLF001
    ast.AugAssign: Follower._augment,  # noqa: SLF001
    ast.Break: lambda *_: Flow.BREAK,
    ast.ClassDef: Follower._define,  # noqa: SLF001
    ast.Continue: lambda *_: Flow.CONTINUE,
    ast.Expr: Follower._expression,  # noqa: SLF001
    ast.For: Follower._for,  # noqa: SLF001
    ast.FunctionDef: Follower._define,  # noqa: SLF001
    ast.If: Follower._if,  # noqa: SLF001
    ast.Import: Follower._import,  # noqa: SLF001
    ast.ImportFrom: Follower._import,  # noqa: SLF001
    ast.Match: Follower._match,  # noqa: SLF001
    ast.Raise: lambda *_: Flow.RAISE,
    ast.Return: Follower._return,  # noqa: SLF001
    ast.Try: Follower._try,  # noqa: SLF001
    ast.While: Follower._while,  # noqa: SLF001
    ast.With: Follower._with,  # noqa: SLF001
}
