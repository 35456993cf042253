"""Collects the secrets that environment variables hold, and finds them in every written form."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, quote_plus

from mcp_server.redact.harmless import PATH, guards_nothing
from mcp_server.redact.names import variable_names_secret
from mcp_server.redact.shapes import Span

SHORTEST_SECRET = 8
"""Values shorter than this are too common in ordinary text to mask."""
SHORTEST_LINE = 20
"""A line of a secret of several lines is masked alone from this length on."""
COMMON = frozenset(
    "changeme database development disabled elastic enabled example hostname keychain localhost"
    " minioadmin opensearch password postgres postgresql production rabbitmq required sqlserver"
    " standard staging testtest unittest username".split()
)
"""Values that so many texts hold that masking them would only hide what happened."""
NUMBER = re.compile(r"[\d.,:_+-]+")
LONGEST_NUMBER = 12
"""A longer number is no count, port or time, and may be a secret."""
OPEN = ("USER", "USERNAME", "NAME", "HOST", "DATABASE", "DB", "LOGIN", "ROLE")
"""What the names of variables end with that anyone may read."""
PLACES = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "PWD",
    "OLDPWD",
    "HOSTNAME",
    "SHELL",
    "TMPDIR",
    "VIRTUAL_ENV",
)


def collect(
    environment: Mapping[str, str], spans: Callable[[str], Iterable[Span]]
) -> tuple[str, ...]:
    """Return the secrets in an environment, longest first.

    They are the values of the variables whose names say secret, and the credentials that `spans`
    finds in any value, such as the password in a DATABASE_URL.
    """
    public = _public(environment)
    found: set[str] = set()
    for name, value in environment.items():
        parts = [value[start:end] for start, end in spans(value)]
        if variable_names_secret(name) and not _address(value, parts):
            parts.append(value)
        found |= {one for one in parts if _hides(one, public)}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def written(text: str, forms: tuple[str, ...]) -> Iterator[Span]:
    """Yield where one of the written forms of the secrets stands in a text."""
    for form in forms:
        if form not in text:
            continue
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + len(form))


@lru_cache(maxsize=8)
def forms(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return every form in which tools write the values, longest first."""
    found = {form for value in values for form in _forms(value) if form.strip("*")}
    return tuple(sorted(found, key=lambda one: (-len(one), one)))


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogateescape") if _native(value) else b""
    printable = value.encode("utf-8", "backslashreplace").decode()
    escaped = json.dumps(value)[1:-1]
    yield value
    yield printable
    yield from (escaped, json.dumps(escaped)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    shown = repr(value)[1:-1]
    yield from (shown, shown.replace("\\'", "'"), shown.replace("'", "\\'"), ascii(value)[1:-1])
    if not raw:
        return
    for url in (quote(raw), quote(raw, safe=""), quote_plus(raw)):
        yield url
        yield re.sub(r"%[0-9A-F]{2}", lambda code: code[0].lower(), url)
    yield repr(raw)[2:-1]
    yield from _base64(raw)
    for line in value.splitlines():
        if len(line.strip()) >= SHORTEST_LINE and " " not in line.strip() and line != value:
            yield line.strip()


def _native(value: str) -> bool:
    """Tell whether a value can have come from an environment, so that it has bytes."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _base64(raw: bytes) -> Iterator[str]:
    """Yield what base64 makes of a value, alone and in the midst of other bytes."""
    for lead in range(3):
        # The letters that also hold bits of the neighbours differ from text to text.
        first = -(-lead * 8 // 6)
        last = (lead + len(raw)) * 8 // 6
        code = base64.b64encode(b"\0" * lead + raw)[first:last].decode()
        if len(code) >= SHORTEST_SECRET:
            yield code
            yield code.replace("+", "-").replace("/", "_")


def _hides(value: str, public: frozenset[str]) -> bool:
    if len(value) < SHORTEST_SECRET or value in public or value.lower() in COMMON:
        return False
    if NUMBER.fullmatch(value) and len(value) < LONGEST_NUMBER:
        return False
    return not guards_nothing(value) and not _exists(value)


def _address(value: str, parts: list[str]) -> bool:
    """Tell whether a value is an address, of which only the credentials are secret."""
    return bool(parts) and ("://" in value or ("=" in value and ";" in value))


def _exists(value: str) -> bool:
    if PATH.fullmatch(value):
        return True
    try:
        return value.startswith("/") and Path(value).exists()
    except (OSError, ValueError):
        return False


def _public(environment: Mapping[str, str]) -> frozenset[str]:
    """Return what other variables say openly: a password equal to a user name hides nothing."""
    found = {value for name, value in environment.items() if name.upper().endswith(OPEN)}
    for name in PLACES:
        found |= set(re.split(r"[/:]", environment.get(name, "")))
    return frozenset(found)
