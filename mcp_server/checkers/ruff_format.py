"""ruff format: the formatter, asked for its differences and never for edits."""

from __future__ import annotations

import re
from itertools import zip_longest

from mcp_server.checkers.base import (
    PLAIN,
    diff_places,
    drop_options,
    ended,
    named_files,
    no_retry,
    no_review,
    separated,
    split_command,
    split_paths,
)
from mcp_server.fields import position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "ruff-format"
ROLE = Role.FORMAT
UTF8_ONLY = True
READS_MARK = True
retry = no_retry
listed = named_files
review = no_review

VALUED = frozenset(
    "--config --target-version --line-length --exclude --extend-exclude --extension --range "
    "--cache-dir --stdin-filename --color --output-format".split()
)
ENV: dict[str, str | None] = {**PLAIN, "RUFF_OUTPUT_FORMAT": None}
SHORT = frozenset("-q -s -v -n -h -V".split())
# What changes where or how differences are printed, or what the status means.
FLAGS = frozenset(
    "--check --diff --quiet -q --silent -s --verbose -v --exit-non-zero-on-format".split()
)
# What says which files there are; of the formatter's options `ruff check` knows not all.
FINDING_OPTIONS = frozenset({"--config", "--exclude", "--extend-exclude"})
FINDING_FLAGS = frozenset(
    "--respect-gitignore --no-respect-gitignore --force-exclude --no-force-exclude "
    "--isolated".split()
)
COMPLAINT = re.compile(r"^error: (?P<text>.*)$", re.MULTILINE)
SYNTAX = re.compile(r"Failed to parse (?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<why>.*)")
UNREADABLE = re.compile(r"Failed to (?:read|format) (?P<file>.+?): (?P<why>.*)")
CELL = re.compile(r":cell \d+$")
SUMMARY = re.compile(r"^\d+ files? (?:would be reformatted|already formatted)", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `ruff format ...`, also behind global options."""
    args = separated(args, SHORT, VALUED)
    before, command, rest = split_command(args, frozenset({"--config", "--color"}))
    return (*before, *rest) if program == "ruff" and command == "format" else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether files would be rewritten, which is what ruff format does unless told not to."""
    return not {"--check", "--diff"}.intersection(args)


def detect(settings: Settings) -> Found | None:
    """Find a `format` table: ruff's own table speaks of the linter as well."""
    if "format" not in settings.tables.get("ruff", {}):
        return None
    file = settings.file("ruff.toml", ".ruff.toml")
    return Found(f"{file} [format]" if file else "pyproject.toml [tool.ruff.format]")


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for differences.

    JSON is unknown before 0.13 and preview-only in 0.15, and prints the same `[]` for files that
    are formatted and for files that `format.exclude` leaves out; differences come with a count.
    """
    kept = _kept(args)
    if targets:
        kept = (*_options(args), "--force-exclude", "--", *targets)
    return Invocation(
        args=("format", "--diff", *kept),
        env=ENV,
        changed=mutates(args),
    )


def listing(args: tuple[str, ...]) -> Invocation:
    """Ask the linter, which finds files as the formatter does, for their names."""
    options, paths = split_paths(args, VALUED)
    kept: list[str] = []
    for option, value in zip_longest(options, options[1:], fillvalue=""):
        if option in FINDING_OPTIONS:
            kept += [option, value]
        elif option in FINDING_FLAGS or option.partition("=")[0] in FINDING_OPTIONS:
            kept.append(option)
    return Invocation(args=("check", "--show-files", *kept, "--", *paths), env=ENV)


def mend(args: tuple[str, ...], file: str, _report: Report) -> Invocation:
    """Ask for the content formatted, and for no change where the file is excluded."""
    form = ("--force-exclude", f"--stdin-filename={file}", "-")
    return Invocation(args=("format", *_options(args), *form), env=ENV)


def unmended(report: Report) -> str | None:
    """Believe a content that ended well: no setting makes ruff print anything else."""
    return None if report.status == 0 and report.output else ended(report, NAME)


def _kept(args: tuple[str, ...]) -> tuple[str, ...]:
    return drop_options(args, FLAGS, frozenset({"--output-format", "--color"}))


def _options(args: tuple[str, ...]) -> tuple[str, ...]:
    # ruff refuses an option that is given twice.
    excluding = frozenset({"--force-exclude", "--no-force-exclude"})
    return drop_options(
        split_paths(_kept(args), VALUED)[0], excluding, frozenset({"--stdin-filename"})
    )


def parse(report: Report) -> Outcome:
    """Read one difference a file, the complaints on stderr and the count of files."""
    found: dict[str, Diagnostic] = {}
    for path, line, text in diff_places(report.stdout):
        file = report.relative(CELL.sub("", path))
        found.setdefault(
            file,
            Diagnostic(
                tool=NAME,
                file=file,
                line=line,
                code="unformatted",
                message="File would be reformatted",
                fix="auto",
                topic="format",
                detail=text,
            ),
        )
    complaints = [match["text"] for match in COMPLAINT.finditer(report.stderr)]
    unread = [(text, _complaint(report, text)) for text in complaints]
    diagnostics = (*found.values(), *(one for _, one in unread if one is not None))
    unknown = [text for text, one in unread if one is None]
    if unknown or report.status not in {0, 1, 2} or bool(diagnostics) != (report.status != 0):
        return Outcome(diagnostics=diagnostics, problem=ended(report, NAME))
    if not diagnostics and not SUMMARY.search(report.stderr):
        return Outcome(nothing="ruff format found no Python files to check")
    return Outcome(diagnostics=diagnostics, checked=True)


def _complaint(report: Report, text: str) -> Diagnostic | None:
    if match := SYNTAX.fullmatch(text):
        return Diagnostic(
            tool=NAME,
            file=report.relative(match["file"]),
            line=position(match["line"]),
            column=position(match["column"]),
            code="invalid-syntax",
            message=match["why"],
            topic="syntax",
        )
    if match := UNREADABLE.fullmatch(text):
        return Diagnostic(
            tool=NAME, file=report.relative(match["file"]), code="io", message=match["why"]
        )
    return None
