"""What is for sale."""

from collections.abc import Iterable
from decimal import Decimal

from orders.errors import NotFoundError
from orders.models import Item

ITEMS = (
    Item("TEA-01", "Green tea",       Decimal("6.50")),
    Item("TEA-02", "Black tea",       Decimal("5.25")),
    Item("POT-01", "Cast iron teapot", Decimal("48.00")),
    Item("SAMPLE-01", "Sample of the month", Decimal("0.00")),
    Item("SAMPLE-02", "Sample of the season", Decimal("0.00")),
)


class Catalogue:
    def __init__(self, items: Iterable[Item] = ITEMS) -> None:
        self._items = {item.sku: item for item in items}

    def all(self) -> list[Item]:
        return list(self._items.values())

    def get(self, sku: str) -> Item:
        try:
            return self._items[sku]
        except KeyError:
            raise NotFoundError("item", sku) from None
