"""Says in words how a process ended."""

from __future__ import annotations

import signal

from mcp_server.models import Report

HINTS = {
    signal.SIGKILL: "from outside, most likely because memory ran out",
    signal.SIGXFSZ: "a file grew larger than hdb or the system allows",
}


def ending(report: Report, tool: str) -> str:
    """Return how a tool ended: by hdb, by a signal with its name, or with a status."""
    if report.fault:
        return f"{tool} did not end by itself"
    if report.timed_out:
        return f"{tool} was ended at the time limit"
    if report.signal is not None:
        return f"{tool} was ended by {signal_name(report.signal)}"
    if report.status is None:
        return f"{tool} was not started"
    return f"{tool} ended with status {report.status}"


def signal_name(number: int) -> str:
    """Return a signal's number and name, and what it tells where that is not plain."""
    try:
        known = signal.Signals(number)
    except ValueError:
        return f"signal {number}"
    hint = HINTS.get(known)
    return f"signal {number} ({known.name}{f', {hint}' if hint else ''})"
