from abc import ABC, abstractmethod
from typing import Protocol

from shop.models import Order

_kept: dict[int, Order] = {}


class Store(Protocol):
    def save(self, order: Order) -> None: ...

    def load(self, number: int) -> Order: ...


class SqlStore:
    def save(self, order: Order) -> None:
        _kept[order.id] = order

    def load(self, number: int) -> Order:
        return _kept[number]


class Cache(ABC):
    @abstractmethod
    def put(self, order: Order) -> None: ...


class MemoryCache(Cache):
    def put(self, order: Order) -> None:
        _kept[order.id] = order


class LoudCache(MemoryCache):
    def put(self, order: Order) -> None:
        super().put(order)


def reset() -> None:
    _kept.clear()
