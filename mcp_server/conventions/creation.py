"""Says which commands create a project's environment, with what verifying it needs."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcp_server.conventions.dependencies import DEVELOPMENT, requirement_files
from mcp_server.conventions.reading import read_text
from mcp_server.conventions.settings import Files, mapping

Commands = tuple[tuple[tuple[str, ...], str], ...]

ITSELF = re.compile(r"^(?:-e|--editable)[ =]?\.", re.MULTILINE)


def creation(kind: str, home: Path, root: Path, files: Files, target: str = ".venv") -> Commands:
    """Return the commands, each with its folder below `root`, that make the environment.

    `home` is the folder of the lock or workspace; `target` the environment's folder from there.
    """
    cwd = os.path.relpath(home, root)
    extras, groups = _development(files.pyproject)
    if kind == "uv":
        return ((_uv(home, files.pyproject, extras, groups), cwd),)
    if kind == "poetry":
        return ((_poetry(files.pyproject, extras), cwd),)
    if kind == "pdm":
        return ((("pdm", "install", *_each("-G", extras)), cwd),)
    if kind == "pipenv":
        return ((("pipenv", "install", "--dev"), cwd),)
    install = _pip(home, files, extras, groups)
    python = (f"{target}/bin/python", "-m", "pip", "install")
    made: Commands = ((("python3", "-m", "venv", target), cwd),)
    if "--group" in install:
        # Dependency groups need pip 25.1, newer than what most Pythons bring.
        made += (((*python, "--upgrade", "pip"), cwd),)
    return (*made, ((*python, *install), cwd)) if install else made


def _each(option: str, names: list[str]) -> list[str]:
    return [word for name in names for word in (option, name)]


def _development(pyproject: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the extras and dependency groups that hold development tools."""
    extras = mapping(mapping(pyproject.get("project")).get("optional-dependencies"))
    groups = mapping(pyproject.get("dependency-groups"))
    names = (
        sorted(one for one in table if one.lower() in DEVELOPMENT) for table in (extras, groups)
    )
    return next(names), next(names)


def _uv(
    home: Path, pyproject: Mapping[str, Any], extras: list[str], groups: list[str]
) -> tuple[str, ...]:
    defaults = _uv_table(pyproject).get("default-groups", ["dev"])
    listed = defaults if isinstance(defaults, list) else groups
    words = ["uv", "sync"]
    if "workspace" in _uv_table(_toml(home / "pyproject.toml")):
        words.append("--all-packages")
    words += _each("--extra", extras)
    words += _each("--group", [group for group in groups if group not in listed])
    return tuple(words)


def _uv_table(pyproject: Mapping[str, Any]) -> dict[str, Any]:
    return mapping(mapping(pyproject.get("tool")).get("uv"))


def _poetry(pyproject: Mapping[str, Any], extras: list[str]) -> tuple[str, ...]:
    poetry = mapping(mapping(pyproject.get("tool")).get("poetry"))
    groups = mapping(poetry.get("group"))
    optional = [
        name
        for name, group in groups.items()
        if mapping(group).get("optional") is True and name.lower() in DEVELOPMENT
    ]
    older = sorted(name for name in mapping(poetry.get("extras")) if name.lower() in DEVELOPMENT)
    words = ["poetry", "install"]
    if optional:
        words += ["--with", ",".join(sorted(optional))]
    return (*words, *_each("--extras", extras or older))


def _pip(home: Path, files: Files, extras: list[str], groups: list[str]) -> tuple[str, ...]:
    words: list[str] = []
    paths = requirement_files(home)
    for path in paths:
        stem = re.sub(r"requirements?", "", path.stem).strip("-_.")
        if not stem or stem in DEVELOPMENT:
            words += ["-r", path.relative_to(home).as_posix()]
    itself = any(ITSELF.search(read_text(path) or "") for path in paths)
    packaged = "build-system" in files.pyproject or files.settings.file("setup.py")
    older = [name for name in _setup_extras(files) if name in DEVELOPMENT]
    if not itself and (packaged or extras or older):
        chosen = ",".join(extras or older)
        words += ["-e", f".[{chosen}]" if chosen else "."]
    return (*words, *_each("--group", groups))


def _setup_extras(files: Files) -> list[str]:
    sections = files.settings.sections.get("setup.cfg", {})
    return sorted(sections.get("options.extras_require", {}))


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path) or "")
    except (ValueError, RecursionError):
        return {}
