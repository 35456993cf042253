"""Money that is kept as floating point."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_server.rules.float_money import RULE
from tests.rules.cases import hits

HITS = {
    "the floats of pydantic": """
        from pydantic import BaseModel, NonNegativeFloat, PositiveFloat, confloat
        class Order(BaseModel):
            unit_price: PositiveFloat  # hit
            paid_amount: NonNegativeFloat | None = None  # hit
            shipping_fee: confloat(ge=0) = 0  # hit
    """,
    "a model": """
        from pydantic import BaseModel
        class Product(BaseModel):
            name: str
            price: float  # hit
            sale_price: float | None = None  # hit
    """,
    "an amount with its currency": """
        import typing as t
        import pydantic
        class Payment(pydantic.BaseModel):
            currency: str
            amount: t.Annotated[float, pydantic.Field(gt=0)]  # hit
            fee: "t.Optional[float]" = 0.0  # hit
    """,
    "a dataclass": """
        from dataclasses import dataclass as data
        @data(frozen=True)
        class Employee:
            salary: float  # hit
    """,
    "columns of a table": """
        from sqlalchemy import Column, Float as F, Integer
        from app.db import Base
        class Order(Base):
            id = Column(Integer, primary_key=True)
            total_amount = Column("total", F, nullable=False)  # hit
            tax_amount = Column(F(precision=2))  # hit
        # file: app/db.py
        from sqlalchemy.orm import declarative_base
        Base = declarative_base()
    """,
    "mapped": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        class Base(DeclarativeBase): ...
        class Invoice(Base):
            id: Mapped[int] = mapped_column(primary_key=True)
            amount_due: Mapped[float]  # hit
            unit_price: Mapped[float] = mapped_column(nullable=False)  # hit
    """,
    "a field of Django": """
        from django.db import models
        class Product(models.Model):
            price = models.FloatField(default=0)  # hit
    """,
    "a base of the project's": """
        from app.schemas import Schema
        Number = float
        def build():
            class Line(Schema):
                unit_price: Number  # hit
            return Line
        # file: app/schemas.py
        from sqlmodel import SQLModel as Model
        class Schema(Model): ...
    """,
}
CLEAN = {
    "trading at an exchange": """
        from pydantic import BaseModel
        class Order(BaseModel):
            pair: str
            side: str
            price: float
        # file: app/other.py
        from pydantic import BaseModel
        class Row(BaseModel):
            stake_currency: str
        class Wallet(BaseModel):
            currency: str
            balance: float
    """,
    "decimals and cents": """
        from decimal import Decimal
        from pydantic import BaseModel
        class Product(BaseModel):
            price: Decimal
            currency: str
            amount: int
    """,
    "no money that is booked": """
        from pydantic import BaseModel
        class Progress(BaseModel):
            total: float | None = None
            amount: float
            cost: float
        class SalesMetrics(BaseModel):
            currency: str
            total: float
            unit_price: float
    """,
    "rates and estimates": """
        from pydantic import BaseModel
        class Deal(BaseModel):
            currency: str
            tax_rate: float
            average_price: float
            estimated_cost: float
            discount_percent: float
    """,
    "prices of markets and models": """
        from pydantic import BaseModel
        class Fill(BaseModel):
            currency: str
            last_price: float
            limit_price: float
        class ModelPricing(BaseModel):
            price: float
        class Cost(BaseModel):
            prompt_price: float
    """,
    "columns of decimals": """
        from sqlalchemy import Column, Float, Numeric
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        class Base(DeclarativeBase): ...
        class Order(Base):
            price = Column(Numeric(12, 2))
            unit_price = Column(Float(asdecimal=True))
            list_price: Mapped[float] = mapped_column(Numeric(12, 2))
    """,
    "neither a model nor a table": """
        class Slider:
            price: float = 0.0
        def price(amount: float, unit_price: float) -> float:
            return amount * unit_price
    """,
    "the project's own classes": """
        from app.base import BaseModel, Column, Float
        class A(BaseModel):
            price: float
        class B:
            price = Column(Float)
        # file: app/base.py
        class BaseModel: ...
        def Column(kind): ...
        class Float: ...
    """,
    "a table of prices to compute with": """
        import pandas as pd
        from pydantic import BaseModel
        class Row(BaseModel):
            price: float
    """,
    "tests": """
        # file: tests/test_a.py
        from pydantic import BaseModel
        class Item(BaseModel):
            price: float
    """,
}


@pytest.mark.parametrize("text", HITS.values(), ids=HITS)
def test_hits(text: str, tmp_path: Path) -> None:
    found, wanted = hits(RULE, tmp_path, text)
    assert found == wanted
    assert wanted


@pytest.mark.parametrize("text", CLEAN.values(), ids=CLEAN)
def test_leaves_alone(text: str, tmp_path: Path) -> None:
    found, _ = hits(RULE, tmp_path, text)
    assert not found
