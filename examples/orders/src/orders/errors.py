"""What can go wrong, in the words of the domain."""


class OrdersError(Exception):
    """The base of every error that a caller may show to a customer."""


class NotFoundError(OrdersError):
    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"there is no {kind} {key}")


class OutOfStockError(OrdersError):
    def __init__(self, sku: str, wanted: int, available: int) -> None:
        super().__init__(f"{wanted} of {sku} wanted, {available} available")


class NotCancellableError(OrdersError):
    pass


class InvalidOrderError(OrdersError):
    pass


class DeliveryError(OrdersError):
    """A notification could not be delivered, however often it was tried."""
