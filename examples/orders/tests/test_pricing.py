from decimal import Decimal

import pytest

from orders.models import Item, OrderLine
from orders.pricing import apportion, round_money, shipping_cost, subtotal


def line(price: str, quantity: int = 1) -> OrderLine:
    return OrderLine(Item("ANY", "Anything", Decimal(price)), quantity)


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("1.004", "1.00"),
        ("1.005", "1.01"),
        ("1.015", "1.02"),
        ("2.345", "2.35"),
        ("9.985", "9.99"),
        ("9.999", "10.00"),
    ],
)
def test_round_money(amount: str, expected: str) -> None:
    assert round_money(Decimal(amount)) == Decimal(expected)


def test_subtotal() -> None:
    assert subtotal([line("6.50", 2), line("48.00")]) == Decimal("61.00")


@pytest.mark.parametrize(("value", "cost"), [("49.99", "4.90"), ("50.00", "0"), ("80.00", "0")])
def test_shipping_cost(value: str, cost: str) -> None:
    flat, free_from = Decimal("4.90"), Decimal("50.00")
    assert shipping_cost(Decimal(value), flat=flat, free_from=free_from) == Decimal(cost)


def test_apportion_gives_the_remainder_to_the_last_line() -> None:
    shares = apportion(Decimal("1.00"), [line("5.00"), line("5.00"), line("5.00")])
    assert shares == [Decimal("0.33"), Decimal("0.33"), Decimal("0.34")]


def test_apportion_of_free_samples() -> None:
    assert apportion(Decimal("0.00"), [line("0.00"), line("0.00")]) == [Decimal(0), Decimal(0)]
