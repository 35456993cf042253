import pytest

from shop.pricing import total


def test_an_order_is_kept(service):
    assert service.place([1]) is service.find(None)


class TestTotals:
    def test_nothing_costs_nothing(self):
        assert total([]) == 0


@pytest.mark.usefixtures("store")
def test_a_store_is_there():
    pass
