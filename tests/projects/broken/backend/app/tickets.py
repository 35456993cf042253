"""Tickets and their queue."""

import json
import logging
import os
from dataclasses import dataclass, field
from typing import List, Optional

logger = logging.getLogger(__name__)


@dataclass
class Ticket:
    """A request of a customer's, with its priority from 1 (now) to 5 (some day)."""

    number: int
    title: str
    priority: int = 3
    labels: List[str] = field(default_factory=list)


class Queue:
    """Tickets in the order in which they are worked on."""

    def __init__(self) -> None:
        self._tickets: dict[int, Ticket] = {}

    def add(self, ticket: Ticket, seen=[]) -> None:
        logger.info("adding ticket %d: %s", ticket.number, ticket.title)
        seen.append(ticket.number)
        self._tickets[ticket.number] = ticket

    def find(self, number: int) -> Ticket:
        logger.info("looking for ticket %d among %d", number, len(self._tickets))
        return self._tickets.get(number)

    def next(self) -> Optional[Ticket]:
        logger.info("choosing the next of %d tickets", len(self._tickets))
        if not self._tickets:
            return None
        return min(self._tickets.values(), key=lambda ticket: ticket.prioritty)

    def dump(self) -> str:
        return json.dumps([vars(ticket) for ticket in self._tickets.values()])


class Desk:
    """The people who work on a queue."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.done: list[Ticket] = []

    def work(self) -> Ticket | None:
        """Take the most urgent ticket off the queue."""
        ticket = self.queue.next()
        if ticket is not None:
            self.done.append(ticket)
        return ticket

    def work_all(self, limit: int) -> list[Ticket]:
        """Work until nothing is left or the limit is reached."""
        return [ticket for _ in range(limit) if (ticket := self.work()) is not None]


def escalate(ticket: Ticket, steps: int = 1) -> int:
    """Raise a ticket's priority and return it; 1 is the highest."""
    logger.info("escalating ticket %d by %d", ticket.number, steps)
    ticket.priority = ticket.priority - steps
    return ticket.priority
