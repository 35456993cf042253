"""mypy: the type checker, read through `--output json`, or as text before mypy 1.11."""

from __future__ import annotations

import re

from mcp_server.checkers.base import PLAIN, drop_options, ended, json_lines, split_paths
from mcp_server.models import Diagnostic, Found, Invocation, Outcome, Report, Role, Settings

NAME = "mypy"
ROLE = Role.TYPES

VALUED = frozenset(
    "--config-file --python-version --python-executable --platform --cache-dir --exclude "
    "--follow-imports --enable-error-code --disable-error-code --enable-incomplete-feature "
    "--always-true --always-false --untyped-calls-exclude -O --output -m --module -p --package "
    "-c --command -n --num-workers --shadow-file --custom-typeshed-dir --package-root".split()
)
# What changes the form of the output, or adds reports to it.
FLAGS = frozenset(
    "--pretty --no-pretty --show-error-context --hide-error-context --show-column-numbers "
    "--hide-column-numbers --show-error-end --hide-error-end --show-error-codes "
    "--hide-error-codes --show-absolute-path --hide-absolute-path --color-output "
    "--no-color-output --error-summary --no-error-summary --verbose -v --stats "
    "--install-types --non-interactive --pdb --show-traceback --tb".split()
)
TOPICS = {"name-defined": "undefined-name", "syntax": "syntax"}
TEXT_FORM = (
    "--no-pretty --show-column-numbers --show-error-codes --hide-error-context "
    "--no-color-output --no-error-summary"
).split()
LINE = re.compile(
    r"^(?P<file>[^:\n]+):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)? "
    r"(?P<severity>error|note): (?P<message>.*?)(?:  \[(?P<code>[a-z0-9-]+)\])?$"
)
BROKEN_SETTINGS = re.compile(
    r"^\S+\.(?:toml|ini|cfg): (?!\[mypy)(?!.*: error:).*|.*No \[mypy\] section"
)
NO_FILES = re.compile(r"^There are no \.py\[i\] files in directory .*", re.MULTILINE)
IGNORED_SETTINGS = re.compile(r"^\S+: \[mypy.*")


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise mypy, and `dmypy run -- ...` as the same check (the daemon is not started)."""
    if program == "dmypy" and args[:1] == ("run",):
        return args[args.index("--") + 1 :] if "--" in args else ()
    return args if program == "mypy" and "--version" not in args else None


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether mypy would install stub packages on its way."""
    return "--install-types" in args


def detect(settings: Settings) -> Found | None:
    """Find mypy's own file, table or section.

    Where it names no files, mypy is given the packages, and the tests if the configuration
    speaks of them.
    """
    source = (
        settings.file("mypy.ini", ".mypy.ini")
        or settings.table("mypy")
        or settings.section("mypy", "setup.cfg")
    )
    if source is None:
        return None
    sections = {name: keys for one in settings.sections.values() for name, keys in one.items()}
    table = settings.tables.get("mypy", {})
    if {*table, *sections.get("mypy", {})} & {"files", "packages", "modules"}:
        return Found(source)
    spoken = (
        f"{table.get('overrides', '')} {[name for name in sections if name.startswith('mypy-')]}"
    )
    tests = [name for name in settings.tests if re.search(rf"\b{re.escape(name)}\b", spoken)]
    return Found(source, (*settings.sources, *tests) or (".",))


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for JSON lines, which no setting of the project can change."""
    return Invocation(
        args=("--output=json", *_kept(args, targets)), env=_env(), changed=mutates(args)
    )


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Ask for the plainest text where mypy does not know `--output`."""
    if report.status == 2 and "unrecognized arguments: --output" in report.stderr:
        return Invocation(args=(*TEXT_FORM, *_kept(args, targets)), env=_env())
    return None


def _kept(args: tuple[str, ...], targets: tuple[str, ...]) -> tuple[str, ...]:
    kept = drop_options(args, FLAGS, frozenset({"-O", "--output"}))
    if targets:
        kept = drop_options(kept, frozenset(), frozenset({"-m", "--module", "-p", "--package"}))
        kept = (*split_paths(kept, VALUED)[0], "--", *targets)
    return kept


def _env() -> dict[str, str | None]:
    return {**PLAIN, "MYPY_FORCE_COLOR": None, "MYPY_FORCE_TERMINAL_WIDTH": None}


def parse(report: Report) -> Outcome:
    """Read the findings on either stream; a status of 2 with findings is a blocking error."""
    # A plugin that cannot be loaded is reported as JSON on stderr.
    records = [*json_lines(report.stdout), *json_lines(report.stderr)]
    found = [
        Diagnostic(
            tool=NAME,
            file=report.relative(str(record["file"])),
            line=_position(record.get("line")),
            column=_column(record.get("column"), record.get("code")),
            code=str(record.get("code") or "") or None,
            message="\n".join(
                str(part).strip() for part in (record.get("message"), record.get("hint")) if part
            ),
            severity="note" if record.get("severity") == "note" else "error",
            topic=TOPICS.get(str(record.get("code"))),
        )
        for record in records
        if "file" in record and "message" in record
    ]
    text = [*report.stdout.splitlines(), *report.stderr.splitlines()]
    found += [_of_line(report, match) for line in text if (match := LINE.match(line))]
    # Notes stand alone only beside an error that they explain, or for reveal_type.
    errors = tuple(one for one in found if one.severity == "error")
    complaints = report.stderr.splitlines()
    broken = [line for line in complaints if BROKEN_SETTINGS.match(line)]
    if report.status == 2 and not errors and (empty := NO_FILES.search(report.stderr)):
        return Outcome(nothing=empty[0])
    crashed = any("INTERNAL ERROR" in line for line in text)
    if broken or crashed or report.status not in {0, 1, 2} or bool(errors) != bool(report.status):
        why = "\n".join(broken) or ended(report, NAME)
        return Outcome(diagnostics=errors, problem=why)
    remarks = [line for line in complaints if IGNORED_SETTINGS.match(line)]
    blocked = report.status == 2
    if blocked:
        remarks.append(
            "mypy stopped at what it found here: the rest is unchecked until that is mended"
        )
    return Outcome(
        diagnostics=errors,
        # mypy exits with 2 where it is given no file, so a status of 0 or 1 is the proof.
        checked=report.status in {0, 1} or bool(errors),
        remark="\n".join(remarks) or None,
        partial=blocked,
    )


def _position(value: object, first: int = 1) -> int | None:
    """Return a position of mypy's, counted from `first`, 1-based; -1 stands for unknown."""
    return value - first + 1 if isinstance(value, int) and value >= first else None


def _column(value: object, code: object) -> int | None:
    """Return a column of mypy's JSON, 1-based: from 0, but from 1 where it is the parser's own."""
    return _position(value, first=1 if code == "syntax" else 0)


def _of_line(report: Report, match: re.Match[str]) -> Diagnostic:
    line, column = match["line"], match["column"]
    return Diagnostic(
        tool=NAME,
        file=report.relative(match["file"]),
        line=int(line) if line else None,
        column=_column(int(column) - 1, match["code"]) if column else None,
        code=match["code"],
        message=match["message"],
        severity="note" if match["severity"] == "note" else "error",
        topic=TOPICS.get(match["code"] or ""),
    )
