"""The rules hdb has of its own: every module of this package but `base`, found, never listed."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from mcp_server.rules.base import Hit, Rule

__all__ = ["Hit", "Rule", "rules"]


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its name, in alphabetical order."""
    names = [one.name for one in pkgutil.iter_modules(__path__) if one.name != "base"]
    found: list[Rule] = [import_module(f"{__name__}.{name}").RULE for name in names]
    return {one.name: one for one in sorted(found, key=lambda one: one.name)}
