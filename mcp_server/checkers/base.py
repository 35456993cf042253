"""What every checker module offers, and the few pieces that most of them share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile, zip_longest
from typing import Any, Protocol

from mcp_server.fields import count
from mcp_server.models import Invocation, Outcome, Report
from mcp_server.repository import Found, Role, Settings

PLAIN: dict[str, str | None] = {
    "NO_COLOR": "1",
    "FORCE_COLOR": None,
    "CLICOLOR_FORCE": None,
    "PY_COLORS": None,
    "COLUMNS": None,
}
"""Environment that keeps a static tool from colouring or wrapping its output."""

LINT_TOPICS = {
    "E999": "syntax",
    "invalid-syntax": "syntax",
    "F821": "undefined-name",
    "F401": "unused-import",
    "I001": "import-order",
    "BLK100": "format",
}
COLOUR = re.compile("\x1b\\[[0-9;]*m")
DIFF_LINES = frozenset(" +-@\\\n")
DIFF_HEAD = re.compile(r"\n\+\+\+ [^\n]*\n@@ -(?P<start>\d+)[^\n]*\n")
JSON_START = re.compile(r"^[\[{]", re.MULTILINE)
JSON_STARTS = 50
"""How many lines that begin like a document may precede the document."""


class Checker(Protocol):
    """A tool that hdb can run and whose report it can read: one module each, pure."""

    NAME: str
    ROLE: Role

    def recognise(self, program: str, args: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the tool's own arguments when `program args` runs this tool, else None."""

    def mutates(self, args: tuple[str, ...]) -> bool:
        """Tell whether a run with these arguments would change the project's files."""

    def detect(self, settings: Settings) -> Found | None:
        """Return where the project's own configuration asks for this tool, else None."""

    def invoke(self, args: tuple[str, ...], targets: tuple[str, ...]) -> Invocation:
        """Return the checking form, in the machine format, of a run with the project's `args`.

        `targets`, where given, are files or node ids relative to the command's folder and take
        the place of the paths in `args`.
        """

    def retry(
        self, report: Report, args: tuple[str, ...], targets: tuple[str, ...], /
    ) -> Invocation | None:
        """Return another form to run where the tool turned out too old for the first, else None.

        `no_retry` is the answer of a checker that needs no second form.
        """

    def parse(self, report: Report) -> Outcome:
        """Read a finished process. Never raises, whatever the report holds."""


class Fixer(Checker, Protocol):
    """A checker whose tool can mend what it finds: content in, mended content out, no file touched.

    `mend` is all that makes a checker one; the tool runs in the command's folder.
    """

    UTF8_ONLY: bool
    """Whether it passes over files in another encoding."""
    READS_MARK: bool
    """Whether it knows a byte order mark on its standard input for what it is."""

    def listing(self, args: tuple[str, ...]) -> Invocation | None:
        """Return the form that names the files it checks; None where its check names them."""

    def listed(self, report: Report) -> frozenset[str]:
        """Return the files that a listing, or the check in its place, names."""

    def mend(self, args: tuple[str, ...], file: str, report: Report) -> Invocation:
        """Return the form that mends standard input as the content of a file, safely.

        `file` is its absolute path, `report` what was `listed`.
        """

    def unmended(self, report: Report) -> str | None:
        """Return why what was printed is not the file's content; None where it is."""

    def review(self, args: tuple[str, ...], file: str) -> Invocation | None:
        """Return the checking form for standard input as the content of a file.

        None for a tool that finds nothing but what it mends.
        """


def no_review(_args: tuple[str, ...], _file: str, /) -> Invocation | None:
    """Answer `Fixer.review` for a tool that finds nothing but what it mends."""
    return None


def no_retry(
    _report: Report, _args: tuple[str, ...], _targets: tuple[str, ...], /
) -> Invocation | None:
    """Answer `Checker.retry` for a tool whose one form works in every supported version."""
    return None


