from collections.abc import Callable
from decimal import Decimal

import pytest

from orders.discounts import CouponBook
from orders.errors import InvalidOrderError, NotCancellableError, OutOfStockError
from orders.models import OrderStatus
from orders.service import OrderService
from orders.stock import Stock


def test_place_adds_shipping(service: OrderService) -> None:
    order = service.place("ada@example.org", {"TEA-01": 2})
    assert order.total == Decimal("17.90")


def test_place_ships_large_orders_free(service: OrderService) -> None:
    order = service.place("ada@example.org", {"POT-01": 1, "TEA-01": 1})
    assert (order.shipping, order.total) == (Decimal(0), Decimal("54.50"))


def test_place_takes_every_coupon(service: OrderService, coupons: CouponBook) -> None:
    expected = coupons.find("SPRING").reduction(Decimal("13.00")) + Decimal("5.00")
    order = service.place("ada@example.org", {"TEA-01": 2}, ["SPRING", "WELCOME"])
    assert order.discount == expected


def test_place_nothing(service: OrderService) -> None:
    with pytest.raises(InvalidOrderError):
        service.place("ada@example.org", {})


def test_place_more_than_there_is(service: OrderService) -> None:
    with pytest.raises(OutOfStockError):
        service.place("ada@example.org", {"POT-01": 3})
    assert service.find() == []


def test_cancel(make_service: Callable[[Stock], OrderService], balanced_stock: Stock) -> None:
    service = make_service(balanced_stock)
    order = service.place("ada@example.org", {"TEA-01": 2, "POT-01": 1})
    assert service.cancel(order.id).status is OrderStatus.CANCELLED


def test_cancel_only_once(service: OrderService) -> None:
    order = service.place("ada@example.org", {"TEA-01": 1})
    service.cancel(order.id)
    with pytest.raises(NotCancellableError):
        service.cancel(order.id)


def test_summary_leaves_out_cancelled_orders(service: OrderService) -> None:
    service.place("ada@example.org", {"TEA-01": 2})
    service.cancel(service.place("bob@example.org", {"TEA-02": 1}).id)
    summary = service.summary()
    assert (summary.orders, summary.revenue) == (1, Decimal("17.90"))
