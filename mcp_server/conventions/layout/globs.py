"""Matches paths with patterns of git's and uv's kind, in time that grows with their lengths."""

from __future__ import annotations

import fnmatch
import re
from typing import TypeAlias

Segments: TypeAlias = tuple["re.Pattern[str] | None", ...]
"""One expression a segment of the path; None stands for `**`, any number of segments."""

ANY = "**"
WILD = re.compile(r"[*?\[]")
ESCAPED = re.compile(r"\\(.)")
UNCLOSED = re.compile(r"(?<!\[)\\\[")
NOTHING = re.compile(r"(?!)")


def split(pattern: str) -> list[str]:
    """Return a pattern's segments, `**` once where it stands several times in a row."""
    found: list[str] = []
    for one in pattern.strip("/").split("/"):
        if one not in {"", "."} and not (one == ANY and found[-1:] == [ANY]):
            found.append(one)
    return found


MAX_SEGMENT = 500
"""How long a segment may be; no file system allows a name of more than 255 bytes."""


def segment_pattern(segment: str) -> re.Pattern[str]:
    """Return the expression for one segment; one with an open bracket matches nothing, as in git.

    The expressions of fnmatch take linear time, unlike those with a plain `[^/]*` for each `*`.
    """
    if len(segment) > MAX_SEGMENT:
        return NOTHING
    plain = ESCAPED.sub(_unescaped, segment).replace("[^", "[!")
    translated = fnmatch.translate(plain)
    try:
        return NOTHING if UNCLOSED.search(translated) else re.compile(translated)
    except re.error:
        return NOTHING


def compile_segments(segments: list[str]) -> Segments:
    """Return what `fits` takes for the segments of a pattern."""
    return tuple(None if one == ANY else segment_pattern(one) for one in segments)


def matches(pattern: str, path: str) -> bool:
    """Tell whether a whole path matches a pattern, `*` and `?` within a segment."""
    return fits(compile_segments(split(pattern)), path.split("/"))


def fits(segments: Segments, parts: list[str]) -> bool:
    """Tell whether a path matches; at the end `**` takes at least one segment, elsewhere none."""
    at = place = 0
    resume: tuple[int, int] | None = None
    while place < len(parts):
        wanted = segments[at] if at < len(segments) else NOTHING
        if wanted is None:
            at += 1
            resume = (at, place + 1)
        elif wanted.match(parts[place]):
            at, place = at + 1, place + 1
        elif resume is not None:
            at, place = resume
            resume = (at, place + 1)
        else:
            return False
    return at == len(segments)


def _unescaped(found: re.Match[str]) -> str:
    return f"[{found[1]}]" if WILD.match(found[1]) else found[1]
