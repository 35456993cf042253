"""Errors of services on their way between processes."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from tests.skills.blocks import load

handlers = load("python-backend/references/api.md#error-handlers")


class SeedError(Exception):
    """As the seed wrote them: one text for `super`, the rest kept beside."""

    def __init__(self, message: str, code: str = "ERROR") -> None:
        super().__init__(message)
        self.code = code


class SeedMissingError(SeedError):
    """One of the seed's, with words of its own."""

    def __init__(self, resource: str, identifier: str) -> None:
        super().__init__(f"{resource} {identifier} is missing", "MISSING")


def sent(error: Exception) -> Any:  # noqa: ANN401 - as it was sent
    """Return what arrives in another process."""
    return pickle.loads(pickle.dumps(error))  # noqa: S301 - our own


def test_an_error_survives_the_way_between_processes() -> None:
    error = handlers.OutOfStockError("TEA-01", 2)
    for again in (sent(error), copy.copy(error)):
        assert (str(again), again.sku, again.left) == ("only 2 of TEA-01 left", "TEA-01", 2)
    with pytest.raises(TypeError, match="identifier"):
        sent(SeedMissingError("order", "7"))
