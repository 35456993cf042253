"""Reads what a call is given, also through `**options`, constants and `partial`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.semantic.constants import UNKNOWN, Unknown, constant, text, valued
from mcp_server.semantic.module import Module
from mcp_server.semantic.resolve import PARTIALS, ref

__all__ = [
    "UNKNOWN",
    "Given",
    "argument",
    "constant",
    "partial_of",
    "positional",
    "spread",
    "text",
    "valued",
]
LONGEST = 8
"""How many `**options` and `partial`s lie one inside of the other."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a call is given for a parameter: an expression, and the module that it stands in."""

    module: Module
    node: ast.expr

    @property
    def constant(self) -> object:
        """Its value where reading tells it, else `UNKNOWN`."""
        return constant(self.module, self.node)


def argument(
    module: Module, call: ast.Call, name: str, position: int | None = None
) -> Given | Unknown | None:
    """Return what a call gives a parameter by keyword or by place, None where it gives nothing.

    `UNKNOWN` where it may give it through `*args` or `**options` that cannot be read.
    """
    return _argument(module, call, name, position, 0)


def _argument(
    module: Module, call: ast.Call, name: str, position: int | None, depth: int
) -> Given | Unknown | None:
    bare = partial_of(module, call) if depth < LONGEST else None
    before = len(bare[1].args) - 1 if bare is not None else 0
    at = position - before if position is not None else None
    unknown = False
    for source, one in positional(module, call, at):
        if one is None:
            unknown = position is not None
            break
        if at == 0:
            return Given(source, one)
        at = at - 1 if at is not None else None
    for key, given in spread(module, call):
        if key == name and given is not None:
            return given
        unknown = unknown or key is None
    if bare is not None:
        inside = position + 1 if position is not None else None
        held = _argument(*bare, name, inside, depth + 1)
        if held is not None:
            return held
    return UNKNOWN if unknown else None


def positional(
    module: Module, call: ast.Call, most: int | None = None
) -> Iterator[tuple[Module, ast.expr | None]]:
    """Yield what a call gives by place, with what `*LIST` holds; None for what nobody can read."""
    for one in call.args[: most + 1 if most is not None and most >= 0 else None]:
        if not isinstance(one, ast.Starred):
            yield module, one
            continue
        source, value = valued(module, one.value)
        if not isinstance(value, ast.List | ast.Tuple):
            yield module, None
            return
        for each in value.elts:
            if isinstance(each, ast.Starred):
                yield source, None
                return
            yield source, each


def spread(
    module: Module, call: ast.Call, depth: int = 0
) -> Iterator[tuple[str | None, Given | None]]:
    """Yield the keywords of a call with what they give; None for `**options` nobody can read."""
    for one in call.keywords:
        if one.arg is not None:
            yield one.arg, Given(module, one.value)
        else:
            yield from _options(module, one.value, depth)


def _options(
    module: Module, node: ast.expr, depth: int
) -> Iterator[tuple[str | None, Given | None]]:
    source, value = valued(module, node)
    if depth >= LONGEST:
        yield None, None
    elif isinstance(value, ast.Dict):
        # The last of equal keys wins, so it is told first.
        for key, each in reversed([*zip(value.keys, value.values, strict=True)]):
            if key is None:
                yield from _options(source, each, depth + 1)
                continue
            known = constant(source, key)
            yield (known, Given(source, each)) if isinstance(known, str) else (None, None)
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        yield from _options(source, value.right, depth + 1)
        yield from _options(source, value.left, depth + 1)
    elif isinstance(value, ast.Call) and _is_dict(source, value):
        yield from spread(source, value, depth + 1)
        for one in value.args:
            yield from _options(source, one, depth + 1)
    else:
        yield None, None


def _is_dict(module: Module, call: ast.Call) -> bool:
    named = ref(module, call.func)
    return named is not None and named.dotted == "builtins.dict"


def partial_of(module: Module, call: ast.Call) -> tuple[Module, ast.Call] | None:
    """Return the `partial(f, ...)` that a call completes."""
    source, value = valued(module, call.func)
    if isinstance(value, ast.Call):
        named = ref(source, value.func)
        if named is not None and named.dotted in PARTIALS:
            return source, value
    return None
