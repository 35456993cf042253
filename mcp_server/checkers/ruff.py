"""ruff check: the linter, read through its JSON lines."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mcp_server.checkers.base import (
    PLAIN,
    drop_options,
    ended,
    json_lines,
    lint_topic,
    named_files,
    no_retry,
    separated,
    split_command,
    split_paths,
    unread,
)
from mcp_server.fields import as_text, position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "ruff"
ROLE = Role.LINT
UTF8_ONLY = True
READS_MARK = True
retry = no_retry

VALUED = frozenset(
    "--select --extend-select --ignore --extend-ignore --per-file-ignores --fixable --unfixable "
    "--extend-per-file-ignores --extend-fixable --extend-unfixable --config --target-version "
    "--line-length --exclude --extend-exclude --output-format --output-file -o --cache-dir "
    "--stdin-filename --dummy-variable-rgx --extension --color".split()
)
# What edits files, changes where or how findings are printed, or what the status means.
FLAGS = frozenset(
    "--fix --no-fix --fix-only --no-fix-only --unsafe-fixes --no-unsafe-fixes --show-fixes "
    "--no-show-fixes --diff --watch -w --quiet -q --silent -s --verbose -v --exit-zero -e "
    "--exit-non-zero-on-fix --statistics --show-source".split()
)
MUTATING = frozenset({"--fix", "--fix-only", "--add-noqa", "--add-ignore"})
SHORT = frozenset("-w -q -s -v -e -n -h -V".split())
SHOWING = frozenset({"--version", "-V", "--show-files", "--show-settings", "--help", "-h"})
# Subcommands of ruff that are not a check (`ruff <path>` was one until 0.5).
OTHER = frozenset({"format", "rule", "config", "linter", "clean", "server", "analyze", "version"})
EXCLUDING = frozenset({"--force-exclude", "--no-force-exclude"})
NAMING = frozenset({"--stdin-filename"})
FIXED = re.compile(r"^Fixed \d+ errors?\b", re.MULTILINE)
REPORTING = frozenset({"--output-format", "--output-file", "-o", "--color"})
ENV: dict[str, str | None] = {**PLAIN, "RUFF_OUTPUT_FILE": None, "RUFF_OUTPUT_FORMAT": None}
NO_FILES = re.compile(r"No Python files found")


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `ruff check ...`, and the older `ruff PATH` that meant the same."""
    args = separated(args, SHORT, VALUED)
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
    kept = _kept(args)
    if targets:
        kept = (*_options(args), "--force-exclude", "--", *targets)
    flags = ("--output-format=json-lines", "--no-fix", "--no-fix-only", "--no-show-fixes")
    return Invocation(
        args=("check", *flags, *kept),
        env=ENV,
        changed=mutates(args),
    )


def listing(args: tuple[str, ...]) -> Invocation:
    """Ask which files are checked."""
    return Invocation(args=("check", "--show-files", *_kept(args)), env=ENV)


listed = named_files


def mend(args: tuple[str, ...], file: str, _report: Report) -> Invocation:
    """Ask for the fixes that ruff reports as safe, and for nothing where the file is excluded.

    `unsafe-fixes = true` makes unsafe fixes be applied, not safe, so it is overruled; what
    `extend-safe-fixes` names is reported as safe, and so is what `extend-unsafe-fixes` does not.
    """
    flags = ("--fix-only", "--no-unsafe-fixes", "--no-show-fixes")
    return Invocation(args=("check", *flags, *_options(args), *_stdin(file)), env=ENV)


def unmended(report: Report) -> str | None:
    """Believe a content that is gone only where fixes are said to have taken it away."""
    whole = report.status == 0 and (report.output or FIXED.search(report.stderr))
    return None if whole else ended(report, NAME)


def review(args: tuple[str, ...], file: str) -> Invocation:
    """Ask for what is left in the content."""
    return Invocation(args=(*invoke(_options(args), ()).args, *_stdin(file)), env=ENV)


def _kept(args: tuple[str, ...]) -> tuple[str, ...]:
    kept = drop_options(args, FLAGS, REPORTING)
    return tuple(arg for arg in kept if arg.partition("=")[0] not in MUTATING)


def _options(args: tuple[str, ...]) -> tuple[str, ...]:
    # ruff refuses an option that is given twice; `invoke` drops those that it gives.
    return drop_options(split_paths(_kept(args), VALUED)[0], EXCLUDING, NAMING)


def _stdin(file: str) -> tuple[str, ...]:
    return ("--force-exclude", f"--stdin-filename={file}", "-")


def parse(report: Report) -> Outcome:
    """Read one JSON object a finding; a status of 2 is a configuration or usage error."""
    found = tuple(
        _diagnostic(report, record)
        for record in json_lines(report.stdout)
        if isinstance(record.get("filename"), str)
    )
    # A file that cannot be parsed is not touched by any fixer.
    broken = {one.file for one in found if one.topic == "syntax"}
    found = tuple(replace(one, fix=None) if one.file in broken else one for one in found)
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