def json_lines(text: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects among the lines of `text`; other lines are passed over."""
    return (value for _, value in _lines(text) if value is not None)


def unread(text: str) -> list[str]:
    """Return the lines of `text` that are no JSON object although they say something."""
    return [line for line, value in _lines(text) if value is None and line.strip()]


def _lines(text: str) -> Iterator[tuple[str, dict[str, Any] | None]]:
    # Not `splitlines`: JSON may hold the rarer of its line ends as they are.
    for line in text.split("\n"):
        value = None
        if line.startswith("{"):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                value = None
        yield line, value if isinstance(value, dict) else None


def json_document(text: str) -> Any:  # noqa: ANN401 - JSON is what the tool made it
    """Return the JSON document in `text`, past any lines that precede it, or None.

    Some tools print warnings on the same stream before their JSON.
    """
    decoder = json.JSONDecoder()
    for match in islice(JSON_START.finditer(text), JSON_STARTS):
        try:
            return decoder.raw_decode(text, match.start())[0]
        except (ValueError, RecursionError):
            continue
    return None


def separated(
    args: Sequence[str], flags: frozenset[str], valued: frozenset[str]
) -> tuple[str, ...]:
    """Return `args` with short options that are bundled, or have their value attached, apart.

    `-eqoFILE` becomes `-e -q -o FILE`, so that each can be recognised. What holds a letter that
    is in neither set stays as it is, and so does the value of an option in `valued`.
    """
    kept: list[str] = []
    rest = iter(args)
    for arg in rest:
        kept += _letters(arg, flags, valued)
        if arg == "--":
            kept += rest
        elif kept[-1] in valued:
            kept += islice(rest, 1)
    return tuple(kept)


def _letters(arg: str, flags: frozenset[str], valued: frozenset[str]) -> list[str]:
    if not arg.startswith("-") or arg.startswith("--") or arg in flags:
        return [arg]
    found: list[str] = []
    for at, letter in enumerate(arg[1:], 2):
        found.append(f"-{letter}")
        if found[-1] in valued:
            return [*found, *filter(None, [arg[at:].removeprefix("=")])]
        if found[-1] not in flags:
            return [arg]
    return found or [arg]


def drop_options(
    args: Sequence[str], flags: frozenset[str], valued: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return `args` without the options in `flags` and without those in `valued` and their value.

    Long options are matched in both spellings, `--name value` and `--name=value`.
    """
    kept: list[str] = []
    skip = False
    for arg in args:
        name, equals, _ = arg.partition("=")
        if skip:
            skip = False
        elif name in valued:
            skip = not equals
        elif arg not in flags:
            kept.append(arg)
    return tuple(kept)


def split_paths(
    args: Sequence[str], valued: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Separate options from positional paths; `valued` are the options that take a value."""
    options: list[str] = []
    paths: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            paths.extend(rest)
        elif arg.startswith("-") and arg != "-":
            options.append(arg)
            if arg in valued:
                options.extend(value for value in [next(rest, None)] if value is not None)
        else:
            paths.append(arg)
    return tuple(options), tuple(paths)


def tail(text: str, lines: int = 12) -> str:
    """Return the last lines of `text` that say something, for an error without a record."""
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def named_files(report: Report) -> frozenset[str]:
    """Return the files that a tool printed one a line."""
    return frozenset(report.relative(line) for line in report.stdout.splitlines() if line)


def ended(report: Report, tool: str) -> str:
    """Return what a tool said before it ended without a result; never empty."""
    how = f"signal {report.signal}" if report.signal else f"status {report.status}"
    return tail(report.stderr) or tail(report.stdout) or f"{tool} ended with {how} and said nothing"


def lint_topic(code: str) -> str:
    """Return what a code of the pycodestyle and Pyflakes families, shared by linters, is about."""
    return LINT_TOPICS.get(code, code)


def diff_places(text: str) -> Iterator[tuple[str, int, str]]:
    """Yield the path, the first changed line and the text of each file's part of a unified diff."""
    text = COLOUR.sub("", text)
    # Not held to the start of a line: isort's diffs have no line end where the file has none.
    heads = [
        (at, head)
        for head in DIFF_HEAD.finditer(text)
        if (at := text.find("--- ", text.rfind("\n", 0, head.start()) + 1, head.start())) >= 0
    ]
    for (at, head), following in zip_longest(heads, heads[1:]):
        after = text[head.end() : following[0] if following else len(text)]
        # What a tool prints between and after the diffs begins otherwise.
        lines = takewhile(lambda line: line[:1] in DIFF_LINES, after.splitlines(keepends=True))
        body = "".join(lines).rstrip("\n") + "\n"
        kept = 0
        for line in body.splitlines():
            if not line.startswith(" "):
                break
            kept += 1
        path = text[at + len("--- ") : head.start()].partition("\t")[0].removesuffix(":before")
        if path:
            yield path, max(1, count(head["start"]) + kept), text[at : head.end()] + body


def split_command(
    args: Sequence[str], valued: frozenset[str]
) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """Separate the global options before a subcommand, the subcommand, and what follows it."""
    at = 0
    while at < len(args) and args[at].startswith("-"):
        at += 2 if args[at] in valued else 1
    return tuple(args[:at]), args[at] if at < len(args) else None, tuple(args[at + 1 :])
