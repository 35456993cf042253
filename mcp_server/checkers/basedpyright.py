"""basedpyright: pyright's fork, read through `--outputjson` and kept from its baseline file."""

from __future__ import annotations

from mcp_server.checkers.base import PLAIN, drop_options, json_document, split_paths, tail
from mcp_server.models import Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings
from mcp_server.status_report import joined_threads, read_pyright, unflagged

NAME = "basedpyright"
ROLE = Role.TYPES

VALUED = frozenset(
    "--baselinefile -p --project --pythonplatform --pythonpath --pythonversion -t --typeshedpath "
    "-v --venvpath".split()
)
# What edits the baseline, changes the form of the output, never ends, or cannot go with the JSON.
FLAGS = frozenset(
    "--writebaseline --outputjson --stats --verbose --dependencies -w --watch".split()
)
# `--level` hides warnings from the report although they fail the run.
DROPPED = frozenset("--baselinemode --gitlabcodequality --level".split())
# Other uses of the program, with other reports.
OTHER = frozenset("--version -h --help --verifytypes --createstub".split())


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise a check of files."""
    if program != "basedpyright":
        return None
    return None if OTHER.intersection(arg.partition("=")[0] for arg in args) else args


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether the arguments ask for a new baseline (its upkeep is switched off anyway)."""
    return "--writebaseline" in args


def detect(settings: Settings) -> Found | None:
    """Find basedpyright's table, or pyright's settings in a project that has only the fork."""
    source = settings.table("basedpyright")
    if "basedpyright" in settings.dependencies and "pyright" not in settings.dependencies:
        source = source or settings.file("pyrightconfig.json") or settings.table("pyright")
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for the JSON document, and for a baseline that stays as it is."""
    return _invocation(("--baselinemode=discard",), args, targets)


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Leave the baseline's mode out where basedpyright does not know it yet."""
    if "Unexpected option" in report.stderr and "baselinemode" in report.stderr:
        return _invocation((), args, targets)
    return None


def _invocation(
    mode: tuple[str, ...], args: tuple[str, ...], targets: tuple[str, ...]
) -> Invocation:
    kept = drop_options(joined_threads(args), FLAGS, DROPPED)
    if targets:
        # There is no `--`, and a bare `--threads` would take a file that follows it.
        kept = (*unflagged(targets), *split_paths(kept, VALUED)[0])
    return Invocation(
        args=("--outputjson", *mode, *kept),
        env=PLAIN,
        changed=mutates(args) or bool({"-w", "--watch"}.intersection(args)),
    )


def parse(report: Report) -> Outcome:
    """Read the document; a run without one failed."""
    words = tail(report.stderr or report.stdout)
    return read_pyright(NAME, report, json_document(report.stdout), words)
