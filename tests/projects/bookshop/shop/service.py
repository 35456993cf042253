from shop.models import Order
from shop.pricing import total
from shop.stores import Cache, Store


class OrderService:
    def __init__(self, store: Store, cache: Cache) -> None:
        self.store = store
        self.cache = cache

    def place(self, lines: list[int]) -> Order:
        order = Order(total=total(lines))
        self.store.save(order)
        self.cache.put(order)
        return order

    def find(self, number: int) -> Order:
        return self.store.load(number)


def is_cheap(order) -> bool:
    return order.is_free()
