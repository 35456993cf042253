"""Evaluates Python expressions as far as the file itself tells; nothing of it is run."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field

from mcp_server.conventions.python_files.functions import CONSTANTS, FUNCTIONS
from mcp_server.conventions.python_files.hosts import Call, Host
from mcp_server.conventions.python_files.methods import OWNERS, TEXT_ATTRIBUTES
from mcp_server.conventions.python_files.operators import compare, item_of, operate, part_of
from mcp_server.conventions.python_files.values import (
    UNTOLD,
    Ref,
    Value,
    bounded,
    called,
    copied,
    is_plain,
    items_of,
    truth,
    word,
)
from mcp_server.conventions.shell.words import UNKNOWN

MAX_STEPS = 60_000
"""How many statements and expressions are followed in one file, so that loops and recursion end."""
MAX_DEPTH = 60
"""How deep an expression may nest before it counts as unknown."""


@dataclass(slots=True)
class Frame:
    """The names of one function that is followed, and whether what follows is sure to run."""

    names: MutableMapping[str, Value] = field(default_factory=dict)
    doubt: bool = False


Follow = Callable[
    [ast.FunctionDef | ast.AsyncFunctionDef, tuple[Value, ...], Mapping[str, Value]], Value
]


class Evaluator:
    """Evaluates expressions in a frame; `follow` is asked for calls of the file's own functions."""

    def __init__(self, host: Host, names: dict[str, Value], follow: Follow) -> None:
        self._host = host
        self._globals = names
        self._follow = follow
        self._depth = 0
        self._steps = 0
        self.exhausted = False
        self._own: dict[str, Value] | None = None

    def begin(self) -> None:
        """Give the task that is followed next its own copies of what the module has built."""
        self._own = {}

    def count(self) -> None:
        """Count a step, and remember when there were more than are followed."""
        self._steps += 1
        self.exhausted = self.exhausted or self._steps > MAX_STEPS

    def name(self, name: str, frame: Frame) -> Value:
        """Return the value of a name; a builtin is a `Ref`."""
        if name in frame.names:
            return frame.names[name]
        value = self._globals.get(name, Ref(name))
        if self._own is None or not isinstance(value, (list, dict)):
            return value
        if name not in self._own:
            self._steps += len(value)
            self._own[name] = copied(value, {})
        return self._own[name]

    def value(self, node: ast.expr | None, frame: Frame) -> Value:
        """Return the value of an expression, `UNTOLD` where only running it would tell."""
        if node is None:
            return None
        method = METHODS.get(type(node))
        self.count()
        if method is None or self._depth > MAX_DEPTH or self.exhausted:
            return UNTOLD
        self._depth += 1
        try:
            return bounded(method(self, node, frame))
        finally:
            self._depth -= 1

    def items(self, nodes: list[ast.expr], frame: Frame) -> Iterator[Value]:
        """Yield the values of expressions, starred ones spread out."""
        for node in nodes:
            if isinstance(node, ast.Starred):
                found = items_of(self.value(node.value, frame))
                yield from [UNTOLD] if found is None else found
            else:
                yield self.value(node, frame)

    def _constant(self, node: ast.Constant, _: Frame) -> Value:
        return (
            node.value
            if node.value is None or isinstance(node.value, (str, int, float))
            else UNTOLD
        )

    def _name(self, node: ast.Name, frame: Frame) -> Value:
        return self.name(node.id, frame)

    def _list(self, node: ast.List | ast.Set, frame: Frame) -> Value:
        return [*self.items(node.elts, frame)]

    def _tuple(self, node: ast.Tuple, frame: Frame) -> Value:
        return tuple(self.items(node.elts, frame))

    def _dict(self, node: ast.Dict, frame: Frame) -> Value:
        found: dict[Value, Value] = {}
        for key, one in zip(node.keys, node.values, strict=True):
            value = self.value(one, frame)
            if key is None:
                found.update(value if isinstance(value, dict) else {UNTOLD: UNTOLD})
            else:
                name = self.value(key, frame)
                found[name if is_plain(name) else UNTOLD] = value
        return found

    def _text(self, node: ast.JoinedStr, frame: Frame) -> Value:
        found: list[str] = []
        for one in node.values:
            if isinstance(one, ast.FormattedValue):
                plain = one.format_spec is None and one.conversion in {-1, 115}
                found.append(word(self.value(one.value, frame)) if plain else UNKNOWN)
            else:
                found.append(word(self.value(one, frame)))
        return "".join(found)

    def _operation(self, node: ast.BinOp, frame: Frame) -> Value:
        return operate(node.op, self.value(node.left, frame), self.value(node.right, frame))

    def _boolean(self, node: ast.BoolOp, frame: Frame) -> Value:
        either = isinstance(node.op, ast.Or)
        value: Value = UNTOLD
        for one in node.values:
            value = self.value(one, frame)
            verdict = truth(value)
            if verdict is None:
                return UNTOLD
            if verdict is either:
                break
        return value

    def _unary(self, node: ast.UnaryOp, frame: Frame) -> Value:
        value = self.value(node.operand, frame)
        verdict = truth(value)
        if isinstance(node.op, ast.Not) and verdict is not None:
            return not verdict
        return -value if isinstance(node.op, ast.USub) and type(value) is int else UNTOLD

    def _choice(self, node: ast.IfExp, frame: Frame) -> Value:
        verdict = truth(self.value(node.test, frame))
        yes, no = (self.value(one, frame) for one in (node.body, node.orelse))
        if verdict is None:
            return yes if is_plain(yes) and is_plain(no) and yes == no else UNTOLD
        return yes if verdict else no

    def _comparison(self, node: ast.Compare, frame: Frame) -> Value:
        if len(node.ops) != 1:
            return UNTOLD
        left, right = self.value(node.left, frame), self.value(node.comparators[0], frame)
        return compare(node.ops[0], left, right)

    def _attribute(self, node: ast.Attribute, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        if isinstance(value, Ref):
            path = f"{value.path}.{node.attr}"
            return CONSTANTS[path] if path in CONSTANTS else self._host.attribute(path)
        if isinstance(value, str) and node.attr in TEXT_ATTRIBUTES:
            return called(TEXT_ATTRIBUTES[node.attr], (value,), {})
        return UNTOLD

    def _subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        value = self.value(node.value, frame)
        if isinstance(node.slice, ast.Slice):
            if node.slice.step is not None:
                return UNTOLD
            stated = (node.slice.lower, node.slice.upper)
            return part_of(value, *(self.value(one, frame) for one in stated))
        return item_of(value, self.value(node.slice, frame))

    def _comprehension(
        self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, frame: Frame
    ) -> Value:
        if len(node.generators) != 1:
            return UNTOLD
        one = node.generators[0]
        found = items_of(self.value(one.iter, frame))
        if found is None:
            return UNTOLD
        inner = Frame(ChainMap({}, frame.names))
        values: list[Value] = []
        for item in found:
            bind(one.target, item, inner)
            verdicts = [truth(self.value(test, inner)) for test in one.ifs]
            if None in verdicts:
                return UNTOLD
            if all(verdicts):
                values.append(self.value(node.elt, inner))
        return values

    def _call(self, node: ast.Call, frame: Frame) -> Value:
        function: Value
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value, frame)
            if not isinstance(owner, Ref):
                return self._method(owner, node, frame)
        function = self.value(node.func, frame)
        values = tuple(self.items(node.args, frame))
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.value(keyword.value, frame)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict):
                named.update({key: one for key, one in value.items() if isinstance(key, str)})
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._follow(function, values, named)
        if not isinstance(function, Ref):
            return UNTOLD
        if function.path in FUNCTIONS:
            return called(FUNCTIONS[function.path], values, named)
        return self._host.call(Call(function.path, values, named, node.lineno))

    def _method(self, owner: Value, node: ast.Call, frame: Frame) -> Value:
        values = [*self.items(node.args, frame)]
        named = {one.arg: self.value(one.value, frame) for one in node.keywords if one.arg}
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        methods = next(
            (known for kind, known in OWNERS.items() if isinstance(owner, kind)),
            None,
        )
        return (
            called(methods[name], (owner, *values), named)
            if methods and name in methods
            else UNTOLD
        )


