"""Makes the environment of a project's tools: the user's, without the client's own secrets."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mcp_server.models import Step

INJECT = Path(__file__).parent / "inject"
CACHES = ("MYPY_CACHE_DIR", "RUFF_CACHE_DIR")
"""Where tools keep what they cannot do without, in a project that cannot be written."""
SECRET_PREFIXES = ("ANTHROPIC_", "CLAUDE_", "CLAUDECODE")
OWN = ("HDB_FRONT", "HDB_SESSION", "HDB_BEGAN", "HDB_PART")
"""What ties this server to its client: an hdb that a check runs has none of it."""
PART = "part"
"""The file among a step's own that tells our reporter which part of the tests to run."""
CLIENTS = ("GEMINI_CLI", "GEMINI_CLI_NO_RELAUNCH", "OPENCODE", "OPENCODE_PID")
"""What other clients say of themselves: the same check must not end otherwise under each."""


def child_environment(
    parent: Mapping[str, str], step: Step, scratch: Path, pass_env: Iterable[str] = ()
) -> dict[str, str]:
    """Return the environment of a step: the parent's without the client's own secrets.

    `pass_env` names variables that are kept all the same. The step's virtual environment is
    active in it, as its activation script would make it.
    """
    kept = set(pass_env)
    env = {
        name: value
        for name, value in parent.items()
        if name in kept or not (name.startswith(SECRET_PREFIXES) or name in CLIENTS)
    }
    for name in (*OWN, "VIRTUAL_ENV", "PYTHONHOME", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    if step.venv is not None:
        env["VIRTUAL_ENV"] = str(step.venv)
        env["PATH"] = os.pathsep.join([str(step.venv / "bin"), env.get("PATH", os.defpath)])
    if not os.access(step.cwd, os.W_OK):
        env |= {name: str(scratch / name.lower()) for name in CACHES}
    for name, value in step.env.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    if step.inject:
        env["HDB_REPORT"] = str(scratch / "report")
        env["HDB_ROOT"] = str(step.root)
        if PART in step.files:
            env["HDB_PART"] = str(scratch / PART)
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(INJECT), env.get("PYTHONPATH")]))
    return env
