"""Reads the locked versions of packages from a lock file of any size, line by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TypeAlias

from packaging.utils import canonicalize_name

from mcp_server.conventions.facts.config import Config
from mcp_server.conventions.facts.requirements import requirement_texts
from mcp_server.conventions.files.reading import read_inside
from mcp_server.conventions.shell.pieces import Place
from mcp_server.facts import Fact

LOCK_LIMIT = 32 << 20
"""How many bytes a lock file may have; the largest public ones have about 5 MB."""
TOML_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
TOML_PACKAGE = re.compile(
    r'\[\[packages?\]\]\r?\nname = "([^"\n]{1,100})"\r?\nversion = "([^"\n]{1,80})"'
)
PLAIN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*+")
"""A name that is normalised, as nearly all names in lock files are."""
PIPFILE_PACKAGE = re.compile(r'^ {8}"([^"\n]{1,100})": \{', re.MULTILINE)
PIPFILE_VERSION = re.compile(r'^ {12}"version": "==([^"\n]{1,80})"', re.MULTILINE)
PIN = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]{0,80})(?:\[[^\]\n]{0,200}\])?[ ]?===?[ ]?([\w.!+-]{1,80})",
    re.MULTILINE,
)

Locked: TypeAlias = tuple[str, str, int]
"""A package, its version and where in the file it stands."""


def locked_versions(
    chain: Sequence[Config], names: frozenset[str], wanted: Collection[str]
) -> dict[str, Fact]:
    """Return the locked versions of the `wanted` packages, by normalised name.

    The nearest folder with a lock file counts; requirements files pin what no lock file does.
    Several versions of a package (for several platforms) are told as `1.0 / 2.0`.
    """
    for config in chain:
        for name in (*TOML_LOCKS, "Pipfile.lock"):
            path = config.path(name)
            there = path in names or name in config.settings.files
            if there and (pairs := _locked(config.place, path)) is not None:
                return _gathered(pairs, path, wanted)
    for config in chain:
        pinned: dict[str, Fact] = {}
        for path, text in requirement_texts(config, names):
            for package, found in _gathered(_pins(text), path, wanted).items():
                pinned.setdefault(package, found)
        if pinned:
            return pinned
    return {}


def _locked(place: Place, path: str) -> list[Locked] | None:
    """Return what a lock file locks, None where there is nothing to read; all members share it."""
    shared: dict[object, list[Locked] | None] = place.reader.shared
    if ("lock", path) not in shared:
        text = read_inside(place.root, path, LOCK_LIMIT)
        read = _pipfile if path.endswith("Pipfile.lock") else _toml
        shared["lock", path] = list(read(text)) if text else None
    return shared["lock", path]


def _toml(text: str) -> Iterator[Locked]:
    return ((one[1], one[2], one.start()) for one in TOML_PACKAGE.finditer(text))


def _pipfile(text: str) -> Iterator[Locked]:
    starts = [*PIPFILE_PACKAGE.finditer(text)]
    ends = [*(one.start() for one in starts), len(text)][1:]
    for package, end in zip(starts, ends, strict=True):
        version = PIPFILE_VERSION.search(text, package.end(), end)
        if version:
            yield package[1], version[1], package.start()


def _pins(text: str) -> Iterator[Locked]:
    return ((one[1], one[2], one.start()) for one in PIN.finditer(text))


def _gathered(pairs: Iterable[Locked], path: str, wanted: Collection[str]) -> dict[str, Fact]:
    versions: dict[str, list[str]] = {}
    for name, version, _ in pairs:
        package = name if PLAIN.fullmatch(name) else canonicalize_name(name)
        if package in wanted and version not in versions.setdefault(package, []):
            versions[package].append(version)
    return {name: Fact(" / ".join(found), path) for name, found in versions.items()}
