"""Tells where managers keep environments that are not in the project's folder, and why there."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from mcp_server.conventions.environment.conda import conda_prefixes, find_conda_file
from mcp_server.conventions.environment.interpreters import pinned, pyenv_root
from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.settings import mapping
from mcp_server.conventions.files.toml import toml_file

UNSAFE = re.compile(r"[ $`!*@\"\\\r\n\t]")
NAME_LENGTH = 42
"""How much of a project's name poetry and pipenv keep in a folder's name."""

PIN_NAME = re.compile(r"[\w-][\w.+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder that may be the project's environment, why, and its kind where that differs."""

    folder: Path
    why: str = ""
    kind: str = ""


def kept_elsewhere(
    kind: str, home: Path, root: Path, pyproject: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Candidate]:
    """Yield where the manager `kind` may keep the environment of the project in `home`."""
    if kind == "poetry":
        yield from (
            Candidate(one, "poetry keeps it") for one in _of_poetry(home, pyproject, variables)
        )
    elif kind == "pipenv":
        pipfile = str(home / "Pipfile")
        name = _folder_name(home.name, hashlib.sha256(pipfile.encode()).digest()[:6])
        share = _home(variables) / ".local/share"
        folder = Path(variables.get("WORKON_HOME") or share / "virtualenvs")
        yield Candidate(folder / name, "pipenv keeps it")
    elif kind == "pdm":
        python = (read_text(home / ".pdm-python") or "").strip()
        if python:
            yield Candidate(Path(python).parent.parent, ".pdm-python names it")
    elif kind == "hatch":
        yield from (
            Candidate(one, "hatch keeps it") for one in _of_hatch(home, pyproject, variables)
        )
    elif kind == "pixi":
        yield Candidate(home / ".pixi/envs/default", "pixi keeps it")
    conda = find_conda_file(home)
    if conda is not None and conda.name:
        for one in conda_prefixes(conda.name, variables):
            yield Candidate(one, f"{conda.path} names it", "conda")
    pin = pinned(home, root)
    # pyenv-virtualenv puts the name of an environment where a version would stand.
    if pin and PIN_NAME.fullmatch(pin) and not pin[0].isdigit():
        yield Candidate(
            pyenv_root(variables) / "versions" / pin, ".python-version names it", "pyenv"
        )


def _of_hatch(
    home: Path, pyproject: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Path]:
    """Yield hatch's environments of a project, the default one first."""
    tool = mapping(mapping(pyproject.get("tool")).get("hatch"))
    environments = mapping(tool.get("envs"))
    name = re.sub(r"[-_.]+", "-", _project_name(pyproject) or f"{home.name}-unmanaged").lower()
    for one in ("default", *sorted(environments)):
        stated = mapping(environments.get(one)).get("path")
        if isinstance(stated, str) and stated:
            yield home / stated
    folder = _hatch_folder(home, variables)
    if folder.is_relative_to(home):
        places = folder
    else:
        digest = hashlib.sha256(str(home).encode()).digest()
        places = folder / name / base64.urlsafe_b64encode(digest).decode()[:8]
    yield from (places / one for one in (name, *sorted(environments), "hatch-test"))
    yield from sorted(places.glob("hatch-test.py3*"), key=_version, reverse=True)


def _hatch_folder(home: Path, variables: Mapping[str, str]) -> Path:
    """Return the folder in which hatch keeps virtual environments."""
    if stated := variables.get("HATCH_ENV_TYPE_VIRTUAL_PATH"):
        return home / stated
    mac = sys.platform == "darwin"
    user = _home(variables)
    config = "Library/Application Support" if mac else ".config"
    place = variables.get("HATCH_CONFIG") or f"{user}/{config}/hatch/config.toml"
    dirs = mapping(toml_file(Path(place)).get("dirs"))
    stated_dir = mapping(dirs.get("env")).get("virtual")
    if isinstance(stated_dir, str) and stated_dir:
        return home / Path(stated_dir.replace("~", str(user), 1))
    share = variables.get("XDG_DATA_HOME") or f"{user}/.local/share"
    data = f"{user}/Library/Application Support" if mac else share
    stated_data = variables.get("HATCH_DATA_DIR") or dirs.get("data")
    return Path(stated_data if isinstance(stated_data, str) else f"{data}/hatch") / "env/virtual"


def _of_poetry(
    home: Path, pyproject: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Path]:
    """Yield poetry's environments of a project, the newest Python first."""
    name = _project_name(pyproject)
    if name is None:
        return
    path = os.path.normcase(os.path.realpath(home))
    digest = hashlib.sha256(path.encode()).digest()
    pattern = _folder_name(canonicalize_name(name), digest)[: NAME_LENGTH + 9]
    folder = _poetry_folder(home, variables)
    found = [one for one in folder.glob(f"{pattern}-py*") if one.is_dir()]
    yield from sorted(found, key=_version, reverse=True)


def _project_name(pyproject: Mapping[str, Any]) -> str | None:
    poetry = mapping(pyproject.get("tool")).get("poetry")
    for table in (pyproject.get("project"), poetry):
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str):
            return name
    return None


def _folder_name(name: str, digest: bytes) -> str:
    """Return the name under which poetry and pipenv keep an environment."""
    encoded = base64.urlsafe_b64encode(digest).decode()[:8]
    return f"{UNSAFE.sub('_', name)[:NAME_LENGTH]}-{encoded}"


def _poetry_folder(home: Path, variables: Mapping[str, str]) -> Path:
    stated_here = mapping(toml_file(home / "poetry.toml").get("virtualenvs")).get("path")
    if isinstance(stated_here, str) and stated_here and "{" not in stated_here:
        return home / stated_here
    if stated := variables.get("POETRY_VIRTUALENVS_PATH"):
        return Path(stated)
    if stated := variables.get("POETRY_CACHE_DIR"):
        return Path(stated) / "virtualenvs"
    if sys.platform == "darwin":
        return _home(variables) / "Library/Caches/pypoetry/virtualenvs"
    cache = variables.get("XDG_CACHE_HOME") or _home(variables) / ".cache"
    return Path(cache) / "pypoetry" / "virtualenvs"


def _home(variables: Mapping[str, str]) -> Path:
    return Path(variables.get("HOME") or "/nonexistent")


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", path.name.rpartition("py")[2]))
