import pytest

from orders.errors import DeliveryError
from orders.models import Order
from orders.notifications import Notifier


class FlakyTransport:
    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.sent: list[str] = []

    async def send(self, recipient: str, text: str) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the mail server hung up")
        self.sent.append(recipient)


async def test_first_attempt(order: Order) -> None:
    transport = FlakyTransport(failures=0)
    assert await Notifier(transport).order_placed(order) == 1
    assert transport.sent == ["ada@example.org"]


async def test_last_attempt(order: Order) -> None:
    transport = FlakyTransport(failures=2)
    assert await Notifier(transport, attempts=3).order_placed(order) == 3


async def test_giving_up(order: Order) -> None:
    transport = FlakyTransport(failures=5)
    with pytest.raises(DeliveryError, match=r"ada@example\.org"):
        await Notifier(transport, attempts=3).order_placed(order)
    assert transport.sent == []
