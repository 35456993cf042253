"""A step that is over: what became of it and what it found."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_server.models import Outcome, Step, Verdict

RAN = frozenset({Verdict.PASSED, Verdict.FAILED})
"""The verdicts of a step that ran to its end."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A step that is over: what became of it and what it found."""

    step: Step
    verdict: Verdict
    outcome: Outcome
    reason: str | None = None
    seconds: float = 0.0
