"""Ranks what the sources of a repository offer for a role: the strongest is planned."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from mcp_server.repository import Command


class Tier(IntEnum):
    """How much a command's source says that it is the project's check; the least is the best."""

    STATED = 0
    """Under `[tool.hdb]`."""
    IN_CI = 1
    """A named task or a hook that CI runs."""
    TASK = 2
    """A named task that stands for the whole check by its name."""
    CI = 3
    """A command that CI spells out."""
    HOOK = 4
    """A hook that CI does not run."""
    PART = 5
    """A task that is a part of the check, changes files, or cannot be taken apart."""
    INSTRUCTION = 6
    """A command that the instructions for contributors and agents name."""
    TABLE = 7
    """A tool's own configuration."""
    ODD = 8
    """A task whose name speaks of something else besides."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A command that a source offers for its role."""

    command: Command
    tier: Tier


@dataclass(frozen=True, slots=True)
class Selection:
    """What one source offers to plan, and the commands found beside that, each with its reason."""

    offers: tuple[Offer, ...] = ()
    others: tuple[Command, ...] = ()

    @property
    def planned(self) -> tuple[Command, ...]:
        """The commands on offer."""
        return tuple(offer.command for offer in self.offers)
