"""Finds money that models and tables keep as binary floating point."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mcp_server.rules.base import Hit, Rule
from mcp_server.semantic import Given, Module, annotated, argument, bases, decorations, is_a, ref
from mcp_server.semantic.models import is_settings

MONEY = re.compile(
    r"(^|_)(price|subtotal|salary|wage|invoice_total|order_total|cart_total|grand_total|net_total|"
    r"gross_total|"
    r"(total|unit|list|sale|retail|net|gross|base|final|original)_price|"
    r"(tax|total|net|gross|refund|refunded|discount|paid|due|payment|invoice|order|transaction|"
    r"charge|charged|payout|deposit|withdrawal|transfer)_amount|"
    r"amount_(due|paid|refunded|charged)|"
    r"(account|wallet|opening|closing|outstanding)_balance|"
    r"(shipping|delivery|service|transaction|processing|late|platform)_fee|shipping_cost|"
    r"(monthly|hourly|annual|yearly)_(price|fee|rent|salary))$"
)
"""Names that hardly mean anything but money."""
WITH_CURRENCY = re.compile(
    r"(^|_)(amount|total|balance|fee|fees|cost|costs|price|tax|discount|payment|value_paid|charge)$"
)
"""Names that mean money where a currency stands beside them."""
CURRENCY = re.compile(r"(^|_)currency(_code)?$")
ROUGH = re.compile(
    r"(^|_)(avg|average|mean|median|estimate|estimated|forecast|predicted|approx|percent|pct|rate|"
    r"ratio|share|factor|score|weight|token|tokens|min|max|per|llm|model|input|output|prompt|"
    r"completion|cached|gas|spot|market|strike|entry|exit|open|close|high|low|limit|stop|bid|ask|"
    r"mark|last|target|trigger|liquidation)(_|$)"
)
"""What is measured, guessed or quoted: prices of markets and of models' tokens, too."""
ROUGH_CLASS = re.compile(
    r"(Stat|Stats|Statistics|Metric|Metrics|Analytics|Analysis|Signal|Signals|Insight|Report|Chart|"
    r"Histogram|Usage|Estimate|Estimation|Forecast|Prediction|Benchmark|Candle|Candlestick|Ticker|"
    r"Quote|Tick|Bar|Trade|Position|Pricing|LLM|Token|Strategy|Backtest|Signal|Ohlc|OHLC|OHLCV|MarketData|Feature|Features|Summary|Settings|Config)"
    r"(?![a-z])"
)
"""Classes whose numbers are measured or guessed, and never booked."""
MODELS = frozenset(
    "pydantic.BaseModel pydantic.v1.BaseModel sqlmodel.SQLModel sqlalchemy.orm.DeclarativeBase "
    "django.db.models.Model sqlalchemy.orm.MappedAsDataclass".split()
)
TRADING = frozenset(
    "trade trades trader trading stake candle candles leverage ticker tickers ohlcv pnl backtest "
    "freqtrade liquidation orderbook klines".split()
)
TRADED = frozenset("order orders pair pairs symbol symbols exchange exchanges side".split())
"""Words of exchanges, whose prices are quoted as floats; two of these, as a shop has orders too."""
PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
FLOAT = frozenset(
    f"{package}.{name}"
    for package in ("pydantic", "pydantic.types", "pydantic.v1", "pydantic.v1.types")
    for name in "PositiveFloat NonNegativeFloat NegativeFloat NonPositiveFloat StrictFloat "
    "FiniteFloat confloat".split()
) | {"builtins.float"}
DATACLASSES = frozenset(
    "dataclasses.dataclass pydantic.dataclasses.dataclass attrs.define attrs.frozen attr.s "
    "attr.define attr.frozen attrs.mutable".split()
)
COLUMNS = frozenset({"Column", "mapped_column"})
FLOATS = frozenset({"Float", "Double", "REAL", "FLOAT", "DOUBLE", "DOUBLE_PRECISION"})
NUMERIC = frozenset("numpy pandas polars torch sklearn scipy ccxt jax statsmodels talib".split())
"""Packages that compute with floats; whoever imports them has chosen to."""
MESSAGE = (
    "`{}` is money kept as a float, whose sums do not come out even: use `Decimal` "
    "(`Numeric` in a table) or an integer of the smallest unit"
)


