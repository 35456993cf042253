"""Finds the coding agents on this machine, and whether hdb is installed in Claude Code."""

from __future__ import annotations

import json
from pathlib import Path

from mcp_server import __version__
from mcp_server.doctor.commands import output_of, version_of
from mcp_server.doctor.finding import NOTED, WELL, WRONG, Finding

TYPE_CHECKING = False  # typing itself is slow to import
if TYPE_CHECKING:
    from typing import Any

OTHERS = {"codex": "Codex CLI", "gemini": "Gemini CLI", "opencode": "OpenCode"}
PLUGIN = "hdb@"


def clients() -> list[Finding]:
    """Look for each client; with none at hand the command line is all there is."""
    found = _claude()
    for program, name in OTHERS.items():
        told = version_of(program)
        if told:
            found.append(Finding(WELL, name, f"{told[1] or '?'} ({told[0]}); see docs/clients.md"))
    if not found:
        text = "no coding agent on PATH; the command line works without one"
        found.append(Finding(NOTED, "client", text))
    return found


def _claude() -> list[Finding]:
    told = version_of("claude")
    if told is None:
        return []
    path, version = told
    here = Finding(WELL, "Claude Code", f"{version or '?'} ({path})")
    listed = output_of([path, "plugin", "list", "--json"])
    try:
        plugins = json.loads(listed or "")
    except ValueError:
        plugins = None
    if not isinstance(plugins, list):
        here.text += "; its list of plugins could not be read"
        return [here]
    installed = [one for one in plugins if _is_ours(one)]
    return [here, _plugin(installed[0]) if installed else _absent()]


def _is_ours(plugin: Any) -> bool:  # noqa: ANN401 - JSON of another program
    return isinstance(plugin, dict) and str(plugin.get("id", "")).startswith(PLUGIN)


def _plugin(plugin: dict[str, Any]) -> Finding:
    name, version = str(plugin["id"]), str(plugin.get("version", "?"))
    about, update = f"{name} {version}", f"claude plugin update {name}"
    if plugin.get("errors"):
        return Finding(WRONG, "plugin", f"{about}: {plugin['errors']}", update)
    if plugin.get("enabled") is False:
        enable = f"claude plugin enable {name}"
        return Finding(WRONG, "plugin", f"{about} is installed but switched off", enable)
    if version not in {__version__, "?"}:
        text = f"{about} is installed; this doctor belongs to {__version__}"
        return Finding(NOTED, "plugin", text, update)
    return Finding(WELL, "plugin", f"{about} is installed and on")


def _absent() -> Finding:
    root = Path(__file__).resolve().parent.parent.parent
    add = f"claude plugin marketplace add {root} && claude plugin install hdb@hdb"
    return Finding(NOTED, "plugin", "hdb is not installed in it", add)
