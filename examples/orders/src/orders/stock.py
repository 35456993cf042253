"""How many of each item can still be promised."""

from collections import Counter
from collections.abc import Mapping

from orders.errors import OutOfStockError


class Stock:
    def __init__(self, levels: Mapping[str, int]) -> None:
        self._levels = dict(levels)
        self._reserved: Counter[str] = Counter()

    def available(self, sku: str) -> int:
        return self._levels.get(sku)

    def reserved(self) -> dict[str, int]:
        return {sku: count for sku, count in self._reserved.items() if count}

    def reserve(self, wanted: Mapping[str, int]) -> None:
        """Reserve everything or nothing."""
        for sku, quantity in wanted.items():
            if self.available(sku) < quantity:
                raise OutOfStockError(sku, quantity, self.available(sku))
        for sku, quantity in wanted.items():
            self._levels[sku] -= quantity
            self._reserved[sku] += quantity

    def release(self, wanted: Mapping[str, int]) -> None:
        for sku, quantity in wanted.items():
            self._levels[sku] += quantity
            self._reserved[sku] -= quantity
