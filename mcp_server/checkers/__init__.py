"""The checkers hdb knows: every module of this package but `base`, found, never listed."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import cast

from mcp_server.checkers.base import Checker


@cache
def checkers() -> dict[str, Checker]:
    """Return every checker by its name, in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names if name != "base"]
    # A module satisfies the protocol by its names; tests/test_architecture.py holds each to it.
    found = [cast("Checker", module) for module in modules]
    return {checker.NAME: checker for checker in found}
