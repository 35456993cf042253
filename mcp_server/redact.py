"""Masks credentials in everything that leaves hdb: messages, commands, captured output."""

from __future__ import annotations

import re
from collections.abc import Mapping

MASK = "***"
PATTERNS = (
    re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)", re.IGNORECASE),
    re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{12,}", re.IGNORECASE),
    re.compile(
        r"(?P<keep>)\b(?:sk-[A-Za-z0-9_-]{16,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
        r"|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[0-9A-Z]{16}|glpat-[\w-]{16,}|pypi-[\w-]{16,}"
        r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+)"
    ),
)
SECRET_NAME = re.compile(
    r"(SECRET|TOKEN|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY|CREDENTIAL)", re.IGNORECASE
)
SHORTEST_SECRET = 8
"""Values shorter than this are too common in ordinary text to mask."""


def secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of the variables whose names say secret, longest first."""
    found = {
        value
        for name, value in environment.items()
        if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET
    }
    return tuple(sorted(found, key=len, reverse=True))


def redact(text: str, values: tuple[str, ...] = ()) -> str:
    """Return `text` with credentials of well-known shape, and the given values, masked."""
    for value in values:
        text = text.replace(value, MASK)
    for pattern in PATTERNS:
        text = pattern.sub(rf"\g<keep>{MASK}", text)
    return text
