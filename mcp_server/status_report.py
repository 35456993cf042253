"""What several checkers share: which findings fail a run, and pyright's arguments and JSON."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mcp_server.fields import as_text, position
from mcp_server.models import Diagnostic, Outcome, Report, Severity

NAMED = 3
"""How many of the findings that fail nothing a remark names; the rest it counts."""
COMPLAINTS = 8
"""How many of the tool's own complaints about its settings are passed on."""
SEVERITIES: dict[str, Severity] = {"warning": "warning", "information": "note"}
BROKEN_SETTINGS = re.compile(
    r"^Config file .* could not be (?:read|parsed)|^Circular reference in configuration"
)
# What node says about itself.
NOISE = re.compile(r"^\(node:\d+\)|^\(Use `node ")


def settle(
    found: Sequence[Diagnostic], status: int | None
) -> tuple[tuple[Diagnostic, ...], str | None]:
    """Separate what fails the run from what the tool's own status forgives, told as a remark.

    Notes are findings only where nothing else can have failed the run.
    """
    told = tuple(one for one in found if one.severity != "note")
    if status != 0:
        return told or tuple(found), None
    if not told:
        return (), None
    kind = "warning" if all(one.severity == "warning" for one in told) else "finding"
    head = f"{len(told)} {kind}{'s' if len(told) > 1 else ''} beside a status of 0: "
    # A tool that works in parallel reports in any order.
    named = "; ".join(_brief(one) for one in sorted(told, key=_place)[:NAMED])
    rest = f"; and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return (), head + named + rest


def _place(one: Diagnostic) -> tuple[str, int, int, str, str]:
    return one.file or "", one.line or 0, one.column or 0, one.code or "", one.message


def _brief(one: Diagnostic) -> str:
    place = ":".join(str(part) for part in (one.file, one.line) if part is not None)
    code = f" [{one.code}]" if one.code else ""
    return f"{place} {one.message.partition(chr(10))[0]}{code}".strip()


def remarks(*parts: str | None) -> str | None:
    """Join what there is to remark, or return None."""
    return "\n".join(part for part in parts if part) or None


def joined_threads(args: tuple[str, ...]) -> tuple[str, ...]:
    """Give `--threads`, whose value is optional, its value in the same argument."""
    joined: list[str] = []
    for arg in args:
        if arg.isdigit() and joined and joined[-1] == "--threads":
            joined[-1] = f"--threads={arg}"
        else:
            joined.append(arg)
    return tuple(joined)


def unflagged(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return paths that cannot be read as options, for a tool that knows no `--`."""
    return tuple(f"./{path}" if path.startswith("-") else path for path in paths)


def read_pyright(tool: str, report: Report, document: object, last_words: str) -> Outcome:
    """Read the `document` that `--outputjson` printed, of pyright or of basedpyright.

    `last_words` is what the tool said last, for a run without a document.
    """
    summary = document.get("summary") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(summary, dict):
        return Outcome(problem=last_words or f"{tool} left no report")
    records = document.get("generalDiagnostics")
    found = [
        _of_record(tool, report, record)
        for record in (records if isinstance(records, list) else [])
        if isinstance(record, dict) and isinstance(record.get("message"), str)
    ]
    diagnostics, forgiven = settle(found, report.status)
    complaints = _complaints(report)
    broken = [line for line in complaints if BROKEN_SETTINGS.match(line)]
    broken += [one.message for one in found if one.message.startswith("An internal error occurred")]
    if broken:
        return Outcome(diagnostics=diagnostics, problem="\n".join(broken))
    if report.status not in {0, 1} or (report.status == 1 and not diagnostics):
        why = f"{tool} ended with status {report.status} and no finding that explains it"
        return Outcome(diagnostics=diagnostics, problem="\n".join(complaints) or why)
    if not summary.get("filesAnalyzed") and not diagnostics:
        why = "; ".join([f"{tool} found no files to check", *complaints])
        return Outcome(nothing=why)
    remark = remarks("\n".join(complaints), forgiven)
    return Outcome(diagnostics=diagnostics, checked=True, remark=remark)


def _of_record(tool: str, report: Report, record: dict[str, Any]) -> Diagnostic:
    file, code = record.get("file"), record.get("rule")
    span = record.get("range")
    start = span.get("start") if isinstance(span, dict) else None
    line, column = (
        (start.get("line"), start.get("character")) if isinstance(start, dict) else (None, None)
    )
    severity = SEVERITIES.get(as_text(record.get("severity")), "error")
    if code is None and severity == "error":
        # What no rule governs cannot be switched off: the parser's and the binder's findings.
        topic: str | None = "syntax"
    else:
        topic = "undefined-name" if code == "reportUndefinedVariable" else None
    return Diagnostic(
        tool=tool,
        file=report.relative(file) if isinstance(file, str) else None,
        line=position(line, first=0),
        column=position(column, first=0),
        code=code if isinstance(code, str) else None,
        # Continuation lines are indented with no-break spaces.
        message=record["message"].replace("\u00a0", " ").strip(),
        severity=severity,
        topic=topic,
    )


def _complaints(report: Report) -> list[str]:
    """Return what the tool says beside its document: nothing but errors about its settings.

    Some of it comes on stdout, before the document.
    """
    before = report.stdout.partition("\n{")[0] if not report.stdout.startswith("{") else ""
    lines = [*before.splitlines(), *report.stderr.splitlines()]
    kept = [line for line in lines if line.strip() and not NOISE.match(line)]
    settled = [line for line in kept if BROKEN_SETTINGS.match(line)]
    return settled or kept[:COMPLAINTS]
