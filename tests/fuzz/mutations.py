"""Recorded reports of real tools, and every way in which such a report could be broken."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

from mcp_server.checkers import checkers
from mcp_server.models import Report
from tests.fuzz.values import dumped, value, word
from tests.recordings import DATA, ROOT, replay

STREAMS = ("stdout", "stderr", "record")
STATUSES = (0, 1, 2, 3, 4, 5, 6, 16, 22, 31, 32, 64, 101, 123, 127, 255, -1, -11, 10**6, None)
NUMBER = re.compile(r"\d+")
NUMBERS = ("-1", "0", "00", "-7", "1.5", "4294967296", "9" * 30, "9" * 5000, "\u0663", "NaN", "")
Change = Callable[[str, Random], str]


@cache
def recorded(tool: str) -> tuple[Report, ...]:
    """Return every recording of a tool, and for a tool without any a report of nothing."""
    names = sorted(path.stem for path in (DATA / tool).glob("*.json"))
    return tuple(replay(tool, name) for name in names) or (Report(root=ROOT, cwd=ROOT, status=0),)


@cache
def fragments(tool: str) -> tuple[str, ...]:
    """Return the different lines that a tool was recorded to print."""
    texts = [getattr(report, stream) for report in recorded(tool) for stream in STREAMS]
    return tuple(dict.fromkeys(line for text in texts for line in text.split("\n")))


@cache
def all_fragments() -> tuple[str, ...]:
    """Return the different lines of all tools."""
    return tuple(dict.fromkeys(line for tool in checkers() for line in fragments(tool)))


# Damage: lines go or break; nothing is added that could explain a run better.


def drop_line(text: str, rnd: Random) -> str:
    """Leave one line out."""
    lines = text.split("\n")
    del lines[rnd.randrange(len(lines))]
    return "\n".join(lines)


def cut_line(text: str, rnd: Random) -> str:
    """Leave out the end of one line."""
    lines = text.split("\n")
    at = rnd.randrange(len(lines))
    lines[at] = lines[at][: rnd.randint(0, len(lines[at]))]
    return "\n".join(lines)


def cut_rest(text: str, rnd: Random) -> str:
    """Leave out everything after a place."""
    return text[: rnd.randint(0, len(text))]


def break_character(text: str, rnd: Random) -> str:
    """Put something odd in the place of one character."""
    at = rnd.randint(0, max(0, len(text) - 1))
    return text[:at] + word(rnd) + text[at + 1 :]


# Changes that may add.


def double_line(text: str, rnd: Random) -> str:
    """Say one line twice."""
    lines = text.split("\n")
    at = rnd.randrange(len(lines))
    return "\n".join([*lines[: at + 1], *lines[at:]])


def swap_lines(text: str, rnd: Random) -> str:
    """Exchange two lines."""
    lines = text.split("\n")
    one, other = rnd.randrange(len(lines)), rnd.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


def change_number(text: str, rnd: Random) -> str:
    """Put a number that cannot be in the place of one that is."""
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    match = rnd.choice(found)
    return text[: match.start()] + rnd.choice(NUMBERS) + text[match.end() :]


def change_value(text: str, rnd: Random) -> str:
    """Put another value in some place of a JSON document or of a line of JSON."""
    start, end = _json_span(text, rnd)
    try:
        changed = dumped(_changed(json.loads(text[start:end]), rnd), rnd)
    except (ValueError, RecursionError):
        # No JSON, or nested too deeply to be written again.
        return change_number(text, rnd)
    return text[:start] + changed + text[end:]


def _json_span(text: str, rnd: Random) -> tuple[int, int]:
    """Return where a JSON text stands: the whole, or one of the lines that may be one."""
    if text.startswith(("{\n", "[\n")):
        return 0, len(text)
    lines = text.split("\n")
    likely = [at for at, line in enumerate(lines) if line.startswith("{")]
    at = rnd.choice(likely or range(len(lines)))
    start = sum(len(line) + 1 for line in lines[:at])
    return start, start + len(lines[at])


def _changed(document: Any, rnd: Random) -> Any:  # noqa: ANN401 - JSON is of any type
    """Return a copy of a document with one value in it replaced or gone."""
    if not isinstance(document, dict | list) or not document or rnd.random() < 0.1:
        return value(rnd)
    if isinstance(document, list):
        at = rnd.randrange(len(document))
        rest = [_changed(document[at], rnd)] if rnd.random() < 0.9 else []
        return [*document[:at], *rest, *document[at + 1 :]]
    key = rnd.choice(sorted(document))
    if rnd.random() < 0.1:
        return {one: document[one] for one in document if one != key}
    return {**document, key: _changed(document[key], rnd)}


DAMAGE: tuple[Change, ...] = (drop_line, cut_line, cut_rest, break_character)
CHANGES: tuple[Change, ...] = (
    *DAMAGE, double_line, swap_lines, change_number, change_value, change_value, change_value,
)  # fmt: skip


def damaged(report: Report, rnd: Random) -> Report:
    """Return a report that lost or broke some of its lines; how it ended stays."""
    return _with_changes(report, rnd, DAMAGE)


def mutated(report: Report, rnd: Random) -> Report:
    """Return a report in which anything may have changed."""
    report = _with_changes(report, rnd, CHANGES)
    if rnd.random() < 0.1:
        report = replace(report, stdout=report.stderr, stderr=report.stdout)
    if rnd.random() < 0.1:
        stream = rnd.choice(STREAMS)
        text = getattr(report, stream) + "\n" + rnd.choice(all_fragments())
        report = with_text(report, stream, text)
    return ended(report, rnd) if rnd.random() < 0.3 else report


def with_text(report: Report, stream: str, text: str) -> Report:
    """Return a report that has another text in one of its streams."""
    changed: dict[str, Any] = {stream: text}
    return replace(report, **changed)


def _with_changes(report: Report, rnd: Random, changes: tuple[Change, ...]) -> Report:
    for _ in range(rnd.randint(1, 4)):
        filled = [stream for stream in STREAMS if getattr(report, stream)] or ["stdout"]
        stream = rnd.choice(filled)
        changed = rnd.choice(changes)(getattr(report, stream), rnd)
        report = with_text(report, stream, changed)
    return report


def ended(report: Report, rnd: Random) -> Report:
    """Return a report that ended in another way."""
    end = rnd.randrange(6)
    if end == 0:
        return replace(report, status=None, signal=rnd.choice([2, 6, 9, 11, 15, 64, 200]))
    if end == 1:
        return replace(report, status=rnd.choice([None, 0, 1]), timed_out=True, limit="900 s")
    if end == 2:
        return replace(report, cut=rnd.choice([1, 10**9]))
    if end == 3:
        return replace(report, fault="the disk is full")
    return replace(report, status=rnd.choice(STATUSES))
