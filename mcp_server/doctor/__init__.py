"""Says what hdb found on this machine, what is wrong, and the command that mends it."""

from __future__ import annotations

import sys

from mcp_server import __version__
from mcp_server.doctor.clients import clients
from mcp_server.doctor.finding import WRONG, screen
from mcp_server.doctor.machine import machine
from mcp_server.doctor.project import project, settings
from mcp_server.doctor.service import service


def examine(root: str, cache: str) -> int:
    """Show one screen about the hdb in `root`; return 1 where something is wrong, else 0."""
    findings = machine(root, cache)
    # Where the machine lacks something, what needs it would only say so again, and wait for it.
    if not any(each.mark == WRONG for each in findings):
        findings += [service(root), *project(root)]
    findings += [*settings(), *clients()]
    sys.stdout.write(f"{screen(f'hdb {__version__} in {root}', findings)}\n")
    return int(any(each.mark == WRONG for each in findings))
