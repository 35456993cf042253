from decimal import Decimal

import pytest

from orders.discounts import AmountOff, CouponBook, PercentOff, total_reduction
from orders.errors import NotFoundError


def test_percent_off() -> None:
    assert PercentOff("SPRING", Decimal(10)).reduction(Decimal("61.00")) == Decimal("6.10")


@pytest.mark.parametrize(("value", "reduction"), [("39.99", "0"), ("40.00", "8.00")])
def test_amount_off_needs_its_minimum(value: str, reduction: str) -> None:
    coupon = AmountOff("TEAPOT", Decimal("8.00"), minimum=Decimal("40.00"))
    assert coupon.reduction(Decimal(value)) == Decimal(reduction)


def test_find_ignores_case_and_spaces(coupon_book: CouponBook) -> None:
    assert coupon_book.find(" spring ").code == "SPRING"


def test_unknown_coupon(coupons: CouponBook) -> None:
    with pytest.raises(NotFoundError, match="there is no coupon WINTER"):
        coupons.find("WINTER")


def test_coupons_add_up() -> None:
    coupons = [AmountOff("A", Decimal("2.00")), AmountOff("B", Decimal("3.00"))]
    assert total_reduction(coupons, Decimal("20.00")) == Decimal("5.00")


@pytest.mark.xfail(reason="coupons are not capped yet")
def test_coupons_never_exceed_the_subtotal() -> None:
    coupons = [AmountOff("A", Decimal("5.00")), AmountOff("B", Decimal("5.00"))]
    assert total_reduction(coupons, Decimal("6.50")) == Decimal("6.50")
