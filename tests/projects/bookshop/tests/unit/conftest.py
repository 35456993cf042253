import pytest

from shop.service import OrderService


@pytest.fixture
def service(store, cache):
    return OrderService(store, cache)
