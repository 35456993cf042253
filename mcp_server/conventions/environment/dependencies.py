"""Reads which packages a project declares, and for what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from mcp_server.conventions.files.reading import read_text

REQUIREMENT = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
DEVELOPMENT = frozenset(
    "dev develop development test tests testing lint linting type types typing typecheck checks "
    "check qa style format typechecking checking mypy pyright ruff pytest linters pre-commit "
    "precommit unittest unittests coverage cov tools".split()
)
"""Names of extras, groups and requirements files that hold what verifying needs."""


FILLING = frozenset({"extra", "extras", "deps", "dependencies", "requirements", "unit"})
"""Words that say nothing of what a group is for."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The names of all declared packages, and of those that running the project needs."""

    every: frozenset[str] = frozenset()
    runtime: frozenset[str] = frozenset()


def declared(
    folder: Path,
    pyproject: Mapping[str, Any],
    sections: Mapping[str, Mapping[str, Mapping[str, str]]],
) -> Declared:
    """Return what the project in `folder` declares in the forms that are in use."""
    project = _mapping(pyproject.get("project"))
    poetry = _mapping(_mapping(pyproject.get("tool")).get("poetry"))
    options = sections.get("setup.cfg", {})
    runtime = {
        *_names(project.get("dependencies")),
        *_poetry(poetry.get("dependencies")),
        *_names(options.get("options", {}).get("install_requires", "").split("\n")),
        *_of_files(path for path in requirement_files(folder) if path.name == "requirements.txt"),
    }
    every = {
        *runtime,
        *_of_groups(project.get("optional-dependencies")),
        *_of_groups(pyproject.get("dependency-groups")),
        *_of_groups(_mapping(_mapping(pyproject.get("tool")).get("pdm")).get("dev-dependencies")),
        *_names(_mapping(_mapping(pyproject.get("tool")).get("uv")).get("dev-dependencies")),
        *_poetry(poetry.get("dev-dependencies")),
        *_of_poetry_groups(poetry.get("group")),
        *_of_extras(options.get("options.extras_require", {})),
        *_of_files(requirement_files(folder)),
    }
    return Declared(frozenset(every), frozenset(runtime))


def is_development(name: str) -> bool:
    """Tell whether an extra, a group or a requirements file holds what verifying needs."""
    lowered = name.lower()
    words = {word for word in re.split(r"[-_.\s]+", lowered) if word} - FILLING
    return lowered in DEVELOPMENT or bool(words and words <= DEVELOPMENT)


def requirement_files(folder: Path) -> list[Path]:
    """Return the requirements files of a folder, the runtime's first."""
    patterns = ("requirements*.txt", "*requirements.txt", "requirements/*.txt")
    found = {path for pattern in patterns for path in folder.glob(pattern)}
    return sorted(found, key=lambda path: (len(path.parts), path.name != "requirements.txt", path))


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _names(values: object) -> Iterator[str]:
    """Yield the normalised names of a list of requirements; what is none is passed over.

    A requirement under a condition need not be installed and so is not asked for.
    """
    for value in values if isinstance(values, list) else ():
        match = REQUIREMENT.match(value) if isinstance(value, str) else None
        if match and ";" not in value:
            yield canonicalize_name(match[1])


def _of_groups(groups: object) -> Iterator[str]:
    for group in _mapping(groups).values():
        yield from _names(group)


def _poetry(table: object) -> Iterator[str]:
    for name, value in _mapping(table).items():
        conditional = isinstance(value, dict) and {"optional", "markers", "python"} & value.keys()
        if name != "python" and not conditional:
            yield canonicalize_name(name)


def _of_poetry_groups(groups: object) -> Iterator[str]:
    for group in _mapping(groups).values():
        yield from _poetry(_mapping(group).get("dependencies"))


def _of_extras(extras: Mapping[str, str]) -> Iterator[str]:
    for text in extras.values():
        yield from _names(text.split("\n"))


def _of_files(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        yield from _names((read_text(path) or "").splitlines())
