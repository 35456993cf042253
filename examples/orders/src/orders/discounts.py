"""Coupons and what they take off."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from orders.errors import NotFoundError
from orders.pricing import round_money


class Discount(Protocol):
    @property
    def code(self) -> str: ...

    def reduction(self, subtotal: Decimal) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class PercentOff:
    code: str
    percent: Decimal

    def reduction(self, subtotal: Decimal) -> Decimal:
        return round_money(subtotal * self.percent / 100)


@dataclass(frozen=True, slots=True)
class AmountOff:
    code: str
    amount: Decimal
    minimum: Decimal | None = None

    def reduction(self, subtotal: Decimal) -> Decimal:
        if self.minimum is not None:
            if subtotal < self.minimum:
                return Decimal()
        return self.amount


COUPONS: tuple[Discount, ...] = (
    PercentOff("SPRING", Decimal(10)),
    AmountOff("WELCOME", Decimal("5.00")),
    AmountOff("TEAPOT", Decimal("8.00"), minimum=Decimal("40.00")),
)


class CouponBook:
    def __init__(self, coupons: Iterable[Discount] = COUPONS) -> None:
        self._coupons = {coupon.code: coupon for coupon in coupons}

    def find(self, code: str) -> Discount:
        try:
            return self._coupons[code.strip().upper()]
        except KeyError:
            raise NotFoundError("coupon", code) from None


def total_reduction(coupons: Iterable[Discount], subtotal: Decimal) -> Decimal:
    """Coupons add up, but nobody is paid for ordering."""
    reductions = (coupon.reduction(subtotal) for coupon in coupons)
    return min(sum(reductions, Decimal()), subtotal)
