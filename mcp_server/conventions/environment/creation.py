"""Says which commands create a project's environment, with what verifying it needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_server.conventions.environment.conda import find_conda_file
from mcp_server.conventions.environment.dependencies import is_development, requirement_files
from mcp_server.conventions.environment.widened import Widened, widened
from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.settings import Files, mapping
from mcp_server.conventions.files.toml import toml_file

Commands = tuple[tuple[tuple[str, ...], str], ...]

ITSELF = re.compile(r"^(?:-e|--editable)[ =]?\.", re.MULTILINE)
MANAGED = frozenset({"uv", "poetry", "pdm", "pipenv", "pixi", "hatch"})
RUNTIME = frozenset({"", "main", "base", "default", "common", "core"})
"""What requirements files with the packages that running the project needs are named by."""
WHOLE = ("all", "full")
"""Extras that stand for all others."""


@dataclass(frozen=True, slots=True)
class Target:
    """The environment's folder from where it is made, the Python it is made with, and how.

    `clear` says that something is there that cannot serve as it is.
    """

    folder: str = ".venv"
    python: str = "python3"
    clear: bool = False


def creation(
    kind: str, home: Path, root: Path, files: Files, target: Target | None = None
) -> Commands:
    """Return the commands, each with its folder below `root`, that make the environment.

    `home` is the folder of the lock or workspace.
    """
    target = target or Target()
    cwd = os.path.relpath(home, root)
    extras, groups = _development(files.pyproject)
    said = widened(kind, home, root) if kind in {"uv", "poetry"} else Widened()
    if kind == "uv" and said.by_pip and not (home / "uv.lock").exists():
        install = ("uv", "pip", "install", *_pip(home, files, extras, groups))
        return ((("uv", "venv", *(["--clear"] if target.clear else [])), cwd), (install, cwd))
    if kind in MANAGED:
        return ((_managed(kind, home, files.pyproject, said), cwd),)
    conda = find_conda_file(home) if kind == "conda" else None
    if conda is not None:
        return ((("conda", "env", "update" if target.clear else "create", "-f", conda.path), cwd),)
    install = _pip(home, files, extras, groups)
    pip = (f"{target.folder}/bin/python", "-m", "pip", "install")
    clear = ("--clear",) if target.clear else ()
    made: Commands = (((target.python, "-m", "venv", *clear, target.folder), cwd),)
    if "--group" in install:
        # Dependency groups need pip 25.1, newer than what most Pythons bring.
        made += (((*pip, "--upgrade", "pip"), cwd),)
    return (*made, ((*pip, *install), cwd)) if install else made


def _managed(kind: str, home: Path, pyproject: Mapping[str, Any], said: Widened) -> tuple[str, ...]:
    """Return the one command with which a manager makes its environment."""
    extras, groups = _development(pyproject)
    if kind == "uv":
        return _uv(home, pyproject, said)
    if kind == "poetry":
        return _poetry(pyproject, extras, said)
    if kind == "pdm":
        return _pdm(pyproject, extras, groups)
    if kind == "hatch":
        return _hatch(pyproject)
    return ("pipenv", "install", "--dev") if kind == "pipenv" else (kind, "install")


def _each(option: str, names: Iterable[str]) -> list[str]:
    return [word for name in names for word in (option, name)]


def _development(pyproject: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the extras and dependency groups that hold development tools."""
    project = mapping(pyproject.get("project"))
    extras = sorted(filter(is_development, mapping(project.get("optional-dependencies"))))
    groups = sorted(filter(is_development, mapping(pyproject.get("dependency-groups"))))
    return extras, groups


def _uv(home: Path, pyproject: Mapping[str, Any], said: Widened) -> tuple[str, ...]:
    """Return the call of `uv sync`; default groups, and what they include, need no naming."""
    extras, groups = _development(pyproject)
    uv = _uv_table(pyproject)
    defaults = uv.get("default-groups", ["dev"])
    table = mapping(pyproject.get("dependency-groups"))
    listed = _included(defaults, table) if isinstance(defaults, list) else set(groups)
    words = ["uv", "sync"]
    manifest = home / "pyproject.toml"
    # Reading TOML takes milliseconds, looking for the word in its text none.
    if "workspace" in (read_text(manifest) or "") and "workspace" in _uv_table(toml_file(manifest)):
        words.append("--all-packages")
    conflicts = uv.get("conflicts")
    if said.extras and not conflicts:
        words.append("--all-extras")
    else:
        declared = mapping(mapping(pyproject.get("project")).get("optional-dependencies"))
        words += _each("--extra", extras or [one for one in WHOLE[:1] if one in declared])
    if said.groups and not conflicts:
        words.append("--all-groups")
    else:
        more = [one for one in groups if one not in listed]
        words += _each("--group", _compatible(more, listed, conflicts))
    return tuple(words)


