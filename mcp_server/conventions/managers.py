"""Tells what manages a project's environment, and where that keeps environments of its own."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

from mcp_server.conventions.reading import read_text
from mcp_server.conventions.settings import mapping

LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
UNSAFE = re.compile(r"[ $`!*@\"\\\r\n\t]")
NAME_LENGTH = 42
"""How much of a project's name poetry and pipenv keep in a folder's name."""


def find_manager(
    folder: Path, root: Path, tables: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Path]:
    """Return what manages the environment of the project in `folder`, and the folder it does so in.

    That is the nearest folder with a lock, up to the verified one; a uv workspace also serves
    its members from above.
    """
    workspace = _workspace(folder)
    for base in (folder, *folder.parents):
        for lock, kind in LOCKS.items():
            if (base / lock).exists():
                return kind, workspace if kind == "uv" and workspace else base
        if base == root:
            break
    if workspace is not None:
        return "uv", workspace
    for table in ("uv", "poetry", "pdm"):
        if table in tables:
            return table, folder
    return ("pipenv" if (folder / "Pipfile").exists() else "venv"), folder


def _workspace(folder: Path) -> Path | None:
    """Return the folder above whose uv workspace has `folder` as a member."""
    for base in folder.parents:
        text = read_text(base / "pyproject.toml")
        if text and "workspace" in text and _has_member(text, folder.relative_to(base)):
            return base
        if (base / ".git").exists():
            break
    return None


def _has_member(text: str, member: Path) -> bool:
    try:
        workspace = tomllib.loads(text)["tool"]["uv"]["workspace"]
        members, excluded = workspace.get("members", []), workspace.get("exclude", [])
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return False
    return _matches(members, member) and not _matches(excluded, member)


def _matches(patterns: object, member: Path) -> bool:
    """Tell whether one of the patterns, each of as many folders as `member`, matches it."""
    return any(
        len(Path(one).parts) == len(member.parts) and member.match(one)
        for one in (patterns if isinstance(patterns, list) else [])
        if isinstance(one, str) and one
    )


def kept_elsewhere(
    kind: str, home: Path, pyproject: Mapping[str, Any], variables: Mapping[str, str]
) -> Iterator[Path]:
    """Yield where a manager may keep the environment outside of the project."""
    if kind == "poetry":
        yield from _of_poetry(home, pyproject, variables)
    elif kind == "pipenv":
        pipfile = str(home / "Pipfile")
        name = _folder_name(home.name, hashlib.sha256(pipfile.encode()).digest()[:6])
        share = _home(variables) / ".local/share"
        yield Path(variables.get("WORKON_HOME") or share / "virtualenvs") / name
    elif kind == "pdm":
        python = (read_text(home / ".pdm-python") or "").strip()
        if python:
            yield Path(python).parent.parent


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
    folder = _poetry_folder(variables)
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


def _poetry_folder(variables: Mapping[str, str]) -> Path:
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
    return tuple(int(one) for one in re.findall(r"\d+", path.name.rpartition("-py")[2]))
