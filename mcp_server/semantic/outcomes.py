"""Follows a validator that is given one value, to see whether anything else has a say in it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace

from mcp_server.semantic.arguments import UNKNOWN, constant
from mcp_server.semantic.models import PRESENT
from mcp_server.semantic.module import Function, Module
from mcp_server.semantic.resolve import ref

LOGGING = frozenset("debug info warning warn error exception critical log".split())


@dataclass(frozen=True, slots=True)
class State:
    """What holds at a place of a validator that is given a default."""

    value: object
    """The default, `UNKNOWN` once the validator has put something else in its place."""
    told: bool = False
    """Whether other fields have changed the value."""
    branch: bool = False
    """Whether other fields decide that this place is reached."""
    names: frozenset[str] = field(default_factory=frozenset)
    """Names that hold what other fields say."""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Parameters:
    """The names by which a validator knows its value, and what tells the other fields."""

    value: str
    info: str
    whole: bool
    """Whether the latter are the fields themselves, not an object that has them as `data`."""


class Outcome:
    """What a validator comes to when it is given a field's default."""

    def __init__(self, module: Module, parameters: Parameters) -> None:
        self.module = module
        self.value, self.info, self.whole = parameters.value, parameters.info, parameters.whole
        self._inner: dict[str, Function] = {}
        self.refuses = False
        """Whether other fields could make it refuse the value."""
        self.changes = False
        """Whether other fields could make it return another value."""

    def follow(self, function: Function, value: object) -> None:
        """Find out what a validator does with a value."""
        self._block(function.body, State(value))

    def _block(self, body: list[ast.stmt], state: State) -> State:
        for one in body:
            if state.ended:
                break
            state = self._statement(one, state)
        return state

    def _statement(self, one: ast.stmt, state: State) -> State:
        if isinstance(one, ast.If | ast.While):
            return self._fork(one.test, one.body, one.orelse, state)
        if isinstance(one, ast.Raise | ast.Return):
            self._leave(one, state)
            return replace(state, ended=True)
        if isinstance(one, ast.Assign | ast.AnnAssign | ast.AugAssign) and one.value is not None:
            return self._assign(one, one.value, state)
        if isinstance(one, ast.Expr) and isinstance(one.value, ast.NamedExpr):
            return self._assign(one.value, one.value.value, state)
        if isinstance(one, ast.Assert):
            self.refuses |= self._truth(one.test, state) is None and self._reads(one.test, state)
        elif isinstance(one, ast.Expr):
            self.refuses |= self._checks(one.value, state)
        else:
            return self._compound(one, state)
        return state

    def _leave(self, one: ast.Raise | ast.Return, state: State) -> None:
        if isinstance(one, ast.Raise):
            self.refuses |= state.branch
        elif one.value is not None:
            self.changes |= self._changes(one.value, state)

    def _compound(self, one: ast.stmt, state: State) -> State:
        if isinstance(one, ast.FunctionDef):
            self._inner[one.name] = one
        if isinstance(one, ast.For):
            if self._is_value(one.iter) and state.value in {None, (), ""}:
                return state
            reads = self._reads(one.iter, state)
            named = {each.id for each in ast.walk(one.target) if isinstance(each, ast.Name)}
            names = state.names | named if reads else state.names
            self._block(one.body, replace(state, names=names, branch=state.branch or reads))
        elif isinstance(one, ast.Match):
            reads = self._reads(one.subject, state)
            for each in one.cases:
                self._block(each.body, replace(state, branch=state.branch or reads))
        elif isinstance(one, ast.Try | ast.With):
            state = self._block(one.body, state)
            for handler in getattr(one, "handlers", ()):
                self._block(handler.body, replace(state, ended=False))
        return state

    def _fork(
        self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt], state: State
    ) -> State:
        truth = self._truth(test, state)
        if truth is not None:
            return self._block(body if truth else orelse, state)
        reads = self._reads(test, state)
        named = {one.target.id for one in ast.walk(test) if isinstance(one, ast.NamedExpr)}
        inner = replace(
            state,
            branch=state.branch or reads,
            names=state.names | named if reads else state.names,
        )
        one, other = self._block(body, inner), self._block(orelse, inner)
        return replace(
            one,
            value=one.value if one.value is other.value else UNKNOWN,
            told=one.told or other.told,
            # Where other fields end one way, they decide what follows as well.
            branch=inner.branch if one.ended != other.ended else state.branch,
            names=one.names | other.names,
            ended=one.ended and other.ended,
        )

    def _assign(
        self,
        node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr,
        value: ast.expr,
        state: State,
    ) -> State:
        reads = self._reads(value, state)
        targets: list[ast.expr] = [*node.targets] if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if self._is_value(target):
                told = self._changes(value, state)
                state = replace(state, value=UNKNOWN, told=state.told or told)
            elif reads and isinstance(target, ast.Name | ast.Tuple | ast.List):
                named = {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}
                state = replace(state, names=state.names | named)
        return state

    def _checks(self, node: ast.expr, state: State) -> bool:
        """Tell whether a call that stands alone checks the value against other fields."""
        if not isinstance(node, ast.Call) or self._passes_nothing(node, state):
            return False
        if self._enters(node, state):
            return False
        logs = isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING
        return not logs and self._reads(node, state)

    def _enters(self, node: ast.Call, state: State) -> bool:
        """Follow the call of a function that the validator itself defines, without arguments."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        inner = self._inner.get(name) if not node.args and not node.keywords else None
        if inner is None:
            return False
        # So that one that calls itself is followed once.
        del self._inner[name]
        self._block(inner.body, state)
        self._inner[name] = inner
        return True

    def _passes_nothing(self, node: ast.Call, state: State) -> bool:
        """Tell whether another function is left to deal with None, which it may well let pass."""
        return state.value is None and any(self._is_value(one) for one in node.args)

    def _changes(self, node: ast.expr, state: State) -> bool:
        """Tell whether a result differs from the value because of other fields."""
        if self._is_value(node):
            return state.told
        if isinstance(node, ast.IfExp):
            return self._chooses(node, state)
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
            return self._falls_back(node.values, state)
        if isinstance(node, ast.Call) and (
            self._enters(node, state) or self._passes_nothing(node, state)
        ):
            return False
        if state.branch:
            known = constant(self.module, node)
            return known is UNKNOWN or known != state.value
        return self._reads(node, state)

    def _chooses(self, node: ast.IfExp, state: State) -> bool:
        truth = self._truth(node.test, state)
        if truth is not None:
            return self._changes(node.body if truth else node.orelse, state)
        inner = replace(state, branch=state.branch or self._reads(node.test, state))
        return self._changes(node.body, inner) or self._changes(node.orelse, inner)

    def _falls_back(self, values: list[ast.expr], state: State) -> bool:
        for one in values:
            truth = self._truth(one, state)
            if truth is not False and self._changes(one, state):
                return True
            if truth:
                break
        return False

    def _truth(self, node: ast.expr, state: State) -> bool | None:
        """Return whether a condition holds for the value, None where that depends."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self._truth(node.operand, state)
            return None if inner is None else not inner
        if isinstance(node, ast.BoolOp):
            decides = isinstance(node.op, ast.Or)
            held = [self._truth(one, state) for one in node.values]
            if decides in held:
                return decides
            return None if None in held else not decides
        return None if state.value is UNKNOWN else self._tested(node, state.value)

    def _tested(self, node: ast.expr, value: object) -> bool | None:
        if self._is_value(node):
            return None if value is PRESENT else bool(value)
        if isinstance(node, ast.Compare) and self._is_value(node.left) and len(node.ops) == 1:
            return self._compared(node.ops[0], node.comparators[0], value)
        if isinstance(node, ast.Call) and node.args and self._is_value(node.args[0]):
            return self._instance(node, value)
        return None

    def _compared(self, operator: ast.cmpop, node: ast.expr, value: object) -> bool | None:
        other = constant(self.module, node)
        if other is UNKNOWN or (value is PRESENT and other is not None):
            return None
        if isinstance(operator, ast.Is | ast.Eq):
            return value == other
        if isinstance(operator, ast.IsNot | ast.NotEq):
            return value != other
        if isinstance(other, tuple | frozenset) and isinstance(operator, ast.In | ast.NotIn):
            return (value in [*other]) is isinstance(operator, ast.In)
        return None

    def _instance(self, node: ast.Call, value: object) -> bool | None:
        called = ref(self.module, node.func)
        if called is None or called.dotted != "builtins.isinstance" or len(node.args) < 2:
            return None
        if value is None:
            return False
        found = ref(self.module, node.args[1])
        same = found is not None and found.dotted == f"builtins.{type(value).__name__}"
        return True if same else None

    def _is_value(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and node.id == self.value

    def _reads(self, node: ast.expr, state: State) -> bool:
        """Tell whether an expression holds what other fields say."""
        told: set[ast.AST] = set()
        for one in ast.walk(node):
            if isinstance(one, ast.Attribute) and one.attr != "data":
                told.add(one.value)
            if isinstance(one, ast.Name) and (
                one.id in state.names or (one.id == self.info and (self.whole or one not in told))
            ):
                return True
        return False
