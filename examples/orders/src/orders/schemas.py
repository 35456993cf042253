"""What goes over the wire."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Optional
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from orders.models import OrderStatus

Sku = Annotated[str, Field(min_length=1, max_length=32)]
Quantity = Annotated[int, Field(ge=1, le=100)]


class _Record(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ItemOut(_Record):
    sku: str
    name: str
    price: Decimal


class LineOut(_Record):
    item: ItemOut
    quantity: int
    subtotal: Decimal


class OrderOut(_Record):
    id: UUID
    customer: str
    status: OrderStatus
    lines: list[LineOut]
    discount: Decimal
    shipping: Decimal
    total: Decimal
    placed_at: datetime
    note: str | None


class SummaryOut(_Record):
    orders: int
    revenue: Decimal


class OrderIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    customer: str = Field(min_length=3)
    items: dict[Sku, Quantity]
    coupons: list[str] = []
    note: Optional[str] = Field(default=None, max_length=200)
