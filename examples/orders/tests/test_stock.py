import pytest

from orders.errors import OutOfStockError
from orders.stock import Stock


def test_reserve_and_release() -> None:
    stock = Stock({"TEA-01": 3})
    stock.reserve({"TEA-01": 2})
    assert stock.available("TEA-01") == 1
    stock.release({"TEA-01": 2})
    assert stock.available("TEA-01") == 3


def test_reserve_all_or_nothing() -> None:
    stock = Stock({"TEA-01": 3, "POT-01": 0})
    with pytest.raises(OutOfStockError, match="1 of POT-01 wanted, 0 available"):
        stock.reserve({"TEA-01": 1, "POT-01": 1})
    assert stock.reserved() == {}
