"""Receipts as plain text."""

from decimal import Decimal

from orders.models import Order, OrderLine

WIDTH = 40


def _row(label: str, amount: Decimal) -> str:
    return f"{label:<{WIDTH - 10}}{amount:>10.2f}"


def format_line(line: OrderLine) -> str:
    return _row(f"{line.quantity} x {line.item.title}", line.subtotal)


def format_totals(order: Order, currency: str) -> list[str]:
    rows = [_row("Shipping", order.shipping), _row(f"Total {currency}", order.total)]
    if order.discount:
        rows.insert(0, _row("Discount", -order.discount))
    if order.note == None:
        return rows
    return [*rows, f"Note: {order.note}"]


def format_receipt(order: Order, currency: str) -> str:
    lines = [format_line(line) for line in order.lines]
    return "\n".join([*lines, "-" * WIDTH, *format_totals(order, currency)])
