"""Reads conda's environment files, and tells where conda keeps environments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.yaml import as_list, as_mapping, parse_yaml

FILES = (
    "environment.yml",
    "environment.yaml",
    "environment-dev.yml",
    "conda/environment.yml",
    "conda.yml",
)
ROOTS = ("miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba", ".conda")
NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


@dataclass(frozen=True, slots=True)
class CondaFile:
    """An environment file: its path below the project, the environment's name, and its packages."""

    path: str
    name: str | None = None
    packages: frozenset[str] = frozenset()


def find_conda_file(folder: Path) -> CondaFile | None:
    """Return the environment file of a project, None where it has none; never raises."""
    for path in FILES:
        text = read_text(folder / path)
        if text is None:
            continue
        try:
            content = as_mapping(parse_yaml(text))
        except ValueError:
            return CondaFile(path)
        name = content.get("name")
        return CondaFile(
            path, str(name) if isinstance(name, str) and name else None, _packages(content)
        )
    return None


def conda_prefixes(name: str, variables: Mapping[str, str]) -> Iterator[Path]:
    """Yield where an environment of that name may lie, those that conda has listed first."""
    if "/" in name:
        return
    active = variables.get("CONDA_PREFIX")
    if active and Path(active).name == name:
        yield Path(active)
    home = Path(variables.get("HOME") or "/nonexistent")
    for line in (read_text(home / ".conda/environments.txt") or "").splitlines():
        if line.strip() and Path(line.strip()).name == name:
            yield Path(line.strip())
    stated = [variables.get("MAMBA_ROOT_PREFIX"), variables.get("CONDA_ROOT")]
    roots = [Path(one) for one in stated if one] + [home / one for one in ROOTS]
    for root in (*roots, Path("/opt/conda")):
        yield root / "envs" / name


def _packages(content: Mapping[str, object]) -> frozenset[str]:
    """Return the names of what a file installs, those of its `pip` list included."""
    listed = as_list(content.get("dependencies"))
    inner = (one for table in listed for one in as_list(as_mapping(table).get("pip")))
    texts = (str(one) for one in (*listed, *inner) if isinstance(one, str))
    return frozenset(match[1].lower() for match in map(NAME.match, texts) if match)