def _compatible(names: list[str], listed: Iterable[str], conflicts: object) -> Iterator[str]:
    """Yield the groups that uv installs together with those before them."""
    sets = [
        {str(mapping(one).get("group")) for one in members}
        for members in (conflicts if isinstance(conflicts, list) else ())
        if isinstance(members, list)
    ]
    chosen = set(listed)
    for name in names:
        if not any(name in one and one & (chosen - {name}) for one in sets):
            chosen.add(name)
            yield name


def _included(names: Iterable[object], table: Mapping[str, Any]) -> set[str]:
    """Return groups with all the groups that they include."""
    found: set[str] = set()
    open_ = [name for name in names if isinstance(name, str)]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            members = table.get(name)
            for one in members if isinstance(members, list) else ():
                inner = mapping(one).get("include-group")
                open_ += [inner] if isinstance(inner, str) else []
    return found


def _uv_table(pyproject: Mapping[str, Any]) -> dict[str, Any]:
    return mapping(mapping(pyproject.get("tool")).get("uv"))


def _poetry(pyproject: Mapping[str, Any], extras: list[str], said: Widened) -> tuple[str, ...]:
    poetry = mapping(mapping(pyproject.get("tool")).get("poetry"))
    optional = sorted(
        name
        for name, group in mapping(poetry.get("group")).items()
        if mapping(group).get("optional") is True and is_development(name)
    )
    older = sorted(filter(is_development, mapping(poetry.get("extras"))))
    words = ["poetry", "install"]
    if said.groups:
        words.append("--all-groups")
    elif optional:
        words += ["--with", ",".join(optional)]
    return (*words, *(["--all-extras"] if said.extras else _each("--extras", extras or older)))


def _pdm(pyproject: Mapping[str, Any], extras: list[str], groups: list[str]) -> tuple[str, ...]:
    """Return the call of `pdm install`, which takes all groups of development by itself."""
    pdm = mapping(mapping(pyproject.get("tool")).get("pdm"))
    grouped = bool(groups or mapping(pdm.get("dev-dependencies")))
    return ("pdm", "install", *(["-d"] if grouped and extras else []), *_each("-G", extras))


def _hatch(pyproject: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the call that makes hatch's environment, the default one where it is configured."""
    tool = mapping(mapping(pyproject.get("tool")).get("hatch"))
    names = list(mapping(tool.get("envs")))
    chosen = next((one for one in names if is_development(one)), "")
    return ("hatch", "env", "create", *([] if "default" in names or not chosen else [chosen]))


def _pip(home: Path, files: Files, extras: list[str], groups: list[str]) -> tuple[str, ...]:
    paths = requirement_files(home)
    itself = any(ITSELF.search(read_text(path) or "") for path in paths)
    packaged = "build-system" in files.pyproject or files.settings.file("setup.py")
    older = sorted(filter(is_development, _setup_extras(files)))
    words = [
        word for path in _chosen(paths, home, packaged=bool(packaged)) for word in ("-r", path)
    ]
    if not itself and (packaged or extras or older):
        chosen = ",".join(extras or older)
        words += ["-e", f".[{chosen}]" if chosen else "."]
    return (*words, *_each("--group", groups))


def _chosen(paths: Iterable[Path], home: Path, *, packaged: bool) -> Iterator[str]:
    """Yield the requirements files that verifying needs."""
    for path in paths:
        stem = re.sub(r"requirements?", "", path.stem).strip("-_.")
        # What a package needs for running comes with it.
        if not stem or is_development(stem) or (stem in RUNTIME and not packaged):
            yield path.relative_to(home).as_posix()


def _setup_extras(files: Files) -> list[str]:
    sections = files.settings.sections.get("setup.cfg", {})
    return sorted(sections.get("options.extras_require", {}))
