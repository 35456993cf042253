"""isort: the import sorter, asked for its differences and never for edits."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from mcp_server.checkers.base import (
    PLAIN,
    diff_places,
    drop_options,
    ended,
    named_files,
    no_review,
    separated,
    split_paths,
)
from mcp_server.fields import count
from mcp_server.models import Diagnostic, Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

NAME = "isort"
ROLE = Role.IMPORTS
UTF8_ONLY = False
READS_MARK = False
listed = named_files
review = no_review

VALUED = frozenset(
    "--sp --settings-path --settings-file --settings --cr --config-root --profile --format-error "
    "--format-success -s --skip --extend-skip --sg --skip-glob --extend-skip-glob --ext "
    "--extension --supported-extension --blocked-extension --filename -a --add-import --af "
    "--rm --remove-import --fgw --force-grid-wrap --fs --forced-separate -i --indent --lbi "
    "--lines-before-imports --lai --lines-after-imports --lbt --lines-between-types --le "
    "--line-ending -m --multi-line --sort-order --nsl --single-line-exclusions -l -w "
    "--line-length --line-width --wl --wrap-length --treat-comment-as-code --formatter "
    "--ext-format --sd --section-default --default-section -t --top --nlb --no-lines-before "
    "--src --src-path -b --builtin --extra-builtin -f --future -o --thirdparty -p --project "
    "--known-local-folder --virtual-env --conda-env --py --python-version".split()
) - {"--af"}
CHECKING = frozenset({"--check", "--check-only", "-c", "--diff", "--df", "-df", "-d", "--stdout"})
# What changes where or how differences are printed; workers' output would be interleaved.
FLAGS = CHECKING | frozenset(
    "-v --verbose -q --quiet --only-modified --om --color --interactive".split()
)
OTHER = frozenset("--version -V --vn --version-number --show-config --show-files --help -h".split())
# Every other long option: argparse takes a beginning that only one option has for that option.
OTHERS = frozenset(
    "--ac --af --allow-root --append --append-only --atomic --attributes --balanced --ca "
    "--case-sensitive --combine-as --combine-star --combine-straight-imports --cs --csi "
    "--dedup-headings --dont-float-to-top --dont-follow-links --dont-order-by-type --ds --dt "
    "--ensure-newline-before-comments --fas --fass --ff --filter-files --float-to-top "
    "--follow-links --force-adds --force-alphabetical-sort "
    "--force-alphabetical-sort-within-sections --force-single-line-imports "
    "--force-sort-within-sections --from-first --fss --gitignore --hcss "
    "--honor-case-in-force-sorted-sections --honor-noqa --ignore-whitespace --jobs "
    "--length-sort --length-sort-straight --ls --lss --modules --nis --no-inline-sort "
    "--no-sections --only-sections --order-by-type --os --ot --overwrite-in-place --packages "
    "--remove-redundant-aliases --resolve-all-configs --reverse-relative --reverse-sort --rr "
    "--skip-gitignore --sl --sort-reexports --sort-relative-in-force-sorted-sections "
    "--split-on-trailing-comma --srss --srx --star-first --tc --top-only --trailing-comma "
    "--treat-all-comment-as-code --unique --up --use-parentheses --ws".split()
)
LONG = VALUED | FLAGS | OTHER | OTHERS
# isort took these for long options before 9, where most are short ones in a row.
OLD = frozenset(
    "-ac -af -ca -cs -df -ds -dt -fas -fass -ff -fgw -fss -lai -lbt -le -ls -nis -nlb -ot -rr -sd "
    "-sg -sl -sp -tc -wl -ws".split()
)
SHORT = OLD | frozenset("-c -d -e -h -n -q -v -V".split())
SETTINGS = frozenset("--sp --settings-path --settings-file --settings".split())
RESOLVE = "--resolve-all-configs"
SORTED, UNSORTED = "hdb-sorted", "hdb-unsorted"
MESSAGE = "Imports are incorrectly sorted and/or formatted."
FORM = (
    "--check-only",
    "--diff",
    "--verbose",
    f"--format-success={SORTED} {{message}}",
    f"--format-error={UNSORTED} {{message}}",
)
# Settings that `--resolve-all-configs` finds for a file take the place of all options.
FINDING = re.compile(rf"^(?:{UNSORTED}|ERROR:) (?P<file>.+) {re.escape(MESSAGE)}$", re.MULTILINE)
IN_ORDER = re.compile(rf"^(?:{SORTED}|SUCCESS:) ", re.MULTILINE)
BANNER = "isort your imports, so you don't have to."
# isort carries on after each of these, and ends with 0 when the other files are sorted.
OMITTED = re.compile(
    r"Encoding not supported for .*|Unable to parse file .* due to .*"
    r"|.* was broken path, make sure it exists correctly"
    r"|Failed to pull configuration information from .*"
    r"|A custom settings file was specified: .*"
)
SKIPPED = re.compile(r"^Skipped (?P<count>\d+) files$", re.MULTILINE)
SETTING = " was skipped as it's listed in 'skip' setting"
# A line of `--show-files`.
LISTED = re.compile(r"^\S.*\.(?:pxd|pyi?|pyx)$", re.MULTILINE)
IGNORED = re.compile(r"Warning: (?P<why>`known_.*)$", re.MULTILINE)


def recognise(program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
    """Recognise isort on files."""
    if program != NAME:
        return None
    args = separated(tuple(map(_in_full, args)), SHORT, VALUED)
    return None if OTHER.intersection(args) else args


def _in_full(arg: str) -> str:
    name, equals, value = arg.partition("=")
    meant = [one for one in LONG if one.startswith(name)] if re.match(r"--\w", name) else []
    return meant[0] + equals + value if len(meant) == 1 else arg


def mutates(args: tuple[str, ...]) -> bool:
    """Tell whether files would be rewritten, which is what isort does unless told not to."""
    return not CHECKING.intersection(args)


def detect(settings: Settings) -> Found | None:
    """Find isort's own file, table or section; isort names no files of its own accord."""
    source = (
        settings.file(".isort.cfg")
        or settings.table(NAME)
        or settings.section("isort", "setup.cfg", "tox.ini", ".editorconfig")
        or settings.section("tool:isort", "setup.cfg")
    )
    return Found(source, (".",)) if source else None


