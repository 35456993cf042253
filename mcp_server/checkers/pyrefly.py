"""pyrefly: the type checker, read through `--output-format json`."""

from __future__ import annotations

import re
from typing import Any

from mcp_server.checkers.base import (
    PLAIN,
    drop_options,
    json_document,
    no_retry,
    split_paths,
    tail,
)
from mcp_server.fields import as_text, count, position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report, Severity
from mcp_server.repository import Found, Role, Settings
from mcp_server.status_report import remarks, settle

NAME = "pyrefly"
ROLE = Role.TYPES
retry = no_retry

VALUED = frozenset(
    "-j --threads --project-excludes -c --config --only --baseline --baseline-error-level "
    "--min-severity -p --preset --search-path --python-version --python-platform "
    "--site-packages-path --site-package-path --conda-environment --python-interpreter-path "
    "--fallback-python-interpreter-name --typeshed-path --replace-imports-with-any "
    "--ignore-missing-imports --replace-untyped-imports-with-any --untyped-def-behavior "
    "--infer-return-types --enabled-ignores --type-ignore-unknown-tag-behavior --error --warn "
    "--ignore --info --recursion-depth-limit --recursion-overflow-handler "
    "--pytorch-efficiency-lints --tensor-shapes".split()
)
MUTATING = frozenset(
    "--suppress-errors --remove-unused-ignores --remove-unused --update-baseline "
    "--prune-baseline".split()
)
# What edits files, never ends, or changes what is printed; some take a value after `=`.
FLAGS = MUTATING | frozenset(
    "--watch -v --verbose --summary --count-errors --summarize-errors "
    "--report-glean-ownership".split()
)
# The same, with a value: other outputs, other roots of the paths, reports about the run.
DROPPED = frozenset(
    "--output-format -o --output --color --relative-to --progress-bar --debug-info "
    "--report-binding-memory --report-trace --report-timings --report-glean --report-pysa "
    "--report-pysa-format --report-demand-tree --dependency-graph --json "
    "--comment-location".split()
)
TOPICS = {"unknown-name": "undefined-name", "parse-error": "syntax", "invalid-syntax": "syntax"}
SEVERITIES: dict[str, Severity] = {"warn": "warning", "info": "note"}
LONGEST = 240
COUNTED = re.compile(r"^[ \t]*INFO (\d+) (?:error|diagnostic)s?\b.*$", re.MULTILINE)
UNSHOWN = re.compile(r"\((\d+ [a-z]+ not shown.*)\)")
NO_FILES = re.compile(r"^No Python files matched.*$", re.MULTILINE)
WARNING = re.compile(r"^[ \t]*WARN (.*)$", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `pyrefly check ...`, and `pyrefly suppress ...` as the check that edits."""
    if program != "pyrefly" or not args or {"-h", "--help"}.intersection(args):
        return None
    if args[0] == "suppress":
        return ("--suppress-errors", *args[1:])
    return args[1:] if args[0] == "check" else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether the arguments ask for edits of comments or of the baseline."""
    return bool(MUTATING.intersection(arg.partition("=")[0] for arg in args))


def detect(settings: Settings) -> Found | None:
    """Find pyrefly's own file or table."""
    source = settings.file("pyrefly.toml") or settings.table("pyrefly")
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for the JSON document and for the summary that proves the run."""
    kept = drop_options(args, frozenset(), DROPPED)
    kept = tuple(arg for arg in kept if arg.partition("=")[0] not in FLAGS)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    return Invocation(
        args=("check", "--output-format=json", *kept),
        env={**PLAIN, "PYREFLY_COLOR": "never", "PYREFLY_VERBOSE": None},
        changed=mutates(args) or "--watch" in args,
    )


def parse(report: Report) -> Outcome:
    """Read the document; configuration errors leave none and share the status of findings."""
    document = json_document(report.stdout)
    records = document.get("errors") if isinstance(document, dict) else None
    listed = records if isinstance(records, list) else None
    found = [_of_record(report, record) for record in listed or [] if isinstance(record, dict)]
    counted = COUNTED.search(report.stderr)
    told = [one for one in found if one.severity != "note"]
    # More counted than errors and warnings: the project lets notes fail its run as well.
    notes_count = counted and count(counted[1]) > len(told) and report.status == 1
    diagnostics, forgiven = (tuple(found), None) if notes_count else settle(found, report.status)
    if listed is None and (none := NO_FILES.search(report.stderr)):
        return Outcome(nothing=none[0])
    crashed = [one.message for one in found if one.code == "internal-error"]
    unexplained = report.status != 0 and not diagnostics
    if listed is None or crashed or unexplained or report.status not in {0, 1}:
        why = "\n".join(crashed) or _shortened(tail(report.stderr or report.stdout))
        why = why or f"pyrefly ended with status {report.status} and left no report"
        return Outcome(diagnostics=diagnostics, problem=why)
    unshown = UNSHOWN.search(counted[0]) if counted else None
    return Outcome(
        diagnostics=diagnostics,
        checked=bool(diagnostics or counted),
        remark=remarks(
            "\n".join(WARNING.findall(report.stderr)), forgiven, unshown[1] if unshown else None
        ),
    )


def _shortened(text: str) -> str:
    """Cut long lines: an unknown rule's name is answered with the list of all rules."""
    lines = text.strip().splitlines()
    return "\n".join(line if len(line) <= LONGEST else line[:LONGEST] + " ..." for line in lines)


def _of_record(report: Report, record: dict[str, Any]) -> Diagnostic:
    path, code = as_text(record.get("path")), as_text(record.get("name"))
    message = as_text(record.get("description")) or as_text(record.get("concise_description"))
    return Diagnostic(
        tool=NAME,
        file=report.relative(path) if path else None,
        line=position(record.get("line")),
        column=position(record.get("column")),
        code=code or None,
        message=message.strip(),
        severity=SEVERITIES.get(as_text(record.get("severity")), "error"),
        topic=TOPICS.get(code),
    )
