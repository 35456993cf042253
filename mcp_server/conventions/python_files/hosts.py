"""What a Python file of tasks is written for, as those who follow the file see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from mcp_server.conventions.python_files.values import Value


@dataclass(frozen=True, slots=True)
class Call:
    """A call of something that is not the file's own, its arguments evaluated."""

    path: str
    values: tuple[Value, ...]
    named: Mapping[str, Value]
    line: int


class Host(Protocol):
    """What the file is written for: it knows what its own names give."""

    def attribute(self, path: str) -> Value:
        """Return the value of a dotted name, a `Ref` to it where it is not known."""

    def call(self, call: Call) -> Value:
        """Take a call, and return what it gives."""


class TaskHost(Host, Protocol):
    """A host whose calls run commands, some of which may be in doubt."""

    doubt: int
    """How many reasons there are to doubt that the next command runs."""
    ended: bool
    """Whether a call has ended the task."""

    def assign(self, path: str, value: Value) -> None:
        """Take an assignment to one of the host's own names."""

    def enter(self, function: str) -> str:
        """Take the name of a function that is followed, and return the task that is left for it."""

    def leave(self, task: str) -> None:
        """Go back to the task that was left."""

    def state(self) -> object:
        """Return what calls have changed for those after them."""

    def restore(self, state: object) -> None:
        """Go back to an earlier state, at the end of a `with` block."""

    def lose(self, state: object) -> None:
        """Forget what may or may not have changed since `state`."""