def invoke(args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
    """Ask for differences and one marked line a file, which no setting of the project recasts."""
    return Invocation(args=(*FORM, *_kept(args, targets)), env=_env(), changed=mutates(args))


def retry(report: Report, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation | None:
    """Ask which files there were where isort was silent: `only_modified` hides the sorted ones."""
    silent = BANNER in report.stdout and not IN_ORDER.search(report.stdout)
    said = SKIPPED.search(report.stdout)
    commented = count(said["count"]) - report.stdout.count(SETTING) if said else 0
    if report.status != 0 or not silent or _omitted(report) or commented:
        return None
    return replace(listing(_kept(args, targets)), changed=mutates(args))


def listing(args: tuple[str, ...]) -> Invocation:
    """Ask which files are checked."""
    return Invocation(args=("--show-files", *_kept(args, ())), env=_env())


def mend(args: tuple[str, ...], file: str, _report: Report) -> Invocation:
    """Ask for the content sorted by the settings that the project's own command finds.

    Those lie above the first of the command's paths, not above the file, unless each file's own
    are to be found; then isort goes by nothing else, not even by the other options.
    """
    if RESOLVE in args:
        settings = f"--settings-path={posixpath.dirname(file)}"
        return Invocation(args=(settings, f"--filename={file}", "-"), env=_env())
    options, paths = split_paths(_kept(args, ()), VALUED)
    options = drop_options(options, frozenset({"--filter-files"}), frozenset({"--filename"}))
    found: tuple[str, ...] = ()
    if not any(one.partition("=")[0] in SETTINGS for one in options):
        first = paths[0] if paths else "."
        folder = posixpath.dirname(first) if first.endswith((".py", ".pyi")) else first
        found = (f"--settings-path={folder or '.'}",)
    return Invocation(args=(*options, *found, f"--filename={file}", "-"), env=_env())


def unmended(report: Report) -> str | None:
    """Believe a content that ended well and without a word of what could not be read."""
    whole = report.status == 0 and report.output and not _omitted(report)
    banner = "isort printed more than the content" if BANNER in report.stdout else None
    return banner if whole else ended(report, NAME)


def _kept(args: tuple[str, ...], targets: tuple[str, ...]) -> tuple[str, ...]:
    kept = drop_options(args, FLAGS, frozenset({"--format-error", "--format-success"}))
    kept = _without_jobs(kept)
    if targets:
        kept = (*split_paths(kept, VALUED)[0], "--filter-files", "--", *targets)
    return kept


def _without_jobs(args: tuple[str, ...]) -> tuple[str, ...]:
    """Drop `--jobs`, whose value is optional."""
    kept: list[str] = []
    before = ""
    for arg in args:
        value = before in {"-j", "--jobs"} and re.fullmatch(r"-?\d+", arg)
        if not value and not re.fullmatch(r"-j(?:-?\d+)?|--jobs(?:=.*)?", arg):
            kept.append(arg)
        before = arg
    return tuple(kept)


def _env() -> dict[str, str | None]:
    # What isort leaves out it says in warnings.
    return {**PLAIN, "PYTHONWARNINGS": None}


def parse(report: Report) -> Outcome:
    """Read the marked lines, and the warnings that tell which files or settings were left out."""
    places = {
        report.relative(path): (line, text) for path, line, text in diff_places(report.stdout)
    }
    found = tuple(
        Diagnostic(
            tool=NAME,
            file=file,
            line=line,
            code="unsorted",
            message=MESSAGE,
            fix="auto",
            topic="import-order",
            detail=text,
        )
        for match in FINDING.finditer(report.stderr)
        for file in [report.relative(match["file"])]
        for line, text in [places.get(file, (None, None))]
    )
    omitted = "\n".join(_omitted(report))
    # A traceback ends with the status of a finding.
    crashed = "Traceback (most recent call last)" in report.stderr
    if omitted or crashed or report.status not in {0, 1} or bool(found) != (report.status == 1):
        return Outcome(diagnostics=found, problem=omitted or ended(report, NAME))
    ignored = IGNORED.search(report.stderr)
    listed = BANNER not in report.stdout and LISTED.search(report.stdout)
    if found or listed or IN_ORDER.search(report.stdout):
        remark = ignored["why"] if ignored else None
        return Outcome(diagnostics=found, checked=True, remark=remark)
    return Outcome(nothing="isort found no files to check")


def _omitted(report: Report) -> list[str]:
    """Return isort's words on what it left out, without where in isort the warning arose."""
    lines = report.stderr.split("\n")
    words = [line.partition("Warning: ")[2] or line for line in lines]
    return [line for line in words if OMITTED.fullmatch(line)]
