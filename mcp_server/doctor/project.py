"""Asks hdb itself how the project around here is verified, and whether its environment is there."""

from __future__ import annotations

import json
import os
from pathlib import Path

from mcp_server.doctor.commands import output_of
from mcp_server.doctor.finding import NOTED, WELL, WRONG, Finding

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

VARIABLES = ("HDB_CACHE", "HDB_ROOTS", "HDB_STOP_CHECK", "CLAUDE_PROJECT_DIR")


def settings() -> list[Finding]:
    """Return what the environment sets for hdb; a folder that is not there is wrong."""
    found = []
    for name in VARIABLES:
        value = os.environ.get(name)
        if not value:
            continue
        parts = value.split(os.pathsep) if name in {"HDB_ROOTS", "CLAUDE_PROJECT_DIR"} else []
        gone = [part for part in parts if part and not Path(part).is_dir()]
        if gone:
            text = f"{name} names {gone[0]}, which is no folder"
            found.append(Finding(WRONG, "setting", text, f"correct or unset {name}"))
        else:
            found.append(Finding(WELL, "setting", f"{name}={value}"))
    return found


def project(root: str) -> list[Finding]:
    """Read the conventions of the current folder's project through hdb's own command line."""
    program = str(Path(root, "bin", "hdb"))
    said = output_of([program, "conventions", "--format", "json"])
    if said is None:
        return [Finding(NOTED, "project", "there is no Python project in this folder")]
    try:
        return [_project(program, one) for one in json.loads(said)["projects"]]
    except (ValueError, KeyError, TypeError):
        return [Finding(WRONG, "project", "its conventions cannot be read", "report this line")]


def _project(program: str, one: dict[str, Any]) -> Finding:
    where, roles = one.get("path", "."), one.get("roles", {})
    tools = [command["tool"] for commands in roles.values() for command in commands]
    names = ", ".join(dict.fromkeys(tools)) or "no check was found"
    text = f"{where}: {names}"
    environment = one.get("environment", {})
    if environment.get("ready"):
        return Finding(WELL if tools else NOTED, "project", f"{text}; its environment is there")
    if not tools:
        return Finding(NOTED, "project", text, f"{program} conventions --detail")
    text = f"{text}; {environment.get('problem') or 'its environment is missing'}"
    mend = "verify --setup" if environment.get("create") else "conventions"
    return Finding(WRONG, "project", text, f"{program} {mend}")
