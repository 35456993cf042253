"""pylint: the linter, read through its JSON and through the statistics of its text report."""

from __future__ import annotations

import re
from typing import Any

from mcp_server.checkers.base import PLAIN, drop_options, ended, json_document, split_paths
from mcp_server.fields import as_text, position
from mcp_server.models import SCRATCH, Diagnostic, Invocation, Outcome, Report, Severity
from mcp_server.repository import Found, Role, Settings
from mcp_server.status_report import settle

NAME = "pylint"
ROLE = Role.LINT

# The long options without a value; all others, hundreds with plugins, take one.
BARE = frozenset(
    "--errors-only --verbose --exit-zero --from-stdin --enable-all-extensions --recursive".split()
) - {"--recursive"}
SHORT = frozenset({"-j", "-d", "-e", "-f", "-r", "-s"})
# What changes where or how messages are printed, or what the status means.
FLAGS = frozenset({"-v", "--verbose", "--exit-zero", "-E", "--errors-only"})
DROPPED = frozenset("--output-format -f --output --reports -r --score -s --msg-template".split())
OTHER = frozenset(
    "--version --help -h --long-help --help-msg --list-msgs --list-msgs-enabled --list-groups "
    "--list-conf-levels --list-extensions --full-documentation --generate-rcfile "
    "--generate-toml-config".split()
)
SEVERITIES: dict[str, Severity] = {
    "convention": "warning",
    "refactor": "warning",
    "warning": "warning",
}
TOPICS = {
    "undefined-variable": "undefined-name",
    "unused-import": "unused-import",
    "syntax-error": "syntax",
    "wrong-import-order": "import-order",
}
# pylint says these in plain text before its JSON, and carries on with its defaults.
BROKEN_SETTINGS = re.compile(r"^(?:Failed to load '.*|.*: F0011: .*)", re.MULTILINE)
ANALYSED = re.compile(r"^[1-9]\d* (?:statements analysed|lines have been analyzed)", re.MULTILINE)
CRASHES = frozenset({"astroid-error", "method-check-failed", "bad-plugin-value"})
# Older versions spell the number otherwise.
CODES = ("symbol", "messageId", "message-id")
NOWHERE = "Command line"


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise pylint on files."""
    return args if program == NAME and not OTHER.intersection(args) else None


def mutates(args: tuple[str, ...]) -> bool:  # noqa: ARG001 - pylint has no option that edits
    """Tell that pylint never edits."""
    return False


def detect(settings: Settings) -> Found | None:
    """Find pylint's own file, table or section; it is given the sources, or all there is."""
    source = (
        settings.file("pylintrc", "pylintrc.toml", ".pylintrc", ".pylintrc.toml")
        or settings.table(NAME)
        or next((name for file in ("setup.cfg", "tox.ini") if (name := _ini(settings, file))), None)
    )
    return Found(source, settings.sources or ("--recursive=y", ".")) if source else None


def _ini(settings: Settings, file: str) -> str | None:
    sections = settings.sections.get(file, {})
    name = next((name for name in sections if name.startswith("pylint")), None)
    return f"{file} [{name}]" if name else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for JSON, and for the statistics beside it: `modulesLinted` is 2 where nothing was."""
    return _form("json2", args, targets)


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Ask for the older JSON where pylint is older than 3.0."""
    if re.search(r"InvalidReporterError: json2\s*$", report.stderr):
        return _form("json", args, targets)
    return None


def _form(json: str, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    kept = drop_options(args, FLAGS, DROPPED)
    if targets:
        valued = SHORT.union(arg for arg in kept if arg.startswith("--")) - BARE
        kept = (*split_paths(kept, valued)[0], *targets)
    # The errors-only mode takes the statistics away; this leaves the same messages.
    errors_only = bool({"-E", "--errors-only"}.intersection(args))
    return Invocation(
        args=(
            *kept,
            *(["--disable=W,C,R,I"] if errors_only else []),
            f"--output-format={json},text:{SCRATCH}/report",
            "--reports=y",
        ),
        env=PLAIN,
        changed=errors_only or "--exit-zero" in args,
    )


def parse(report: Report) -> Outcome:
    """Read the messages, the statistics as the proof, and complaints about the configuration."""
    document = json_document(report.stdout)
    messages = document.get("messages") if isinstance(document, dict) else document
    if not isinstance(messages, list):
        if report.status == 32 and "No files to lint" in report.stdout:
            return Outcome(nothing="pylint was given no files, or every message is disabled")
        return Outcome(problem=ended(report, NAME))
    # An informational message is no finding: pylint's own status ignores it.
    found = tuple(
        _diagnostic(report, record)
        for record in messages
        if isinstance(record, dict) and record.get("type") != "info"
    )
    broken = [match[0] for match in BROKEN_SETTINGS.finditer(report.stdout + "\n" + report.stderr)]
    crashed = [one.message for one in found if one.code in CRASHES]
    if broken or crashed:
        why = "\n".join(dict.fromkeys([*broken, *crashed])).strip()
        return Outcome(diagnostics=found, problem=why or ended(report, NAME))
    # 1 to 31 is a mask of the kinds of messages; `fail-under` makes it 0 in spite of messages.
    status = 32 if report.status is None else report.status
    if status >= 32 or (status and not found):
        return Outcome(diagnostics=found, problem=ended(report, NAME))
    if status == 0 and not ANALYSED.search(report.record):
        return Outcome(diagnostics=found, nothing="pylint analysed no file")
    # With `fail-under` the project allows messages, and the status says so.
    failing, allowed = settle(found, status)
    return Outcome(diagnostics=failing, checked=True, remark=allowed)


def _diagnostic(report: Report, record: dict[str, Any]) -> Diagnostic:
    # The symbol, not the number: it says what is meant, and comments disable by either.
    code = next(filter(None, (as_text(record.get(key)) for key in CODES)), "")
    path = record.get("path")
    placed = isinstance(path, str) and path != "" and not path.startswith(NOWHERE)
    return Diagnostic(
        tool=NAME,
        file=report.relative(as_text(path)) if placed else None,
        line=position(record.get("line")) if placed else None,
        column=position(record.get("column"), first=0) if placed else None,
        code=code or None,
        message=as_text(record.get("message")).strip(),
        symbol=as_text(record.get("obj")) or None,
        severity=SEVERITIES.get(as_text(record.get("type")), "error"),
        topic=TOPICS.get(code),
    )
