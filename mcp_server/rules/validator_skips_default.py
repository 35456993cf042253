"""Finds validators that check a field against others, and do not run where it is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import (
    FUNCTIONS,
    UNKNOWN,
    Call,
    Field,
    Function,
    Given,
    Module,
    bases,
    calls,
    constant,
    decorations,
    is_a,
    ref,
)
from mcp_server.semantic.arguments import partial_of
from mcp_server.semantic.models import SETTINGS, configured, default, model_fields, stated
from mcp_server.semantic.outcomes import Outcome, Parameters

NEW = ("pydantic.field_validator",)
OLD = (
    "pydantic.validator",
    "pydantic.class_validators.validator",
    "pydantic.deprecated.class_validators.validator",
    "pydantic.v1.validator",
    "pydantic.v1.class_validators.validator",
)
WHOLE = frozenset(
    "pydantic.model_validator pydantic.root_validator pydantic.v1.root_validator "
    "pydantic.functional_validators.model_validator".split()
)
MESSAGE = (
    "does not run when `{}` is left out, so its check against other fields is skipped: use "
    '`model_validator(mode="after")` or `validate_default=True`'
)
MESSAGE_OLD = (
    "does not run when `{}` is left out, so its check against other fields is skipped: pass "
    "`always=True`, or use a `root_validator`"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the validators whose outcome for a default depends on other fields."""
    for call in calls(module, *NEW, *OLD):
        old = call.name in OLD
        function = _decorated(call)
        owner = module.class_of(call.node)
        if function is None or owner is None or (old and call.constant("always") not in {None, 0}):
            continue
        parameters = _parameters(function, call, old=old)
        if parameters is None or _validated(module, owner):
            continue
        if _is_on(configured(module, owner, "table")):
            # The validators of SQLModel's tables never run.
            continue
        read = _is_on(configured(module, owner, "from_attributes", "orm_mode"))
        known = model_fields(module, owner)
        for name in _named(call, known):
            value = default(known[name])
            outcome = Outcome(function.module, parameters)
            if _is_skipped(known[name]) and not _is_seen_whole(module, owner, name):
                outcome.follow(function.node, value)
            # A model that is read from objects is given their attributes, also the empty ones.
            filled = outcome.changes and not (read and not value)
            if outcome.refuses or filled:
                yield Hit(call.node, (MESSAGE_OLD if _is_v1(call) else MESSAGE).format(name))
                break


def _is_on(given: object) -> bool:
    return isinstance(given, Given) and given.constant is True


def _is_v1(call: Call) -> bool:
    return call.name.startswith("pydantic.v1.")


@dataclass(frozen=True, slots=True)
class _Validator:
    module: Module
    node: Function
    bare: bool
    """Whether it stands outside of the class, and so has no `cls`."""


def _decorated(call: Call) -> _Validator | None:
    """Return the function that a call decorates, or is given: `validator("x")(check)`."""
    parent = call.module.parent(call.node)
    if isinstance(parent, FUNCTIONS):
        return _Validator(call.module, parent, bare=False)
    if isinstance(parent, ast.Call) and parent.func is call.node and parent.args:
        given = parent.args[0]
        if isinstance(given, ast.Call) and given.args:
            # `validator("x")(classmethod(check))` is what decorators come to.
            given = given.args[0]
        owner = call.module.class_of(call.node)
        for one in owner.body if owner is not None else ():
            if isinstance(one, FUNCTIONS) and isinstance(given, ast.Name) and one.name == given.id:
                return _Validator(call.module, one, bare=given is parent.args[0])
        found = ref(call.module, given)
        if found is not None and found.module is not None and isinstance(found.node, FUNCTIONS):
            return _Validator(found.module, found.node, bare=True)
    return None


def _parameters(function: _Validator, call: Call, *, old: bool) -> Parameters | None:
    """Return the names of the value and of what tells the other fields; None without the latter."""
    arguments = function.node.args
    listed = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    static = any(decorations(function.module, function.node, {"builtins.staticmethod"}))
    if listed and ((not function.bare and not static) or listed[0] in {"cls", "self"}):
        listed = listed[1:]
    if old:
        every = [*listed, *(one.arg for one in arguments.kwonlyargs)]
        return Parameters(every[0], "values", whole=True) if "values" in every[1:] else None
    at = 2 if call.constant("mode") == "wrap" else 1
    return Parameters(listed[0], listed[at], whole=False) if len(listed) > at else None


def _validated(module: Module, owner: ast.ClassDef) -> bool:
    """Tell whether a class validates defaults, or may do so for all that can be read."""
    given = configured(module, owner, "validate_default", "validate_all")
    if given is None:
        # Settings do, unless they are told not to.
        return any(one.module is None and is_a(one, SETTINGS) for one in bases(module, owner))
    return not isinstance(given, Given) or given.constant is not False


def _named(call: Call, known: dict[str, Field]) -> Iterator[str]:
    """Yield the fields with which a validator deals."""
    given = [(call.module, one) for one in call.node.args]
    bare = partial_of(call.module, call.node)
    if bare is not None:
        given += [(bare[0], one) for one in bare[1].args[1:]]
    for module, one in given:
        value = constant(module, one.value if isinstance(one, ast.Starred) else one)
        for name in value if isinstance(value, tuple) else (value,):
            if name == "*":
                yield from known
            elif isinstance(name, str) and name in known:
                yield name


def _is_seen_whole(module: Module, owner: ast.ClassDef, name: str) -> bool:
    """Tell whether a validator of the whole model, which always runs, looks at a field too."""
    for one in bases(module, owner):
        for each in getattr(one.node, "body", ()):
            if not isinstance(each, FUNCTIONS) or one.module is None:
                continue
            named = any(
                getattr(held, "attr", getattr(held, "value", None)) == name
                for held in ast.walk(each)
                if isinstance(held, ast.Attribute | ast.Constant)
            )
            if named and any(decorations(one.module, each, WHOLE)):
                return True
    return False


def _is_skipped(one: Field) -> bool:
    """Tell whether validators leave a field's default alone."""
    given = stated(one, "validate_default")
    if given is not None and not (isinstance(given, Given) and given.constant in {False, None}):
        return False
    return default(one) is not UNKNOWN


RULE = Rule(
    name="validator-skips-default",
    why="A field's validator does not run for its default, so a rule about several fields is "
    "skipped exactly where the field is left out.",
    wrong="""\
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ValidationInfo, field_validator


class OrderCreate(BaseModel):
    kind: Literal["market", "limit"]
    price: Decimal | None = None

    @field_validator("price")
    @classmethod
    def limit_has_price(cls, price: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if info.data.get("kind") == "limit" and price is None:
            raise ValueError("a limit order needs a price")
        return price
""",
    right="""\
from decimal import Decimal
from typing import Literal, Self

from pydantic import BaseModel, model_validator


class OrderCreate(BaseModel):
    kind: Literal["market", "limit"]
    price: Decimal | None = None

    @model_validator(mode="after")
    def limit_has_price(self) -> Self:
        if self.kind == "limit" and self.price is None:
            raise ValueError("a limit order needs a price")
        return self
""",
    taught="python-backend/references/models.md#rules-over-several-fields",
    source=(
        "https://docs.pydantic.dev/latest/concepts/validators/",
        "https://docs.pydantic.dev/latest/concepts/fields/#validate-default-values",
    ),
    check=check,
)
