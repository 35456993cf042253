"""How long checks may run and how large a file they may write: stated by the project, or usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard


@dataclass(frozen=True, slots=True)
class Limits:
    """The seconds for one check and for a whole verification, and the GiB for one file.

    A file's limit only guards the disk: where it is not stated, it is lower where less is free.
    """

    timeout: float = 900.0
    deadline: float = 3600.0
    file_gib: float | None = None


MOST = 10**9
"""No limit in seconds or GiB can mean more."""
SETTINGS = {"timeout": "timeout", "deadline": "deadline", "file-gib": "file_gib"}
"""The names of the limits in `[tool.hdb]`, and here."""


def stated(tables: Iterable[Mapping[str, Any]]) -> Limits:
    """Return the limits that the `[tool.hdb]` tables state, of several the most generous."""
    found: dict[str, float] = {}
    for table in tables:
        for name, field in SETTINGS.items():
            if is_limit(value := table.get(name)):
                found[field] = max(found.get(field, 0.0), float(value))
    return Limits(**found)


def is_limit(value: object) -> TypeGuard[float]:
    """Tell whether a value can be meant as a limit: a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # Compared, not converted: a whole number may be too large for a float.
    return 0 < value < MOST
