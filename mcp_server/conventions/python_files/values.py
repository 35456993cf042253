"""What reading Python without running it knows of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_server.conventions.shell.words import UNKNOWN

MAX_LENGTH = 20_000
"""How long a text may grow, so that texts that double each other end."""
MAX_ITEMS = 500
"""How many items a collection may have."""


class Unknown:
    """What only running the file would tell."""


UNTOLD: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Ref:
    """Something that is not the file's own, by its dotted name: `os.path.join`, `session.run`."""

    path: str


Value = Any
"""A text, number, truth value, None, list, tuple, dict, `Ref`, function of the file or `UNTOLD`."""


def word(value: Value) -> str:
    """Return a value as a word of a command, with `UNKNOWN` for what nobody knows."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) else UNKNOWN


def is_plain(value: Value) -> bool:
    """Tell whether a value is a single one, wholly known, that compares without going deep."""
    if isinstance(value, str):
        return UNKNOWN not in value
    return value is None or isinstance(value, (bool, int, float))


def truth(value: Value) -> bool | None:
    """Tell whether a value counts as true, None where nobody knows."""
    if isinstance(value, str):
        known = value.replace(UNKNOWN, "")
        return True if known else None if value else False
    if isinstance(value, (list, tuple)):
        known_items = [one for one in value if one is not UNTOLD]
        return True if known_items else None if value else False
    if isinstance(value, dict):
        return None if UNTOLD in value else bool(value)
    return None if isinstance(value, (Unknown, Ref)) else bool(value)


def items_of(value: Value) -> list[Value] | None:
    """Return what a loop over a value goes through, None where nobody knows."""
    if isinstance(value, str):
        return None if UNKNOWN in value or len(value) > MAX_ITEMS else list(value)
    if isinstance(value, dict):
        return None if UNTOLD in value else list(value)
    return list(value) if isinstance(value, (list, tuple)) and len(value) <= MAX_ITEMS else None


def spoil(value: Value) -> None:
    """Make a collection one of which nobody knows what it holds."""
    if isinstance(value, list):
        value.append(UNTOLD)
    elif isinstance(value, dict):
        value[UNTOLD] = UNTOLD


def copied(value: Value, seen: dict[int, Value]) -> Value:
    """Return a copy of a collection and of those in it, each once; `seen` are those made so far."""
    if not isinstance(value, (list, dict)):
        return value
    if id(value) not in seen:
        seen[id(value)] = UNTOLD
        if isinstance(value, dict):
            seen[id(value)] = {key: copied(one, seen) for key, one in value.items()}
        else:
            seen[id(value)] = [copied(one, seen) for one in value]
    return seen[id(value)]


def bounded(value: Value) -> Value:
    """Return a value, `UNTOLD` where it has grown beyond what people write."""
    if isinstance(value, str):
        return value if len(value) <= MAX_LENGTH else UNTOLD
    if isinstance(value, (list, tuple, dict)):
        return value if len(value) <= MAX_ITEMS else UNTOLD
    return value


def called(
    function: Callable[..., Value], values: Sequence[Value], named: Mapping[str, Value]
) -> Value:
    """Return what a pure function gives, `UNTOLD` where it is called in a way nobody expects."""
    try:
        return bounded(function(*values, **named))
    except (TypeError, ValueError, AttributeError, IndexError, KeyError, OverflowError):
        return UNTOLD
