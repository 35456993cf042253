from dataclasses import replace

from orders.models import Order
from orders.receipts import format_line, format_totals


def test_line_names_the_item(order: Order) -> None:
    assert format_line(order.lines[0]) == "2 x Green tea                      13.00"


def test_totals(order: Order) -> None:
    rows = [row.split() for row in format_totals(order, "EUR")]
    assert rows == [["Discount", "-1.30"], ["Shipping", "4.90"], ["Total", "EUR", "16.60"]]


def test_totals_end_with_the_note(order: Order) -> None:
    assert format_totals(replace(order, note="Ring twice."), "EUR")[-1] == "Note: Ring twice."
