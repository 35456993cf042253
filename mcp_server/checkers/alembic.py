"""alembic: hdb's own driver runs it on a throwaway database and tells what happens, line by line.

No command of a project is recognised as it: what a project says of alembic is told and never run.
"""

from __future__ import annotations

from typing import Any

from mcp_server.checkers.base import ended, json_lines, no_retry
from mcp_server.fields import as_text, position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "alembic"
ROLE = Role.MIGRATIONS
retry = no_retry


def recognise(_program: str, _args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise nothing: a project's own `alembic upgrade` knows a database that may be real."""
    return None


def mutates(_args: tuple[str, ...]) -> bool:
    """Tell that nothing of the project's files is changed."""
    return False


def detect(_settings: Settings) -> Found | None:
    """Plan nothing: only `[tool.hdb.migrations]` or the user asks for a run."""
    return None


def invoke(args: tuple[str, ...], _targets: tuple[str, ...]) -> Invocation:
    """Return the driver's arguments as they are; its own plan makes them."""
    return Invocation(args=args)


def parse(report: Report) -> Outcome:
    """Read the driver's events; without the last of them the run did not come to its end."""
    events = [one for one in json_lines(report.stdout) if isinstance(one.get("event"), str)]
    found = tuple(_diagnostic(report, one) for one in events if one["event"] == "finding")
    kinds = {one["event"] for one in events}
    refused = _first(events, "refused", "why")
    if refused and not found:
        return Outcome(nothing=refused)
    problem = refused or _first(events, "problem", "why")
    # The driver ends with 1 where it found something, so that no finding can be lost.
    if problem is None and ("end" not in kinds or report.status != int(bool(found))):
        stages = [as_text(one.get("name")) for one in events if one["event"] == "stage"]
        after = f" after {', '.join(stages)}" if stages else ""
        problem = f"the run did not come to its end{after}: {ended(report, NAME)}"
    if problem is not None:
        return Outcome(diagnostics=found, problem=problem)
    remarks = [as_text(one.get("text")) for one in events if one["event"] == "remark"]
    return Outcome(diagnostics=found, checked=True, remark="; ".join(remarks) or None)


def _first(events: list[dict[str, Any]], event: str, field: str) -> str | None:
    said = (as_text(one.get(field)) for one in events if one["event"] == event)
    return next((one or "it did not say why" for one in said), None)


def _diagnostic(report: Report, event: dict[str, Any]) -> Diagnostic:
    file = event.get("file")
    detail, symbol = event.get("detail"), event.get("symbol")
    return Diagnostic(
        tool=NAME,
        code=as_text(event.get("code")) or None,
        file=report.relative(file) if isinstance(file, str) and file else None,
        line=position(event.get("line")),
        message=as_text(event.get("message")) or "alembic failed and did not say how",
        symbol=symbol if isinstance(symbol, str) else None,
        detail=detail if isinstance(detail, str) else None,
    )
