"""Compares the versions of tools that hooks pin with those that the project locks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from mcp_server.conventions.facts.config import config_chain
from mcp_server.conventions.facts.locks import locked_versions
from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.shell.pieces import Place


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of a tool that a file of hooks pins."""

    tool: str
    version: str
    source: str


def pinned_otherwise(
    pins: tuple[Pin, ...], folder: str, files: Files, place: Place, names: frozenset[str]
) -> Iterator[str]:
    """Yield a sentence for each tool of which the project in `folder` locks another version."""
    if not pins:
        return
    wanted = {canonicalize_name(pin.tool): pin for pin in pins}
    chain = config_chain(folder, files, place, names)
    for package, locked in locked_versions(chain, names, wanted).items():
        pin = wanted[canonicalize_name(package)]
        if not _equal(pin.version, locked.text):
            other = f"{locked.source} has {locked.text}"
            yield f"{pin.source} pins {pin.tool} {pin.version}, but {other}"


def _equal(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
