"""Masks credentials in everything that leaves hdb: messages, commands, captured output."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mcp_server.redact.addresses import addresses
from mcp_server.redact.assignments import assignments
from mcp_server.redact.headers import headers
from mcp_server.redact.key_blocks import key_blocks
from mcp_server.redact.shapes import Span, shaped
from mcp_server.redact.variables import collect, forms, written

MASK = "***"
PASSES = 8
"""What a mask uncovers is looked at again; text that needs more passes than this is hostile."""


def secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the secrets that environment variables hold, longest first."""
    return collect(environment, _credentials)


def redact(text: str, values: tuple[str, ...] = ()) -> str:
    """Return `text` with credentials, and the given values in every written form, masked.

    Lines stay where they are, and what is masked already stays as it is.
    """
    hidden = forms(values)
    for _ in range(PASSES):
        masked = _masked(text, [*written(text, hidden), *_credentials(text)])
        if masked == text:
            break
        text = masked
    return text


def _credentials(text: str) -> Iterator[Span]:
    lowered = text.lower()
    yield from key_blocks(text)
    yield from addresses(text)
    yield from headers(text, lowered)
    yield from assignments(text, lowered)
    yield from shaped(text, lowered)


def _masked(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    parts: list[str] = []
    done = 0
    for start, end in _merged(spans):
        parts += (text[done:start], _stars(text[start:end]))
        done = end
    return "".join((*parts, text[done:]))


def _merged(spans: list[Span]) -> Iterator[Span]:
    """Yield the spans in order, those that overlap or touch as one."""
    ordered = sorted(spans)
    first, last = ordered[0]
    for start, end in ordered[1:]:
        if start > last:
            yield first, last
            first = start
        last = max(last, end)
    yield first, last


def _stars(secret: str) -> str:
    return re.sub(r"[^\r\n]+", MASK, secret)
