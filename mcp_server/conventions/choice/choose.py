"""Chooses, for one project and each role, among the offers of all sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.repository import REPORTED, Command, Role

STATIC = frozenset({Role.TYPES, Role.LINT, Role.IMPORTS, Role.FORMAT})
SPELLED = frozenset({Tier.IN_CI, Tier.CI})


@dataclass(slots=True)
class Choice:
    """What is planned for each role, and what is not, with its reason."""

    planned: dict[Role, list[Command]] = field(default_factory=dict)
    others: list[Command] = field(default_factory=list)


def choose(
    selections: Sequence[Selection], closed: Mapping[Role, str], seen: Iterable[str]
) -> Choice:
    """Plan the best source of each role, and beside it each further tool that CI runs.

    `closed` are the roles that the project states for hdb, with where it does so; `seen`
    are the tools that some source runs. A tool that is only configured, in a project that names
    other static checks, is not sure: nobody runs it.
    """
    choice = Choice()
    ranked = sorted(
        (
            (offer.tier, index, offer)
            for index, selection in enumerate(selections)
            for offer in selection.offers
            if offer.command.role not in REPORTED
        ),
        key=lambda one: one[:2],
    )
    spoken = any(
        offer.command.role in STATIC and tier is not Tier.TABLE for tier, _, offer in ranked
    )
    known = frozenset(seen)
    for role in Role:
        offers = [(index, offer) for _, index, offer in ranked if offer.command.role is role]
        best = _Best(choice, role, closed.get(role))
        for index, offer in offers:
            decoy = offer.tier is Tier.TABLE and role in STATIC
            if decoy and best.open_to_tables and spoken and offer.command.tool not in known:
                why = f"nothing that the project requires runs {offer.command.tool}"
                choice.others.append(replace(offer.command, sure=False, idle=True, reason=why))
            else:
                best.take(index, offer)
    for selection in selections:
        choice.others += selection.others
    return choice


class _Best:
    """The best source of one role so far, as its offers come in order."""

    def __init__(self, choice: Choice, role: Role, closed: str | None) -> None:
        self._choice = choice
        self._closed = closed
        self._taken: list[Command] = choice.planned.setdefault(role, [])
        self._first: tuple[int, Offer] | None = None

    @property
    def open_to_tables(self) -> bool:
        """Whether nothing but a table serves the role yet."""
        served = self._first is not None and self._first[1].tier is not Tier.TABLE
        return not served and self._closed is None

    def take(self, index: int, offer: Offer) -> None:
        command = offer.command
        if self._closed is not None and offer.tier is not Tier.STATED:
            if offer.tier is not Tier.TABLE or any(command.tool != x.tool for x in self._taken):
                self._leave(command, f"{self._closed} serves {command.role.value}")
        elif self._first is None:
            self._first = index, offer
            self._taken.append(command)
        elif self._goes_with(index, offer):
            self._taken.append(command)
        else:
            self._pass_over(offer)

    def _goes_with(self, index: int, offer: Offer) -> bool:
        """Tell whether an offer is planned beside the best one."""
        first, best = self._first or (0, offer)
        if index == first and offer.tier <= max(best.tier, Tier.TASK):
            return True
        command = offer.command
        known = {one.tool for one in self._taken}
        return offer.tier in SPELLED and command.role in STATIC and command.tool not in known

    def _pass_over(self, offer: Offer) -> None:
        command = offer.command
        by = self._taken[0]
        if all(command.tool != one.tool for one in self._taken):
            self._leave(command, f"{by.source} serves {command.role.value}")
        elif offer.tier is not Tier.TABLE:
            # A tool's own table configures the command that another source names.
            self._leave(command, f"{by.source} is planned")

    def _leave(self, command: Command, why: str) -> None:
        self._choice.others.append(replace(command, sure=False, reason=why))
