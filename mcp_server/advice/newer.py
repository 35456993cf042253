"""Tells whether a project is written for a newer Python than the one that runs hdb."""

from __future__ import annotations

import re
import sys

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from mcp_server.conventions.files.settings import mapping
from mcp_server.repository import Project

HERE = sys.version_info[:2]
TARGET = re.compile(r"py3(\d+)")
VERSION = re.compile(r"3\.(\d+)")


def explained(why: str, project: Project | None) -> str:
    """Return why a file cannot be parsed, as it may be for one who runs a newer Python."""
    if project is None or not is_newer(project):
        return why
    line, _, message = why.partition(": ")
    here = ".".join(map(str, HERE))
    return f"{line}: newer syntax than the Python {here} that runs hdb, or a mistake: {message}"


def is_newer(project: Project) -> bool:
    """Tell whether its environment, its ruff or `requires-python` name a newer Python."""
    stated = mapping(project.settings.tables.get("ruff")).get("target-version")
    target = TARGET.fullmatch(str(stated))
    found = VERSION.match(project.environment.python or "")
    if any(one is not None and (3, int(one[1])) > HERE for one in (target, found)):
        return True
    try:
        allowed = SpecifierSet(project.python or "")
    except InvalidSpecifier:
        return False
    # Of the newest patch, since `>=3.11.4` is no newer Python than 3.11.
    return not allowed.contains(f"{HERE[0]}.{HERE[1]}.99") and any(
        allowed.contains(f"3.{minor}.99") for minor in range(HERE[1] + 1, HERE[1] + 20)
    )
