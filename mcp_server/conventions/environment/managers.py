"""Tells what manages a project's environment, and the folder in which it does so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from mcp_server.conventions.environment.conda import find_conda_file
from mcp_server.conventions.files.reading import read_text
from mcp_server.conventions.files.toml import parse_toml, toml_file
from mcp_server.conventions.layout.workspaces import Workspace, uv_workspace

LOCKS = {
    "uv.lock": "uv",
    "poetry.lock": "poetry",
    "pdm.lock": "pdm",
    "Pipfile.lock": "pipenv",
    "pixi.lock": "pixi",
}
OWN = frozenset({"project", "build-system"})
"""Tables by which a folder is a project to its manager, which then looks no further up."""

PIP = ("pyproject.toml", "setup.py", "requirements.txt")
VERIFYING = frozenset({"pytest", "mypy", "pyright", "ruff", "flake8", "pylint", "black", "tox"})
"""Packages by which an environment file is that of developers, not of a notebook service."""


def find_manager(
    folder: Path, root: Path, tables: Mapping[str, Mapping[str, Any]]
) -> tuple[str, Path]:
    """Return what manages the environment of the project in `folder`, and the folder it does so in.

    A lock up to the verified folder tells what; a uv workspace also serves its members from
    above. A project that is no member has an environment of its own.
    """
    workspace = _workspace(folder)
    if workspace is None and "workspace" in tables.get("uv", {}):
        workspace = folder
    for base in (folder, *folder.parents):
        for lock, kind in LOCKS.items():
            if (base / lock).exists():
                if kind == "uv" and workspace is not None:
                    return kind, workspace
                return kind, folder if base != folder and _is_own(folder) else base
        if base == root:
            break
    if workspace is not None:
        return "uv", workspace
    for table in ("uv", "poetry", "pdm", "pixi"):
        if table in tables:
            return table, folder
    return _unlocked(folder, tables), folder


def _unlocked(folder: Path, tables: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what manages a project that has neither a lock nor a table of one that makes one."""
    if (folder / "Pipfile").exists():
        return "pipenv"
    if (folder / "pixi.toml").exists():
        return "pixi"
    if isinstance(tables.get("hatch", {}).get("envs"), dict):
        return "hatch"
    conda = find_conda_file(folder)
    if conda is None or (
        any((folder / one).exists() for one in PIP) and not VERIFYING & conda.packages
    ):
        return "venv"
    return "conda"


def _is_own(folder: Path) -> bool:
    """Tell whether managers take a folder for a project of its own."""
    content = toml_file(folder / "pyproject.toml")
    tool = content.get("tool")
    return not OWN.isdisjoint(content) or (isinstance(tool, dict) and "poetry" in tool)


@lru_cache(maxsize=16)
def _workspace_of(text: str) -> Workspace | None:
    """Return the workspace of a manifest's text, which each of its members asks for."""
    try:
        return uv_workspace(parse_toml(text))
    except ValueError:
        return None


def _workspace(folder: Path) -> Path | None:
    """Return the folder above whose uv workspace has `folder` as a member."""
    for base in folder.parents:
        text = read_text(base / "pyproject.toml")
        if text and "workspace" in text:
            workspace = _workspace_of(text)
            if workspace is not None and workspace.has(folder.relative_to(base).as_posix()):
                return base
        if (base / ".git").exists():
            break
    return None
