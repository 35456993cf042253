from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from orders.audit import AuditLog
from orders.catalogue import Catalogue
from orders.config import Settings
from orders.discounts import CouponBook
from orders.main import create_app
from orders.models import Item, Order, OrderLine
from orders.repository import MemoryOrderRepository
from orders.service import OrderService
from orders.stock import Stock

MakeService = Callable[[Stock], OrderService]


@pytest.fixture
def settings() -> Settings:
    return Settings(shipping=Decimal("4.90"), free_shipping_from=Decimal("50.00"))


@pytest.fixture
def coupons() -> CouponBook:
    return CouponBook()


@pytest.fixture
def make_service(settings: Settings, coupons: CouponBook) -> MakeService:
    def make(stock: Stock) -> OrderService:
        return OrderService(
            settings=settings,
            catalogue=Catalogue(),
            stock=stock,
            coupons=coupons,
            repository=MemoryOrderRepository(),
            audit=AuditLog(),
        )

    return make


@pytest.fixture
def service(make_service: MakeService) -> OrderService:
    return make_service(Stock({"TEA-01": 10, "TEA-02": 10, "POT-01": 2}))


@pytest.fixture
def balanced_stock() -> Iterator[Stock]:
    """A stock that must end the test as full as it began."""
    stock = Stock({"TEA-01": 3, "POT-01": 1})
    yield stock
    assert stock.reserved() == {}


@pytest.fixture
def order() -> Order:
    tea = Item("TEA-01", "Green tea", Decimal("6.50"))
    return Order(
        id=UUID("8c3f2d4e-5b1a-4f77-9a53-0d6c1e2b7a10"),
        customer="ada@example.org",
        lines=(OrderLine(tea, 2),),
        discount=Decimal("1.30"),
        shipping=Decimal("4.90"),
        total=Decimal("16.60"),
        placed_at=datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client
