"""Says what hdb found on this machine, what is wrong, and the command that mends it."""

from __future__ import annotations

import signal
import sys

from mcp_server import __version__
from mcp_server.doctor.clients import clients
from mcp_server.doctor.finding import WELL, WRONG, screen
from mcp_server.doctor.machine import environment, machine
from mcp_server.doctor.project import project, settings
from mcp_server.doctor.service import service

STOPPED = 130


def examine(root: str, cache: str) -> int:
    """Show one screen about the hdb in `root`; return 1 where something is wrong, else 0."""
    # The same as Ctrl-C: whatever runs is ended on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _examine(root, cache)
    except KeyboardInterrupt:
        sys.stderr.write("hdb: stopped\n")
        return STOPPED


def _examine(root: str, cache: str) -> int:
    findings = machine(cache)
    # Where the machine lacks something, what needs it would only say so again, and wait for it.
    if not any(each.mark == WRONG for each in findings):
        if environment(root, cache).mark != WELL:
            sys.stderr.write("hdb: preparing its environment first, which may take a minute...\n")
        findings += [service(root), environment(root, cache), *project(root)]
    findings += [*settings(), *clients()]
    sys.stdout.write(f"{screen(f'hdb {__version__} in {root}', findings)}\n")
    return int(any(each.mark == WRONG for each in findings))
