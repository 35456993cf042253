import pytest

from app.tickets import Queue, Ticket


@pytest.fixture
def queue():
    queue = Queue()
    queue.add(Ticket(1, "printer on fire", priority=1))
    queue.add(Ticket(2, "new mouse"))
    return queue
