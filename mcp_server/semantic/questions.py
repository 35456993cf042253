"""Answers each question about a node once, and ends those that go in circles or too far."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # A module asks the questions of the program that holds it.
    from mcp_server.semantic.module import Module

DEEPEST = 64
"""How many questions may wait for one another: some 500 of Python's 1,000 frames."""
MOST = 1_000
"""How many questions are asked for one answer; most answers take less than 20."""
MOST_ROUGH = 20_000
"""How many answers of a file are found again; only circles of thousands of names reach it."""
NOTHING = 1 << 30


class Questions:
    """The questions of a program that wait for an answer, one inside of another.

    A question that comes to wait for itself, in a circle of aliases say, is told None there. An
    answer that leaned on such a None is forgotten when the outermost question is answered, so that
    what is known never depends on what was asked first.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, int] = {}
        self._rough: dict[Hashable, Any] = {}
        self._leaned = NOTHING
        """The lowest open question that an answer leaned on."""
        self._left = MOST

    def ask(
        self, module: Module, about: str, node: Hashable, answer: Callable[[Module, Any], Any]
    ) -> Any:  # noqa: ANN401 - each question has its own kind of answer
        """Return what `answer` says of a node, None where it cannot be told."""
        known = module.answers[about]
        if node in known:
            return known[node]
        key = (about, module.path, node)
        depth = len(self._open)
        if key in self._open or key in self._rough:
            self._leaned = min(self._leaned, self._open.get(key, 0))
            return self._rough.get(key)
        if depth >= DEEPEST or self._left <= 0:
            self._leaned = 0
            return None
        self._left -= 1
        self._open[key] = depth
        outer, self._leaned = self._leaned, NOTHING
        found = None
        try:
            found = answer(module, node)
        except RecursionError:
            # Whoever calls from deep inside of another program has fewer frames left.
            self._leaned = 0
        finally:
            del self._open[key]
            leaned, self._leaned = self._leaned, min(outer, self._leaned)
            if depth == 0:
                self._rough.clear()
                self._leaned, self._left = NOTHING, MOST
        if depth == 0 or leaned >= depth or module.rough > MOST_ROUGH:
            known[node] = found
        else:
            self._rough[key] = found
            module.rough += 1
        return found
