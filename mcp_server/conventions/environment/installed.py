"""Tells by its files what is installed in an environment: distributions, commands, the Python."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name

from mcp_server.conventions.files.reading import read_text

SITES = (
    "lib/python3*/site-packages",
    "lib/python3*/dist-packages",
    "local/lib/python3*/dist-packages",
    "Lib/site-packages",
)
"""Where CPython, Debian's Python and Windows keep packages, below an environment's folder."""
METADATA = re.compile(
    r"^(?P<name>.+?)(?:-(?P<version>\d[^-]*)(?:-py3[\d.]*.*)?)?\.(?:dist|egg)-info$", re.IGNORECASE
)
RUNNABLE = ("bin/{}", "Scripts/{}.exe", "Scripts/{}")
VERSION = re.compile(r"^version(?:_info)?[ \t]*=[ \t]*(\d+\.\d+(?:\.\d+)?)", re.MULTILINE)
HOME = re.compile(r"^home[ \t]*=[ \t]*(\S.*)$", re.MULTILINE)
OF_CONDA = re.compile(r"^python-(3\.\d+\.\d+)-")
NUMBERED = re.compile(r"python(3\.\d+)$")
SHARED = re.compile(
    r"^include-system-site-packages[ \t]*=[ \t]*true\b", re.MULTILINE | re.IGNORECASE
)


def tools_in(folder: Path, names: Iterable[str]) -> frozenset[str]:
    """Return which of the `names` an environment has, as commands or as distributions."""
    known = distributions(folder)
    return frozenset(
        name
        for name in names
        if canonicalize_name(name) in known or ("/" not in name and _is_command(folder, name))
    )


def versions_in(folder: Path, names: Iterable[str]) -> Mapping[str, str]:
    """Return the versions of those of the named distributions that an environment has."""
    known = distributions(folder)
    found = {name: known.get(canonicalize_name(name), "") for name in names}
    return {name: version for name, version in found.items() if version}


def distributions(folder: Path) -> Mapping[str, str]:
    """Return the version of each installed distribution, by normalised name; "" where unknown."""
    found: dict[str, str] = {}
    for site in sites(folder):
        try:
            with os.scandir(site) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith("-info"))
        except OSError:
            continue
        for match in filter(None, map(METADATA.match, names)):
            found.setdefault(canonicalize_name(match["name"]), match["version"] or "")
    return found


def sites(folder: Path) -> Iterator[Path]:
    """Yield the folders that an environment's packages lie in, its own first."""
    yield from (site for pattern in SITES for site in _glob(folder, pattern))
    config = read_text(folder / "pyvenv.cfg") or ""
    home = base_folder(config)
    if home is not None and SHARED.search(config):
        yield from (site for pattern in SITES for site in _glob(home.parent, pattern))


def base_folder(config: str) -> Path | None:
    """Return the folder of the Python that an environment was made from, by its pyvenv.cfg."""
    home = HOME.search(config)
    return Path(home[1].strip()) if home else None


def python_version(folder: Path) -> str | None:
    """Return the version of an environment's Python, as exact as its files say."""
    match = VERSION.search(read_text(folder / "pyvenv.cfg") or "")
    if match:
        return match[1]
    for record in _glob(folder, "conda-meta/python-3*.json"):
        if found := OF_CONDA.match(record.name):
            return found[1]
    for python in ("python3", "python"):
        try:
            match = NUMBERED.search((folder / "bin" / python).resolve().name)
        except (OSError, RuntimeError):
            continue
        if match:
            return match[1]
    return None


def _is_command(folder: Path, name: str) -> bool:
    return any((folder / place.format(name)).is_file() for place in RUNNABLE)


def _glob(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))
    except (OSError, RuntimeError):
        return []
