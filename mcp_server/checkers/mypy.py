"""mypy: the type checker, read through `--output json`, or as text before mypy 1.11."""

from __future__ import annotations

import re

from mcp_server.checkers.base import PLAIN, drop_options, ended, json_lines, split_paths, unread
from mcp_server.fields import as_text, position
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

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
    "--no-color-output --error-summary"
).split()
LINE = re.compile(
    r"^(?P<file>[^:\n]+):(?:(?P<line>\d+):)?(?:(?P<column>\d+):)? "
    r"(?P<severity>error|note): (?P<message>.*?)(?:  \[(?P<code>[a-z0-9-]+)\])?$"
)
BROKEN_SETTINGS = re.compile(
    r"^\S+\.(?:toml|ini|cfg): (?!\[(?:mypy|module = ))(?!.*: error:).*|.*No \[mypy\] section"
)
NO_FILES = re.compile(r"^There are no \.py\[i\] files in directory .*", re.MULTILINE)
# What mypy says of reports that the project asks for besides.
SAID = re.compile(r"^Generated .* report\b|^(?:Success: no issues|Found \d+ error)")
IGNORED_SETTINGS = re.compile(r"^\S+: \[(?:mypy|module = ).*")
SUM = re.compile(r"^(?:Success: no issues found|Found (\d{1,6}) errors?) in [1-9]", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise mypy, and `dmypy run -- ...` as the same check (the daemon is not started)."""
    if program == "dmypy" and args[:1] == ("run",):
        return args[args.index("--") + 1 :] if "--" in args else ()
    # A program in the command line is a question to mypy, and no check of files.
    return args if program == "mypy" and not {"--version", "-c"}.intersection(args) else None


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
    """Ask for the plainest text where mypy does not know `--output`.

    So as well where something else prints among the JSON: the text ends with a sum, which proves
    that nothing is missing.
    """
    unknown = report.status == 2 and "unrecognized arguments: --output" in report.stderr
    if unknown or (report.status in {0, 1} and _foreign(report)):
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
            file=report.relative(as_text(record["file"])),
            line=position(record.get("line")),
            column=_column(record.get("column"), record.get("code"), first=0),
            code=as_text(record.get("code")) or None,
            message="\n".join(
                part.strip() for key in ("message", "hint") if (part := as_text(record.get(key)))
            ),
            severity="note" if record.get("severity") == "note" else "error",
            topic=TOPICS.get(as_text(record.get("code"))),
        )
        for record in records
        if "file" in record and "message" in record
    ]
    lines = [*report.stdout.split("\n"), *report.stderr.split("\n")]
    found += [_of_line(report, match) for line in lines if (match := LINE.match(line))]
    # Notes stand alone only beside an error that they explain, or for reveal_type.
    errors = tuple(one for one in found if one.severity == "error")
    complaints = report.stderr.splitlines()
    broken = [line for line in complaints if BROKEN_SETTINGS.match(line)]
    # A plugin that does not load, told as an error in the file that names it.
    broken += [one.message for one in errors if report.status == 2 and _is_settings(one.file)]
    if report.status == 2 and not errors and (empty := NO_FILES.search(report.stderr)):
        return Outcome(nothing=empty[0])
    crashed = any("INTERNAL ERROR" in line for line in lines)
    if broken or crashed or report.status not in {0, 1, 2} or bool(errors) != bool(report.status):
        why = "\n".join(broken) or ended(report, NAME)
        return Outcome(diagnostics=errors, problem=why)
    remarks = [line for line in complaints if IGNORED_SETTINGS.match(line)]
    if foreign := _foreign(report):
        told = SUM.findall(report.stdout)
        if [int(number or 0) for number in told] != [len(errors)]:
            # A damaged line was a finding, and what else is printed is not mypy's report.
            why = f"mypy's report holds what hdb cannot read: {foreign[0]}"
            return Outcome(diagnostics=errors, problem=why)
        remarks.append(f"printed beside mypy's report: {foreign[0]}")
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


def _foreign(report: Report) -> list[str]:
    """Return the lines on stdout that are not mypy's."""
    return [line for line in unread(report.stdout) if not (LINE.match(line) or SAID.match(line))]


def _is_settings(file: str | None) -> bool:
    return file is not None and file.endswith((".toml", ".ini", ".cfg"))


def _column(value: object, code: object, *, first: int) -> int | None:
    """Return a column that counts from `first`, or from one more where it is the parser's own."""
    return position(value, first=first + (code == "syntax"))


def _of_line(report: Report, match: re.Match[str]) -> Diagnostic:
    line, column = match["line"], match["column"]
    return Diagnostic(
        tool=NAME,
        file=report.relative(match["file"]),
        line=position(line),
        column=_column(column, match["code"], first=1),
        code=match["code"],
        message=match["message"],
        severity="note" if match["severity"] == "note" else "error",
        topic=TOPICS.get(match["code"] or ""),
    )
