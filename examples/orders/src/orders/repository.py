"""Where orders are kept."""

from typing import Protocol
from uuid import UUID

from orders.errors import NotFoundError
from orders.models import Order


class OrderRepository(Protocol):
    def get(self, order_id: UUID) -> Order:
        """Return the order, or raise NotFoundError."""

    def save(self, order: Order) -> None: ...

    def find(self, customer: str | None = None) -> list[Order]: ...


class MemoryOrderRepository:
    def __init__(self) -> None:
        self._orders: dict[UUID, Order] = {}

    def get(self, order_id: UUID) -> Order:
        try:
            return self._orders[order_id]
        except KeyError:
            raise NotFoundError("order", order_id) from None

    def save(self, order: Order) -> None:
        self._orders[order.id] = order

    def find(self, customer: str | None = None) -> list[Order]:
        return [order for order in self._orders.values() if customer in (None, order.customer)]