def check(module: Module) -> Iterator[Hit]:
    """Yield the fields and columns of money that are floats."""
    for owner in module.nodes(ast.ClassDef):
        held = {name: one for one in owner.body if (name := _name(one))}
        currency = any(CURRENCY.search(name.lower()) for name in held)
        found = [(name, one) for name, one in held.items() if _is_money(name, currency=currency)]
        if not found or ROUGH_CLASS.search(owner.name) or not _is_data(module, owner):
            continue
        if _computes(module) or _trades(module, owner):
            return
        for name, one in found:
            if _is_float(module, one):
                yield Hit(one, MESSAGE.format(name))


def _computes(module: Module) -> bool:
    named = [one.module or "" for one in module.nodes(ast.ImportFrom) if not one.level]
    named += [each.name for one in module.nodes(ast.Import) for each in one.names]
    return any(one.partition(".")[0] in NUMERIC for one in named)


def _trades(module: Module, owner: ast.ClassDef) -> bool:
    """Tell by its words whether a module, or a class of it, is about trading at an exchange."""
    named = [one.name for one in module.nodes(ast.ClassDef)]
    fields = [_name(each) for one in module.nodes(ast.ClassDef) for each in one.body]
    everything = " ".join([module.path, *named, *fields])
    held = " ".join([owner.name, *map(_name, owner.body)])
    return bool(TRADING & _parts(everything)) or len(TRADED & _parts(held)) > 1


def _parts(text: str) -> set[str]:
    return {one.lower() for one in PART.findall(text)}


def _name(one: ast.stmt) -> str:
    target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def _is_money(name: str, *, currency: bool) -> bool:
    lowered = name.lower()
    if ROUGH.search(lowered):
        return False
    return bool(MONEY.search(lowered) or (currency and WITH_CURRENCY.search(lowered)))


def _is_data(module: Module, owner: ast.ClassDef) -> bool:
    if any(decorations(module, owner, DATACLASSES)):
        return True
    held = bases(module, owner)
    if any(one.module is None and is_a(one, MODELS) for one in held):
        return not is_settings(module, owner)
    # `Base = declarative_base()`, `db.Model`: what has columns is a table.
    return any(
        isinstance(one, ast.Assign | ast.AnnAssign) and _column(module, one.value) is not None
        for one in owner.body
    )


def _is_float(module: Module, one: ast.stmt) -> bool:
    value = getattr(one, "value", None)
    column = _column(module, value)
    if column is not None and any(_is_float_type(module, each) for each in column.args):
        return True
    if isinstance(value, ast.Call):
        made = ref(module, value.func)
        if made is not None and made.dotted in {
            "django.db.models.FloatField",
            "django.db.models.fields.FloatField",
        }:
            return True
    if not isinstance(one, ast.AnnAssign):
        return False
    annotation = one.annotation
    made = ref(module, annotation.func) if isinstance(annotation, ast.Call) else None
    found = made or annotated(module, annotation)
    if found is None or found.dotted not in FLOAT:
        return False
    return column is None or not column.args or not _has_type(module, column)


def _column(module: Module, node: ast.expr | None) -> ast.Call | None:
    if isinstance(node, ast.Call):
        found = ref(module, node.func)
        if found is not None and found.module is None and found.last in COLUMNS:
            return node
    return None


def _is_float_type(module: Module, node: ast.expr) -> bool:
    found = ref(module, node.func if isinstance(node, ast.Call) else node)
    if found is None or found.module is not None or found.last not in FLOATS:
        return False
    if isinstance(node, ast.Call):
        given = argument(module, node, "asdecimal", 1)
        return not (isinstance(given, Given) and given.constant is not False)
    return True


def _has_type(module: Module, column: ast.Call) -> bool:
    """Tell whether a column states a type of its own, which goes before the annotation."""
    found = ref(
        module, column.args[0].func if isinstance(column.args[0], ast.Call) else column.args[0]
    )
    return found is not None and found.last not in {"ForeignKey", "Identity", "Sequence"}


RULE = Rule(
    name="float-money",
    why="Binary floating point cannot hold most decimal amounts, so sums and comparisons of money "
    "go wrong by cents.",
    wrong="""\
from pydantic import BaseModel


class InvoiceLine(BaseModel):
    description: str
    quantity: int
    unit_price: float
""",
    right="""\
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

Money = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]


class InvoiceLine(BaseModel):
    description: str
    quantity: int
    unit_price: Money
""",
    taught="python-backend/references/models.md#money",
    source=(
        "https://docs.python.org/3/library/decimal.html",
        "https://docs.python.org/3/tutorial/floatingpoint.html",
    ),
    looks_at=frozenset({"service"}),
    check=check,
)
