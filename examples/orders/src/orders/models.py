"""The records of the domain; none of them changes once made."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class OrderStatus(StrEnum):
    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    name: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    item: Item
    quantity: int

    @property
    def subtotal(self) -> Decimal:
        return self.item.price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: UUID
    customer: str
    lines: tuple[OrderLine, ...]
    discount: Decimal
    shipping: Decimal
    total: Decimal
    placed_at: datetime
    status: OrderStatus = OrderStatus.PLACED
    note: str | None = None
