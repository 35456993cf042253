"""Says where a written value ends: at its quote, or before the brackets and stops around it."""

from __future__ import annotations

import re

from mcp_server.redact.harmless import guards_nothing
from mcp_server.redact.shapes import Span

QUOTED = re.compile(r"(?P<prefix>[bBrRuUfF]{0,2})(?P<escapes>\\*+)(?P<quote>[\"'`])")
# YAML and SQL write a quote inside of quotes twice.
INSIDE = {quote: re.compile(rf"(?:[^{quote}\\\n]|\\[^\n]|{quote * 2}(?=\w))*+") for quote in "\"'`"}
INSIDE_ESCAPED = {quote: re.compile(rf"[^{quote}\n]*+") for quote in "\"'`"}
CLOSING = ")]}>.,:;"


def inside_quotes(text: str, start: int) -> Span | None:
    """Return where the inside of a quoted string lies, up to the line's end if it is cut off."""
    opening = QUOTED.match(text, start)
    if opening is None:
        return None
    inside = INSIDE_ESCAPED if opening["escapes"] else INSIDE
    match = inside[opening["quote"]].match(text, opening.end())
    end = match.end() if match else opening.end()
    if opening["escapes"]:
        while end > opening.end() and text[end - 1] == "\\":
            end -= 1
    return opening.end(), end


def without_closing(value: str) -> str:
    """Leave out the brackets and stops after a value, unless they are a placeholder's own."""
    return value if guards_nothing(value) else value.rstrip(CLOSING)
