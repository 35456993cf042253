from dataclasses import replace
from uuid import UUID

import pytest

from orders.errors import NotFoundError
from orders.models import Order, OrderStatus
from orders.repository import InMemoryOrderRepository


def test_saved_order_is_found(order: Order) -> None:
    repository = InMemoryOrderRepository()
    repository.save(order)
    assert repository.get(order.id) == order


def test_unknown_order() -> None:
    with pytest.raises(NotFoundError):
        InMemoryOrderRepository().get(UUID(int=0))


def test_saving_again_replaces(order: Order) -> None:
    repository = InMemoryOrderRepository()
    repository.save(order)
    repository.save(replace(order, status=OrderStatus.SHIPPED))
    assert [kept.status for kept in repository.find()] == [OrderStatus.SHIPPED]


def test_find_by_customer(order: Order) -> None:
    repository = InMemoryOrderRepository()
    repository.save(order)
    assert repository.find("ada@example.org") == [order]
    assert repository.find("bob@example.org") == []
