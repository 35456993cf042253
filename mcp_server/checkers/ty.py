"""ty: the type checker, read through its GitHub annotations, the one format with every detail."""

from __future__ import annotations

import re

from mcp_server.checkers.base import PLAIN, drop_options, split_paths, tail
from mcp_server.fields import position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report, Severity
from mcp_server.repository import Found, Role, Settings
from mcp_server.status_report import remarks, settle

NAME = "ty"
ROLE = Role.TYPES

VALUED = frozenset(
    "--baseline --project --python --typeshed --extra-search-path --python-version "
    "--python-platform -c --config --config-file --error --warn --ignore --exclude".split()
)
MUTATING = frozenset({"--fix", "--add-ignore", "--update-baseline"})
# What edits files, never ends, or changes what is printed.
FLAGS = MUTATING | frozenset(
    "-W --watch -q -qq -qqq --quiet -v -vv -vvv --verbose --no-progress".split()
)
TOPICS = {"unresolved-reference": "undefined-name", "invalid-syntax": "syntax"}
SEVERITIES: dict[str, Severity] = {"warning": "warning", "notice": "note", "info": "note"}
# Paths are not escaped, so only what follows them tells where they end; nor is `%`.
ANNOTATION = re.compile(
    r"^::(?P<severity>error|warning|notice) title=ty \((?P<code>[^)]+)\)"
    r"(?:,file=(?P<file>.*?),line=(?P<line>\d+)(?:,col=(?P<column>\d+))?"
    r"(?:,endLine=\d+)?(?:,endColumn=\d+)?)?::(?P<message>.*)$"
)
CONCISE = re.compile(
    r"^(?P<file>.+?):(?P<line>\d+):(?P<column>\d+): (?P<severity>fatal|error|warning|info)"
    r"\[(?P<code>[\w-]+)\] (?P<message>.*)$"
)
INDEXED = re.compile(r"\bIndexed (\d+) file", re.MULTILINE)
NO_FILES = re.compile(r"No python files found", re.IGNORECASE)
WARNING = re.compile(r"^WARN (?!No python files|ty is pre-release)(.*)$", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise `ty check ...`."""
    if program != "ty" or args[:1] != ("check",) or {"-h", "--help"}.intersection(args):
        return None
    return args[1:]


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether the arguments ask for fixes, ignore comments or a new baseline."""
    return bool(MUTATING.intersection(args))


def detect(settings: Settings) -> Found | None:
    """Find ty's own file or table."""
    source = settings.file("ty.toml") or settings.table("ty")
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for annotations, and for the log line that counts the files."""
    return _invocation("github", args, targets)


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Ask for one line a finding where ty does not write annotations yet."""
    if report.status == 2 and "invalid value 'github'" in report.stderr:
        return _invocation("concise", args, targets)
    return None


def _invocation(form: str, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    kept = drop_options(args, FLAGS, frozenset({"--output-format", "--color"}))
    if targets:
        # `--force-exclude` came after the annotations.
        force = ("--force-exclude",) if form == "github" else ()
        kept = drop_options(kept, frozenset({"--force-exclude", "--no-force-exclude"}))
        kept = (*split_paths(kept, VALUED)[0], *force, "--", *targets)
    return Invocation(
        args=("check", f"--output-format={form}", *kept),
        # `--verbose` would count the files too, but also lengthens every message.
        env={**PLAIN, "TY_OUTPUT_FORMAT": None, "TY_LOG": "warn,ty=info"},
        changed=mutates(args) or bool({"-W", "--watch"}.intersection(args)),
    )


def parse(report: Report) -> Outcome:
    """Read one annotation a line; what concerns no place in a file is why the run failed."""
    matches = [
        match
        for line in report.stdout.split("\n")
        if (match := ANNOTATION.match(line) or CONCISE.match(line))
    ]
    found = [_of_match(report, match) for match in matches]
    failed = [one.message for one in found if one.file is None or one.code == "panic"]
    diagnostics, forgiven = settle([one for one in found if one.file is not None], report.status)
    unexplained = report.status != 0 and not diagnostics
    if failed or unexplained or report.status not in {0, 1, 2}:
        why = "\n".join(failed) or tail(_unlogged(report.stderr) or report.stdout)
        why = why or f"ty ended with status {report.status} and said nothing"
        return Outcome(diagnostics=diagnostics, problem=why)
    count = INDEXED.search(report.stderr)
    if not diagnostics and (NO_FILES.search(report.stderr) or (count and count[1] == "0")):
        return Outcome(nothing="ty found no Python files to check")
    return Outcome(
        diagnostics=diagnostics,
        checked=bool(diagnostics or count),
        remark=remarks("\n".join(WARNING.findall(report.stderr)), forgiven),
    )


def _of_match(report: Report, match: re.Match[str]) -> Diagnostic:
    code, file, line, column = match["code"], match["file"], match["line"], match["column"]
    message = match["message"].rstrip("\r")
    # The place and the rule are said again before the message; a finding that spans lines has
    # its column only there.
    if again := re.match(rf"(?:.*?:{line}:(\d+): )?{re.escape(code)}: ", message):
        column = column or again[1]
        message = message[again.end() :]
    return Diagnostic(
        tool=NAME,
        file=report.relative(file) if file else None,
        line=position(line),
        column=position(column),
        code=code,
        message=message.replace("%0D", "").replace("%0A", "\n").strip(),
        severity=SEVERITIES.get(match["severity"], "error"),
        topic=TOPICS.get(code),
    )


def _unlogged(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("INFO "))
