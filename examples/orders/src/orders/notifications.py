"""Tell the customer, and try again when the transport fails."""

import logging
from typing import Protocol

from orders.errors import DeliveryError
from orders.models import Order

logger = logging.getLogger(__name__)


class Transport(Protocol):
    async def send(self, recipient: str, text: str) -> None:
        """Deliver the text, or raise ConnectionError."""


class LogTransport:
    """Writes to the log what a mail server would send."""

    async def send(self, recipient: str, text: str) -> None:
        logger.info("to %s: %s", recipient, text)


class Notifier:
    def __init__(self, transport: Transport, attempts: int = 3) -> None:
        self._transport = transport
        self._attempts = attempts

    async def order_placed(self, order: Order) -> int:
        """Return how many attempts it took."""
        text = f"Thank you, your order {order.id} has been placed."
        for attempt in range(1, self._attempts):
            try:
                await self._transport.send(order.customer, text)
            except ConnectionError:
                logger.warning("attempt %d to notify %s failed", attempt, order.customer)
            else:
                return attempt
        raise DeliveryError(f"could not notify {order.customer} about order {order.id}")
