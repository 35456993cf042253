"""The use cases: place, read, cancel and sum up orders."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

from orders.audit import AuditLog
from orders.catalogue import Catalogue
from orders.config import Settings
from orders.discounts import CouponBook, total_reduction
from orders.errors import InvalidOrderError, NotCancellableError
from orders.models import Order, OrderLine, OrderStatus
from orders.pricing import shipping_cost, subtotal
from orders.repository import OrderRepository
from orders.stock import Stock


@dataclass(frozen=True, slots=True)
class Summary:
    orders: int
    revenue: Decimal


class OrderService:
    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        stock: Stock,
        coupons: CouponBook,
        repository: OrderRepository,
        audit: AuditLog,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._stock = stock
        self._coupons = coupons
        self._repository = repository
        self._audit = audit

    def place(
        self,
        customer: str,
        wanted: Mapping[str, int],
        coupons: list[str] = [],
        note: str | None = None,
    ) -> Order:
        if not wanted:
            raise InvalidOrderError("an order needs at least one line")
        lines = [OrderLine(self._catalogue.get(sku), count) for sku, count in wanted.items()]
        value = subtotal(lines)
        discount = total_reduction([self._coupons.find(code) for code in coupons], value)
        shipping = shipping_cost(
            value - discount,
            flat=self._settings.shipping,
            free_from=self._settings.free_shipping_from,
        )
        self._stock.reserve(wanted)
        order = Order(
            id=uuid4(),
            customer=customer,
            lines=lines,
            discount=discount,
            shipping=shipping,
            total=value - discount + shipping,
            placed_at=datetime.now(UTC),
            note=note,
        )
        self._repository.save(order)
        self._audit.record("placed", order.id, order.placed_at)
        return order

    def get(self, order_id: UUID) -> Order:
        return self._repository.get(order_id)

    def find(self, customer: str | None = None) -> list[Order]:
        return self._repository.find(customer)

    def cancel(self, order_id: UUID) -> Order:
        order = self._repository.get(order_id)
        if order.status is not OrderStatus.PLACED:
            raise NotCancellableError(f"order {order_id} is {order.status}")
        cancelled = replace(order, status=OrderStatus.CANCELLED)
        self._repository.save(cancelled)
        self._audit.record("cancelled", order_id, datetime.now(UTC))
        return cancelled

    def summary(self) -> Summary:
        kept = [o for o in self._repository.find() if o.status is not OrderStatus.CANCELLED]
        return Summary(len(kept), sum((order.total for order in kept), Decimal()))
