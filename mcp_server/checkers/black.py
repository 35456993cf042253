"""black: the formatter, asked for its differences and never for edits."""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Iterator

from mcp_server.checkers.base import (
    PLAIN,
    diff_places,
    drop_options,
    ended,
    no_review,
    separated,
    split_paths,
)
from mcp_server.fields import position
from mcp_server.models import SCRATCH, Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "black"
ROLE = Role.FORMAT
UTF8_ONLY = False
READS_MARK = True
review = no_review

VALUED = frozenset(
    "-c --code -l --line-length -t --target-version --python-cell-magics --line-ranges "
    "--required-version --exclude --extend-exclude --force-exclude --stdin-filename --include "
    "-W --workers --config --enable-unstable-feature".split()
)
SHORT = frozenset("-x -S -C -q -v -h".split())
# What changes where or how differences are printed.
FLAGS = frozenset("--check --diff --color --no-color -q --quiet -v --verbose".split())
OTHER = frozenset({"--version", "--help", "-h", "-c", "--code"})
NOTHING = re.compile(r"^No (?:Python files are present|Path provided).*", re.MULTILINE)
SUMMARY = re.compile(r"^\d+ files? would (?:be|fail)\b", re.MULTILINE)
CONSIDERED = re.compile(
    r"^(?:would reformat (?P<changed>.+)|(?P<same>.+) already well formatted, good job\."
    r"|(?P<cached>.+) wasn't modified on disk since last run\.)$",
    re.MULTILINE,
)
GIVEN_BACK = re.compile(r"^(?:reformatted .+|.+ already well formatted, good job\.)$", re.MULTILINE)
ROOT = re.compile(r"^Identified `(?P<root>.+)` as ", re.MULTILINE)
USED = re.compile(r"^Using configuration (?:from|in) '?(?P<where>.+?)'?\.$", re.MULTILINE)
STATED = re.compile(r"^(?P<key>[a-z_]+): (?P<value>.*)$")
# What a configuration says on how code is laid out, and on what is done with it.
STYLE = frozenset(
    "enable_unstable_feature experimental_string_processing fast line_length preview pyi "
    "python_cell_magics required_version safe skip_magic_trailing_comma skip_source_first_line "
    "skip_string_normalization target_version unstable".split()
)
# Printed as Python writes a list.
LISTS = frozenset({"enable_unstable_feature", "python_cell_magics", "target_version"})
WRITING = frozenset({"check", "diff"})
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
    args = separated(args, SHORT, VALUED)
    return args if program == NAME and not OTHER.intersection(args) else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether files would be rewritten, which is what black does unless told not to."""
    return not {"--check", "--diff"}.intersection(args)


def detect(settings: Settings) -> Found | None:
    """Find black's table; black names no files of its own accord."""
    source = settings.table(NAME)
    return Found(source, (".",)) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask which files differ, in the one form in which black uses its cache.

    `--verbose` brings back the summary that `quiet = true` takes away.
    """
    return _form(("--check",), args, targets)


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Ask for the differences where there are any; they are never cached."""
    differs = REFORMAT.search(report.stderr)
    return _form(("--check", "--diff"), args, targets) if differs else None


def _form(how: tuple[str, ...], args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    kept = drop_options(args, FLAGS)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    form = (*how, "--no-color", "--verbose", *kept)
    return Invocation(args=form, env=PLAIN, changed=mutates(args))


def listing(_args: tuple[str, ...], /) -> Invocation | None:
    """Ask for nothing more: the check names each file that it looks at."""
    return None


def listed(report: Report) -> frozenset[str]:
    """Return the files that the check looked at, formatted or not."""
    named = (next(filter(None, one.groups())) for one in CONSIDERED.finditer(report.stderr))
    return frozenset(report.relative(name) for name in named)


def mend(args: tuple[str, ...], file: str, report: Report) -> Invocation:
    """Ask for the content formatted with the configuration that the check used.

    That lies above all of the command's paths, and need not be the one above the file. Where it
    says that nothing is to be rewritten, a copy of it without that takes its place.
    """
    options = split_paths(drop_options(args, FLAGS), VALUED)[0]
    files: dict[str, str] = {}
    settings = _settings(report)
    if WRITING & settings.keys():
        options = drop_options(options, frozenset(), frozenset({"--config"}))
        files = {"black.toml": "\n".join(["[tool.black]", *_style(settings)])}
        options = (*options, f"--config={SCRATCH}/black.toml")
    elif not any(one.partition("=")[0] == "--config" for one in options):
        used, root = USED.search(report.stderr), ROOT.search(report.stderr)
        if used:
            path = used["where"]
            if root and path == "project root":
                path = f"{root['root']}/pyproject.toml"
            options = (*options, f"--config={path}")
        elif root:
            files = {"black.toml": ""}
            options = (*options, f"--config={SCRATCH}/black.toml")
    form = ("--no-color", "--verbose", *options, f"--stdin-filename={file}", "-")
    return Invocation(args=form, env=PLAIN, files=files)


def _settings(report: Report) -> dict[str, str]:
    """Return the configuration that the check used, as black prints it before it begins."""
    used = USED.search(report.stderr)
    said = report.stderr[used.end() :].partition("\nFound input source")[0] if used else ""
    stated = filter(None, map(STATED.match, said.split("\n")))
    return {one["key"]: one["value"] for one in stated}


def _style(settings: dict[str, str]) -> Iterator[str]:
    """Yield the settings that say how code is laid out, as lines of TOML."""
    for key in sorted(STYLE & settings.keys()):
        value: object = settings[key]
        if key in LISTS:
            with contextlib.suppress(ValueError, SyntaxError):
                value = ast.literal_eval(settings[key])
        yield f"{key} = {json.dumps(value)}"


def unmended(report: Report) -> str | None:
    """Believe a content that black says it formatted: a configured `diff` prints something else."""
    whole = report.status == 0 and report.output and GIVEN_BACK.search(report.stderr)
    return None if whole else ended(report, NAME)


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
