"""pyright: the type checker, read through `--outputjson`."""

from __future__ import annotations

from mcp_server.checkers.base import (
    PLAIN,
    drop_options,
    json_document,
    no_retry,
    split_paths,
    tail,
)
from mcp_server.models import Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings
from mcp_server.status_report import joined_threads, read_pyright, unflagged

NAME = "pyright"
ROLE = Role.TYPES
retry = no_retry

VALUED = frozenset(
    "--level -p --project --pythonplatform --pythonpath --pythonversion -t --typeshedpath "
    "-v --venvpath".split()
)
# What changes the form of the output, never ends, or cannot go with the JSON.
FLAGS = frozenset("--outputjson --stats --verbose --dependencies -w --watch".split())
# Other uses of the program, with other reports.
OTHER = frozenset("--version -h --help --verifytypes --createstub".split())


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise a check of files, under either name that the package installs."""
    if program not in {"pyright", "pyright-python"}:
        return None
    return None if OTHER.intersection(arg.partition("=")[0] for arg in args) else args


def mutates(args: tuple[str, ...]) -> bool:  # noqa: ARG001 - the protocol's
    """Tell that a check never writes."""
    return False


def detect(settings: Settings) -> Found | None:
    """Find pyright's own table or file, unless the project has basedpyright to read them."""
    if "basedpyright" in settings.dependencies and "pyright" not in settings.dependencies:
        return None
    source = settings.file("pyrightconfig.json") or settings.table("pyright")
    return Found(source) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for the JSON document, which no setting of the project can change."""
    # Warnings that fail the run must not be hidden from the report.
    hidden = {"--level"} if "--warnings" in args else set()
    kept = drop_options(joined_threads(args), FLAGS, frozenset(hidden))
    if targets:
        # There is no `--`, and a bare `--threads` would take a file that follows it.
        kept = (*unflagged(targets), *split_paths(kept, VALUED)[0])
    return Invocation(
        args=("--outputjson", *kept),
        # The wrapper from PyPI would warn, on stdout, of a newer pyright.
        env={**PLAIN, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_DEBUG": None},
        changed=bool({"-w", "--watch"}.intersection(args)),
    )


def parse(report: Report) -> Outcome:
    """Read the document; a run without one failed."""
    words = tail(report.stderr or report.stdout)
    return read_pyright(NAME, report, json_document(report.stdout), words)
