import pytest

from app.tickets import Desk, Ticket, escalate


def test_dump(queue):
    assert '"title": "new mouse"' in queue.dump()


def test_the_most_urgent_comes_first(queue):
    assert Desk(queue).work_all(limit=1)[0].number == 1


def test_of_equal_tickets_the_older_comes_first(queue):
    queue.add(Ticket(3, "also on fire", priority=1))
    assert Desk(queue).work().number == 1


def test_find(queue):
    assert queue.find(2) == Ticket(2, "new mouse", labels=["hardware"])


def test_restore(archive):
    assert archive


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_escalation_ends_at_the_highest(steps):
    assert escalate(Ticket(1, "slow", priority=3), steps) >= 1


@pytest.mark.parametrize(("label", "known"), [("bug", True), ("idea", False)])
def test_labels(label, known):
    ticket = Ticket(1, "x", labels=["bug"])
    if known == True:
        assert label in ticket.labels
    else:
        assert label not in ticket.labels
