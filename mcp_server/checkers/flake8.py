"""flake8: the linter, read through our own formatter, since none of its own is unambiguous."""

from __future__ import annotations

from typing import Any

from mcp_server.checkers.base import (
    PLAIN,
    drop_options,
    ended,
    json_lines,
    lint_topic,
    no_retry,
    split_paths,
    unread,
)
from mcp_server.fields import as_text, position
from mcp_server.models import SCRATCH, Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "flake8"
ROLE = Role.LINT
retry = no_retry

CONFIG = "hdb-flake8.cfg"
# `report` replaces the project's own formatters and nothing else: the files are merged key by
# key, so that its `extension` and `paths` stand. A quiet setting picks a formatter by name, and
# some configuration plugins set it after every file; hence the names that it picks.
SETTINGS = """\
[flake8]
verbose = 0
output-file =
[flake8:local-plugins]
report =
    hdb = hdb_flake8_formatter:Formatter
    quiet-filename = hdb_flake8_formatter:Formatter
    quiet-nothing = hdb_flake8_formatter:Formatter
"""
VALUED = frozenset(
    "--output-file --append-config --config --enable-extensions --require-plugins --color "
    "--exclude --extend-exclude --filename --stdin-display-name --format --hang-closing --ignore "
    "--extend-ignore --per-file-ignores --max-line-length --max-doc-length --indent-size --select "
    "--extend-select --jobs -j --max-complexity --builtins --doctests --include-in-doctest "
    "--exclude-from-doctest".split()
) - {"--hang-closing", "--doctests"}
# What changes where or how violations are printed, or what the status means.
FLAGS = frozenset(
    "-v -vv -vvv --verbose -q -qq --quiet --count --exit-zero --show-source --no-show-source "
    "--statistics --benchmark --tee --isolated".split()
)
DROPPED = frozenset({"--format", "--output-file", "--color"})
OTHER = frozenset({"--version", "--help", "-h", "--bug-report"})


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise flake8, and pflake8 and flake8p, which read its settings from pyproject."""
    return (
        args if program in {NAME, "pflake8", "flake8p"} and not OTHER.intersection(args) else None
    )


def mutates(args: tuple[str, ...]) -> bool:  # noqa: ARG001 - flake8 has no option that edits
    """Tell that flake8 never edits."""
    return False


def detect(settings: Settings) -> Found | None:
    """Find flake8's section in the three files it reads, or the table that two plugins read."""
    source = settings.section(NAME, "setup.cfg", "tox.ini", ".flake8")
    if source is None and {"flake8-pyproject", "pyproject-flake8"} & settings.dependencies:
        source = settings.table(NAME)
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Register our formatter through an appended configuration file."""
    kept = drop_options(args, FLAGS, DROPPED)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    # `--isolated` would ignore the appended file as well; as the only file it isolates as much.
    how = "--config" if "--isolated" in args else "--append-config"
    if "--isolated" in args:
        kept = drop_options(kept, frozenset(), frozenset({"--config", "--append-config"}))
    return Invocation(
        args=(f"{how}={SCRATCH}/{CONFIG}", "--format=hdb", *kept),
        env=PLAIN,
        files={CONFIG: SETTINGS},
        inject=True,
        changed="--exit-zero" in args,
    )


def parse(report: Report) -> Outcome:
    """Read the record of our formatter; without its last line flake8 did not run to its end."""
    records = list(json_lines(report.record))
    events = [record.get("event") for record in records]
    found = tuple(
        _violation(report, record)
        for record in records
        if record.get("event") == "violation" and isinstance(record.get("file"), str)
    )
    # A crashing plugin and an unreadable configuration end with the status of a finding.
    if "end" not in events or report.status not in {0, 1} or bool(found) != (report.status == 1):
        return Outcome(diagnostics=found, problem=ended(report, NAME))
    if lost := unread(report.record):
        return Outcome(diagnostics=found, problem=f"flake8's report is damaged: {lost[0]}")
    if "file" not in events:
        return Outcome(nothing="flake8 found no files to check")
    return Outcome(diagnostics=found, checked=True)


def _violation(report: Report, record: dict[str, Any]) -> Diagnostic:
    code, line = as_text(record.get("code")), position(record.get("line"))
    return Diagnostic(
        tool=NAME,
        file=report.relative(record["file"]),
        line=line,
        column=position(record.get("column")) if line else None,
        code=code or None,
        message=as_text(record.get("message")).strip(),
        topic=lint_topic(code),
    )
