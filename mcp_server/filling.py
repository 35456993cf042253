"""Fills one page with as many of the things that a result lists as it holds; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias, TypeVar

from mcp_server.contract import CommandView, Failure, ProjectView
from mcp_server.errors import UsageError
from mcp_server.lengths import Note, encoded, share, shortened, size
from mcp_server.wire import Wire

COMMA = 1
MEMBERS = 40
"""What the lists of a thing's members take up besides the members."""
PORTION = 6
"""Into how many a page is divided at least, so that a thing and a member of it fit in one."""

Thing = TypeVar("Thing", bound=Wire | str)
Filled: TypeAlias = tuple[dict[str, tuple[Any, ...]], int | None]


class Served(Wire):
    """A command of a project with its role, for which it is chosen or was passed over."""

    role: str
    command: CommandView
    chosen: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the list `slot` of a result; its members may stand on several pages.

    Every page with one of the members repeats the thing itself. `note` says where to find what
    a text of it lacks; without one it fits in a page as it is.
    """

    slot: str
    record: Wire | str
    note: Note | None = None
    members: Sequence[Wire] = ()


def fill(entries: Iterable[Entry], start: int, room: int) -> Filled:
    """Return the lists of the page that begins at a position, and the position that follows."""
    lists: dict[str, list[Any]] = {}
    at, left = 0, room
    for entry in entries:
        end = at + 1 + len(entry.members)
        if end > start:
            first = max(0, start - at - 1)
            head, used = fitted(_bare(entry.record), room // PORTION, entry.note)
            used += MEMBERS if entry.members else 0
            shown: list[Wire] = []
            for member in entry.members[first:]:
                one, needed = fitted(member, room // PORTION, entry.note)
                if used + needed > left and (shown or lists):
                    break
                shown.append(one)
                used += needed
            following = at + 1 + first + len(shown)
            divided = following < end
            # What can stand together on the next page is not divided.
            if lists and (
                used > left or (divided and (not shown or _fits(entry, first, room // 2)))
            ):
                return _tuples(lists), max(start, at)
            lists.setdefault(entry.slot, []).append(_joined(head, shown))
            if divided:
                return _tuples(lists), following
            left -= used
        at = end
    if start and not lists:
        msg = f"Position {start} is past the end, which is {at}: ask again without a cursor."
        raise UsageError(msg)
    return _tuples(lists), None


def _tuples(lists: dict[str, list[Any]]) -> dict[str, tuple[Any, ...]]:
    return {slot: tuple(many) for slot, many in lists.items()}


def _fits(entry: Entry, first: int, room: int) -> bool:
    """Tell whether an entry with its members from `first` on takes up no more than `room`."""
    for one in chain([_bare(entry.record)], entry.members[first:]):
        room -= measure(one) + COMMA
        if room < 0:
            return False
    return True


def _bare(record: Wire | str) -> Wire | str:
    """Return a thing without its members."""
    if isinstance(record, Failure):
        return record.model_copy(update={"also": ()}) if record.also else record
    if isinstance(record, ProjectView):
        return record.model_copy(update={"roles": {}, "runners_up": {}})
    return record


def _joined(head: Wire | str, members: Sequence[Wire]) -> Wire | str:
    """Return a thing with some of its members."""
    if isinstance(head, Failure) and members:
        return head.model_copy(update={"also": tuple(members)})
    if isinstance(head, ProjectView):
        roles: dict[str, tuple[CommandView, ...]] = {}
        others: dict[str, tuple[CommandView, ...]] = {}
        for one in members:
            if isinstance(one, Served):
                of = roles if one.chosen else others
                of[one.role] = (*of.get(one.role, ()), one.command)
        return head.model_copy(update={"roles": roles, "runners_up": others})
    return head


def fitted(thing: Thing, room: int, note: Note | None) -> tuple[Thing, int]:
    """Return a thing whose longest texts are cut so that it fits, and what it takes up."""
    used = measure(thing) + COMMA
    if used <= room or note is None or isinstance(thing, str):
        return thing, used
    data = thing.lean()
    lengths = [encoded(text) for text in _texts(data)]
    most = share(lengths, room - (used - sum(lengths)))
    cut = type(thing).model_validate(_cut(data, most, note))
    return cut, measure(cut) + COMMA


def _texts(data: Mapping[str, Any]) -> Iterator[str]:
    for one in data.values():
        if isinstance(one, dict):
            yield from _texts(one)
        elif isinstance(one, list):
            yield from (each for each in one if isinstance(each, str))
        elif isinstance(one, str):
            yield one


def _cut(data: Mapping[str, Any], most: int, note: Note) -> dict[str, Any]:
    cut: dict[str, Any] = {}
    for name, one in data.items():
        if isinstance(one, dict):
            cut[name] = _cut(one, most, note)
        elif isinstance(one, list):
            cut[name] = [
                shortened(each, most, note) if isinstance(each, str) else each for each in one
            ]
        else:
            cut[name] = shortened(one, most, note) if isinstance(one, str) else one
    return cut


def measure(thing: Wire | str) -> int:
    """Return what a thing takes up in a result."""
    return encoded(thing) + 2 if isinstance(thing, str) else size(thing.json_text())
