"""Asks hdb itself how the project around here is verified, and whether its environment is there."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from mcp_server.doctor.commands import run
from mcp_server.doctor.finding import NOTED, WELL, WRONG, Finding

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

USAGE_STATUS = 2
VARIABLES = ("HDB_CACHE", "HDB_ROOTS", "HDB_STOP_CHECK", "CLAUDE_PROJECT_DIR")


def settings() -> list[Finding]:
    """Return what the environment sets for hdb; a folder that is not there is wrong."""
    found = []
    for name in VARIABLES:
        value = os.environ.get(name)
        if not value:
            continue
        parts = value.split(os.pathsep) if name == "HDB_ROOTS" else [value]
        folders = parts if name in {"HDB_ROOTS", "CLAUDE_PROJECT_DIR"} else []
        gone = [part for part in folders if part and not Path(part).is_dir()]
        if gone:
            text = f"{name} names {gone[0]}, which is no folder"
            found.append(Finding(WRONG, "setting", text, f"correct or unset {name}"))
        else:
            found.append(Finding(WELL, "setting", f"{name}={value}"))
    return found


def project(root: str) -> list[Finding]:
    """Read the conventions of the current folder's project through hdb's own command line."""
    program = str(Path(root, "bin", "hdb"))
    status, said = run([program, "conventions", "--format", "json"])
    if status == USAGE_STATUS:
        return [Finding(NOTED, "project", "there is no Python project in this folder")]
    try:
        found = json.loads(said)
        unread = [Finding(WRONG, "project", one, "correct that file") for one in _problems(found)]
        return unread + [_project(program, one) for one in found["projects"]]
    except (ValueError, KeyError, TypeError):
        text = f"its conventions cannot be read (status {status})"
        return [Finding(WRONG, "project", text, f"{program} conventions")]


def _problems(found: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in found.get("problems", ())]


def _project(program: str, one: dict[str, Any]) -> Finding:
    where, environment = one.get("path", "."), one.get("environment", {})
    commands = [command for role in one.get("roles", {}).values() for command in role]
    tools = ", ".join(dict.fromkeys(command["tool"] for command in commands))
    if not commands:
        text = f"{where}: no check was found"
        return Finding(NOTED, "project", text, f"{program} conventions --detail")
    text = f"{where}: {tools}"
    if not environment.get("ready"):
        text = f"{text}; {environment.get('problem') or 'its environment is missing'}"
        mend = "verify --setup" if environment.get("create") else "conventions"
        return Finding(WRONG, "project", text, f"{program} {mend}")
    lacks = [*environment.get("lacks", ()), *_absent(environment, commands)]
    if lacks:
        text = f"{text}; its environment has no {', '.join(lacks)}"
        return Finding(WRONG, "project", text, f"{program} conventions")
    return Finding(WELL, "project", f"{text}; its environment is there")


def _absent(environment: dict[str, Any], commands: list[dict[str, Any]]) -> list[str]:
    """Return the programs that PATH lacks, where PATH is all that the project has."""
    if environment.get("path"):
        return []
    programs = dict.fromkeys(command["command"].split()[0] for command in commands)
    return [one for one in programs if "=" not in one and shutil.which(one) is None]
