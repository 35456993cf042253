"""black: the formatter, asked for its differences and never for edits."""

from __future__ import annotations

import re

from mcp_server.checkers.base import (
    PLAIN,
    diff_places,
    drop_options,
    ended,
    no_retry,
    split_paths,
)
from mcp_server.fields import position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "black"
ROLE = Role.FORMAT
retry = no_retry

VALUED = frozenset(
    "-c --code -l --line-length -t --target-version --python-cell-magics --line-ranges "
    "--required-version --exclude --extend-exclude --force-exclude --stdin-filename --include "
    "-W --workers --config --enable-unstable-feature".split()
)
# What changes where or how differences are printed.
FLAGS = frozenset("--check --diff --color --no-color -q --quiet -v --verbose -qv -vq".split())
OTHER = frozenset({"--version", "--help", "-h", "-c", "--code"})
NOTHING = re.compile(r"^No (?:Python files are present|Path provided).*", re.MULTILINE)
SUMMARY = re.compile(r"^\d+ files? would (?:be|fail)\b", re.MULTILINE)
REFORMAT = re.compile(r"^would reformat (?P<file>.+)$", re.MULTILINE)
UNKNOWN_KEYS = re.compile(r"^Invalid config keys detected: .*", re.MULTILINE)
# Black 26 names the place after the path and the reason lines later, older ones in one message.
PARSE = re.compile(
    r"error: cannot (?:parse[^:]*: (?P<file>.+?):|format (?P<old>.+?): cannot parse[^:]*: )"
    r"(?P<line>\d+):(?P<column>\d+)(?:: (?P<why>.*))?",
    re.IGNORECASE,
)
FORMAT = re.compile(r"error: cannot format (?P<file>.+?): (?P<why>.*)")
REASON = re.compile(r"(?P<kind>Parse|Token)Error: (?P<why>.*)")


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise black on files."""
    return args if program == NAME and not OTHER.intersection(args) else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether files would be rewritten, which is what black does unless told not to."""
    return not {"--check", "--diff"}.intersection(args)


def detect(settings: Settings) -> Found | None:
    """Find black's table; black names no files of its own accord."""
    source = settings.table(NAME)
    return Found(source, (".",)) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for differences; `--verbose` brings back the summary that `quiet = true` takes away."""
    kept = drop_options(args, FLAGS)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    return Invocation(
        args=("--check", "--diff", "--no-color", "--verbose", *kept),
        env=PLAIN,
        changed=mutates(args),
    )


def parse(report: Report) -> Outcome:
    """Read the files named on stderr, their first changed lines, and the summary as the proof."""
    places = {
        report.relative(path): (line, text) for path, line, text in diff_places(report.stdout)
    }
    unformatted = tuple(
        Diagnostic(
            tool=NAME,
            file=file,
            line=line,
            code="unformatted",
            message="would reformat",
            fix="auto",
            topic="format",
            detail=text,
        )
        for match in REFORMAT.finditer(report.stderr)
        for file in [report.relative(match["file"])]
        for line, text in [places.get(file, (None, None))]
    )
    failed, crashed = _failures(report)
    found = (*unformatted, *failed)
    if NOTHING.search(report.stderr) and report.status == 0 and not found:
        return Outcome(nothing="black found no Python files to check")
    # A required version and a broken configuration end with the status of "would reformat".
    agreed = {None: False, 0: not found, 1: bool(found), 123: bool(failed or crashed)}
    if crashed or not SUMMARY.search(report.stderr) or not agreed.get(report.status):
        return Outcome(diagnostics=found, problem=crashed or ended(report, NAME))
    ignored = UNKNOWN_KEYS.search(report.stderr)
    return Outcome(diagnostics=found, checked=True, remark=ignored[0] if ignored else None)


def _failures(report: Report) -> tuple[tuple[Diagnostic, ...], str | None]:
    """Return what is wrong with files that black cannot format, and what is wrong with black."""
    found: list[Diagnostic] = []
    crashed = None
    lines = report.stderr.split("\n")
    for number, text in enumerate(lines):
        if text.startswith("error: ") and "INTERNAL ERROR" in text:
            crashed = "\n".join(lines[number : number + 4])
        elif match := PARSE.fullmatch(text):
            found.append(_syntax(report, match, lines[number + 1 :]))
        elif match := FORMAT.fullmatch(text):
            file = report.relative(match["file"])
            topic = "syntax" if "failed to parse" in match["why"] else None
            found.append(
                Diagnostic(
                    tool=NAME, file=file, code="unreadable", message=match["why"], topic=topic
                )
            )
    return tuple(found), crashed


def _syntax(report: Report, match: re.Match[str], following: list[str]) -> Diagnostic:
    reasons = (REASON.fullmatch(line) for line in following[:4])
    reason = None if match["why"] else next((one for one in reasons if one), None)
    # Columns count from 0, except a TokenError's, which point past what they mean.
    column = None if reason and reason["kind"] == "Token" else position(match["column"], first=0)
    why = match["why"] or (reason["why"] if reason else "")
    return Diagnostic(
        tool=NAME,
        file=report.relative(match["file"] or match["old"]),
        line=position(match["line"]),
        column=column,
        code="invalid-syntax",
        message=f"cannot parse: {why.strip()}" if why else "cannot parse",
        topic="syntax",
    )
