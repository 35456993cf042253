"""ruff check: the linter, read through its JSON lines."""

from __future__ import annotations

import re
from typing import Any

from mcp_server.checkers.base import (
    PLAIN,
    drop_options,
    ended,
    json_lines,
    lint_topic,
    no_retry,
    split_command,
    split_paths,
    unread,
)
from mcp_server.fields import as_text, position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "ruff"
ROLE = Role.LINT
retry = no_retry

VALUED = frozenset(
    "--select --extend-select --ignore --extend-ignore --per-file-ignores --fixable --unfixable "
    "--extend-per-file-ignores --extend-fixable --extend-unfixable --config --target-version "
    "--line-length --exclude --extend-exclude --output-format --output-file -o --cache-dir "
    "--stdin-filename --dummy-variable-rgx --extension --color".split()
)
# What edits files, changes where or how findings are printed, or what the status means.
FLAGS = frozenset(
    "--fix --fix-only --unsafe-fixes --no-unsafe-fixes --show-fixes --no-show-fixes --diff "
    "--watch -w --quiet -q --silent -s --verbose -v --exit-zero -e --exit-non-zero-on-fix "
    "--statistics --show-source".split()
)
MUTATING = frozenset({"--fix", "--fix-only", "--add-noqa", "--add-ignore"})
SHOWING = frozenset({"--version", "-V", "--show-files", "--show-settings", "--help", "-h"})
# Subcommands of ruff that are not a check (`ruff <path>` was one until 0.5).
OTHER = frozenset({"format", "rule", "config", "linter", "clean", "server", "analyze", "version"})
NO_FILES = re.compile(r"No Python files found")


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `ruff check ...`, and the older `ruff PATH` that meant the same."""
    before, command, rest = split_command(args, frozenset({"--config", "--color"}))
    if program != "ruff" or command is None or command in OTHER or SHOWING.intersection(args):
        return None
    return (*before, *rest) if command == "check" else args


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether the arguments ask for edits (configured fixes are switched off anyway)."""
    return any(arg.partition("=")[0] in MUTATING for arg in args)


def detect(settings: Settings) -> Found | None:
    """Find ruff's own file or table."""
    source = settings.file("ruff.toml", ".ruff.toml") or settings.table("ruff")
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for JSON lines and no edits, whatever the configuration says."""
    kept = drop_options(
        args, FLAGS, frozenset({"--output-format", "--output-file", "-o", "--color"})
    )
    kept = tuple(arg for arg in kept if arg.partition("=")[0] not in MUTATING)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--force-exclude", "--", *targets)
    flags = ("--output-format=json-lines", "--no-fix", "--no-fix-only", "--no-show-fixes")
    return Invocation(
        args=("check", *flags, *kept),
        env={**PLAIN, "RUFF_OUTPUT_FILE": None, "RUFF_OUTPUT_FORMAT": None},
        changed=mutates(args),
    )


def parse(report: Report) -> Outcome:
    """Read one JSON object a finding; a status of 2 is a configuration or usage error."""
    found = tuple(
        _diagnostic(report, record)
        for record in json_lines(report.stdout)
        if isinstance(record.get("filename"), str)
    )
    if report.status not in {0, 1} or bool(found) != (report.status == 1):
        return Outcome(diagnostics=found, problem=ended(report, NAME))
    if foreign := unread(report.stdout):
        # A damaged line was a finding, and what else is printed is not ruff's report.
        return Outcome(diagnostics=found, problem=f"ruff's report is damaged: {foreign[0]}")
    if NO_FILES.search(report.stderr) and not found:
        return Outcome(nothing="ruff found no Python files to check")
    return Outcome(diagnostics=found, checked=True)


def _diagnostic(report: Report, record: dict[str, Any]) -> Diagnostic:
    # Preview rules may have a name and no code.
    code = as_text(record.get("code")) or as_text(record.get("name")) or "invalid-syntax"
    place, fix = record.get("location"), record.get("fix")
    line, column = (
        (place.get("row"), place.get("column")) if isinstance(place, dict) else (None, None)
    )
    return Diagnostic(
        tool=NAME,
        file=report.relative(record["filename"]),
        line=position(line),
        column=position(column),
        code=code,
        message=as_text(record.get("message")).strip(),
        fix="auto" if isinstance(fix, dict) and fix.get("applicability") == "safe" else None,
        topic=lint_topic(code),
    )
