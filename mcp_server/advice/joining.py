"""Makes one piece of advice of findings that say the same in one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mcp_server.models import Diagnostic

LINES = 5
"""How many further lines are named; the rest is counted."""


def together(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Return findings with those of one rule and one sentence in one file as one.

    Their lines are named behind the sentence, at a tenth of what entries of their own cost.
    """
    grouped: dict[tuple[str | None, str | None, str], list[Diagnostic]] = {}
    for one in found:
        grouped.setdefault((one.file, one.code, one.message), []).append(one)
    return [joined(each) for each in grouped.values()]


def joined(found: Sequence[Diagnostic]) -> Diagnostic:
    """Return the first of some findings of one file, with the lines of the others named."""
    first, *others = found
    if not others:
        return first
    lines = ", ".join(str(one.line) for one in others[:LINES])
    more = f" and {len(others) - LINES} more" * (len(others) > LINES)
    return replace(first, message=f"{first.message} (also line {lines}{more})")
