"""Arithmetic on money: exact decimals, rounded once, half a cent upwards."""

from collections.abc import Sequence
from decimal import Decimal

from orders.models import OrderLine

CENT = Decimal("0.01")


def round_money(amount: Decimal) -> Decimal:
    return amount.quantize(CENT)


def subtotal(lines: Sequence[OrderLine]) -> Decimal:
    return sum((line.subtotal for line in lines), Decimal())


def shipping_cost(value: Decimal, *, flat: Decimal, free_from: Decimal) -> Decimal:
    return Decimal() if value >= free_from else flat


def apportion(discount: Decimal, lines: Sequence[OrderLine]) -> list[Decimal]:
    """Spread a discount over the lines by their value; the last one takes the remainder."""
    whole = subtotal(lines)
    shares = [round_money(discount * line.subtotal / whole) for line in lines[:-1]]
    return [*shares, discount - sum(shares, Decimal())]