METHODS: Mapping[type, Callable[..., Value]] = {
    ast.Attribute: Evaluator._attribute,  # noqa: SLF001
    ast.Await: lambda evaluator, node, frame: evaluator.value(node.value, frame),
    ast.BinOp: Evaluator._operation,  # noqa: SLF001
    ast.BoolOp: Evaluator._boolean,  # noqa: SLF001
    ast.Call: Evaluator._call,  # noqa: SLF001
    ast.Compare: Evaluator._comparison,  # noqa: SLF001
    ast.Constant: Evaluator._constant,  # noqa: SLF001
    ast.Dict: Evaluator._dict,  # noqa: SLF001
    ast.GeneratorExp: Evaluator._comprehension,  # noqa: SLF001
    ast.IfExp: Evaluator._choice,  # noqa: SLF001
    ast.JoinedStr: Evaluator._text,  # noqa: SLF001
    ast.List: Evaluator._list,  # noqa: SLF001
    ast.ListComp: Evaluator._comprehension,  # noqa: SLF001
    ast.Name: Evaluator._name,  # noqa: SLF001
    ast.Set: Evaluator._list,  # noqa: SLF001
    ast.SetComp: Evaluator._comprehension,  # noqa: SLF001
    ast.Subscript: Evaluator._subscript,  # noqa: SLF001
    ast.Tuple: Evaluator._tuple,  # noqa: SLF001
    ast.UnaryOp: Evaluator._unary,  # noqa: SLF001
}


def bind(target: ast.expr, value: Value, frame: Frame) -> None:
    """Give the names of an assignment's target their values."""
    if isinstance(target, ast.Name):
        frame.names[target.id] = value
    elif isinstance(target, ast.Starred):
        bind(target.value, UNTOLD, frame)
    elif isinstance(target, (ast.Tuple, ast.List)):
        found = items_of(value)
        known = found is not None and len(found) == len(target.elts)
        for index, one in enumerate(target.elts):
            bind(one, found[index] if found is not None and known else UNTOLD, frame)
