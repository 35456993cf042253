"""The functions and connectives of CI expressions, over values that are known in part."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from mcp_server.conventions.ci.values import MAX_TEXT, Known, equal, known_of, spelled, truth
from mcp_server.conventions.shell.words import UNKNOWN


def either(first: Known, second: Known) -> Known:
    """Return `first || second`."""
    held = truth(first)
    if held is None:
        return True if second is True else UNKNOWN
    return first if held else second


def both(first: Known, second: Known) -> Known:
    """Return `first && second`."""
    held = truth(first)
    if held is None:
        return False if truth(second) is False else UNKNOWN
    return second if held else first


def call(name: str, args: Sequence[Known]) -> Known:
    """Return what a function of GitHub's or Azure's expressions gives."""
    if name in {"always", "success", "succeeded", "succeededorfailed"}:
        return True
    if name in {"failure", "failed", "cancelled", "canceled"}:
        return False
    function = FUNCTIONS.get(name)
    return UNKNOWN if function is None or not args else function(args)


def _not(args: Sequence[Known]) -> Known:
    held = truth(args[0])
    return UNKNOWN if held is None else not held


def _eq(args: Sequence[Known]) -> Known:
    same = equal(args[0], args[-1])
    return UNKNOWN if same is None else same


def _all(args: Sequence[Known]) -> Known:
    value = args[0]
    for one in args[1:]:
        value = both(value, one)
    return value


def _any(args: Sequence[Known]) -> Known:
    value = args[0]
    for one in args[1:]:
        value = either(value, one)
    return value


def _in(args: Sequence[Known]) -> Known:
    verdicts = [equal(args[0], one) for one in args[1:]]
    if True in verdicts:
        return True
    return UNKNOWN if None in verdicts else False


def _contains(args: Sequence[Known]) -> Known:
    inside, item = args[0], args[-1]
    if isinstance(inside, list):
        return _in([item, *(known_of(one) for one in inside)])
    text, part = spelled(inside).lower(), spelled(item).lower()
    if UNKNOWN in part or (UNKNOWN in text and part not in text):
        return UNKNOWN
    return part in text


def _starts(args: Sequence[Known]) -> Known:
    text, part = spelled(args[0]).lower(), spelled(args[-1]).lower()
    sure, gap, _ = text.partition(UNKNOWN)
    if UNKNOWN not in part and sure.startswith(part):
        return True
    return UNKNOWN if UNKNOWN in part or (gap and part.startswith(sure)) else False


def _ends(args: Sequence[Known]) -> Known:
    text, part = spelled(args[0]).lower(), spelled(args[-1]).lower()
    if UNKNOWN in text or UNKNOWN in part:
        return UNKNOWN
    return text.endswith(part)


def _format(args: Sequence[Known]) -> Known:
    values = [spelled(one) for one in args[1:]]
    text = re.sub(
        r"\{(\d{1,2})\}",
        lambda match: values[int(match[1])] if int(match[1]) < len(values) else "",
        spelled(args[0]),
    )
    return text if len(text) <= MAX_TEXT else UNKNOWN


def _from_json(args: Sequence[Known]) -> Known:
    text = spelled(args[0])
    if UNKNOWN in text:
        return UNKNOWN
    try:
        return known_of(json.loads(text))
    except (ValueError, RecursionError):
        return UNKNOWN


FUNCTIONS: Mapping[str, Callable[[Sequence[Known]], Known]] = {
    "contains": _contains,
    "startswith": _starts,
    "endswith": _ends,
    "format": _format,
    "fromjson": _from_json,
    "not": _not,
    "eq": _eq,
    "ne": lambda args: _not([_eq(args)]),
    "and": _all,
    "or": _any,
    "in": _in,
    "notin": lambda args: _not([_in(args)]),
}
