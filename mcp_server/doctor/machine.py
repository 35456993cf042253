"""Finds what hdb needs of the machine: a Python, uv or venv, its environment, a state folder."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from mcp_server import runtime, runtime_build
from mcp_server.doctor.commands import version_of
from mcp_server.doctor.finding import NOTED, WELL, WRONG, Finding

ENOUGH_BYTES = 200 << 20
"""What an environment of hdb's and its download take, with room to spare."""


def machine(cache: str) -> list[Finding]:
    """Look at what a first start needs, in its order."""
    return [_python(), _uv(), _state(cache)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    found = f"{version} ({sys.executable}) starts hdb"
    if sys.version_info[:2] >= runtime_build.number(runtime_build.OLDEST):
        return Finding(WELL, "python3", found)
    newer = [path for path, _ in runtime_build.pythons()]
    if newer:
        return Finding(WELL, "python3", f"{found}; {newer[0]} runs it")
    if next(runtime_build.programs("uv"), None):
        return Finding(WELL, "python3", f"{found}; uv brings a newer one to run it")
    needs = f"hdb needs {runtime_build.OLDEST} or newer, or uv"
    return Finding(WRONG, "python3", f"{found}; {needs}", "python3 -m pip install --user uv")


def _uv() -> Finding:
    path = next(runtime_build.programs("uv"), None)
    if path:
        told = version_of(path)
        return Finding(WELL, "uv", f"{told[1] if told else '?'} ({path})")
    if any(able for _, able in runtime_build.pythons()):
        return Finding(WELL, "uv", "not found; venv and pip serve instead, more slowly")
    return Finding(WRONG, "uv", "not found, and no Python for hdb has venv", runtime_build.needs())


def _state(cache: str) -> Finding:
    folders = [Path(cache), *Path(cache).parents]
    existing = next((folder for folder in folders if folder.exists()), folders[-1])
    mend = "set HDB_CACHE to a folder you can write to"
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        return Finding(WRONG, "state", f"{cache} cannot be written ({error.strerror})", mend)
    room = f"{free >> 20} MB free"
    if free < ENOUGH_BYTES:
        return Finding(WRONG, "state", f"{cache}: only {room}", f"free some space, or {mend}")
    return Finding(WELL, "state", f"{cache}, {room}")


def environment(root: str, cache: str) -> Finding:
    """Look for hdb's own environment, which the first start builds."""
    try:
        found = runtime.find(root, cache)
    except runtime.StartError as problem:
        return Finding(WRONG, "environment", str(problem), "reinstall hdb")
    if found:
        return Finding(WELL, "environment", f"ready: {found}")
    build = f"{Path(root, 'bin', 'hdb')} --version"
    return Finding(NOTED, "environment", "not there; the first start builds it", build)
