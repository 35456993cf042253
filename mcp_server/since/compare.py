"""Compares findings with those of the same checks at an earlier commit; pure.

A finding on a line that the change made is introduced in any case, since whoever made the line
answers for it. Any other is introduced where its check came to the place at the commit and did not
make it, and known where it made the same there. Everything else is unknown.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mcp_server.finished import RAN, Finished
from mcp_server.grouping import WHOLE_FILE_TOPICS, normalised
from mcp_server.models import Diagnostic
from mcp_server.since.history import History
from mcp_server.stable import stable

Mark: TypeAlias = Literal["introduced", "known", "unknown"]

FRAME = re.compile(
    r"^[ \t]*(?:File \")?([^\s\":][^\":\n]*\.py)(?::(\d+):|\", line (\d+))", re.MULTILINE
)
"""Where a traceback names a line, as pytest writes it and as Python does."""
HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
WHOLE_RUN = frozenset({"coverage", "max-warnings"})
"""Codes of what only a run of every test can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What our plugin said of a run of tests at the commit.

    `found` are the asked tests that were collected there, without parameters as well, `files` what
    was collected without an error. Nothing of the run counts unless it is `proven` that it ran the
    commit's own code. `programs` are tests in whose reach a program was started, `gits` those
    for which git was; files, where that was so while they were collected.
    """

    proven: bool = False
    gathered: bool = False
    found: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()
    gits: frozenset[str] = frozenset()


def is_made(one: Diagnostic, history: History) -> bool:
    """Tell whether a finding stands on what the change made: a new file, or a new line."""
    if one.file is None:
        return False
    if history.is_new(one.file):
        return True
    lines = rewritten(one.detail or "") if one.topic in WHOLE_FILE_TOPICS else set()
    if not lines and one.line is not None:
        lines = {one.line}
    return any(history.changed(one.file, line) for line in lines)


def compare_static(
    found: Sequence[Diagnostic],
    there: Finished | None,
    history: History,
    *,
    own: bool = True,
    whole: bool = True,
) -> dict[Diagnostic, Mark]:
    """Return what is to be said of each finding of a check that reads the code.

    `there` is the same check at the commit, None where it was not run; `own` says that it read no
    code but the commit's, `whole` that it lacked none that it reads now: else it may have found
    less for that.
    """
    marks: dict[Diagnostic, Mark] = {}
    diagnostics = there.outcome.diagnostics if there else ()
    ended = there is not None and there.verdict in RAN and not there.outcome.partial
    unparsed = {one.file for one in diagnostics if one.topic == "syntax"}
    placed = Counter((_key(one, one.file), one.line) for one in diagnostics)
    everywhere = Counter(_key(one, one.file) for one in diagnostics)
    doubtful: list[Diagnostic] = []
    for one in found:
        if is_made(one, history):
            marks[one] = "introduced"
            continue
        key = _key(one, history.was(one.file))
        place = (key, history.line(one.file, one.line) if one.file else one.line)
        if own and placed[place]:
            placed[place] -= 1
            everywhere[key] -= 1
            marks[one] = "known"
        else:
            doubtful.append(one)
    for one in doubtful:
        seen = everywhere[_key(one, history.was(one.file))] > 0
        if seen and own and (one.line is None or one.topic in WHOLE_FILE_TOPICS):
            marks[one] = "known"
        elif seen or not (own and whole and ended) or not _was_read(one, history, unparsed):
            # What was seen elsewhere in the file may be the same, in a statement that moved.
            marks[one] = "unknown"
        else:
            marks[one] = "introduced"
    return marks


def compare_tests(
    found: Sequence[Diagnostic], there: Finished | None, origin: Origin, history: History
) -> dict[Diagnostic, Mark]:
    """Return what is to be said of each finding of a run of tests."""
    seen: dict[tuple[object, ...], list[Diagnostic]] = defaultdict(list)
    for one in there.outcome.diagnostics if there else ():
        seen[_failure(one)].append(one)
    failed = {stable(one.test) for one in there.outcome.diagnostics if one.test} if there else set()
    ended = frozenset(map(stable, there.outcome.finished)) if there else frozenset()
    run = _Run(origin, seen, frozenset(failed), ended)
    return {one: "introduced" if is_made(one, history) else run.mark(one, history) for one in found}


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of tests at the commit: what failed, by its mark and by its test, and what ended."""

    origin: Origin
    seen: Mapping[tuple[object, ...], Sequence[Diagnostic]] = field(hash=False)
    failed: frozenset[str]
    ended: frozenset[str]

    def mark(self, one: Diagnostic, history: History) -> Mark:
        if one.test is not None and history.is_new(one.test.partition("::")[0]):
            return "introduced"
        if not self.origin.proven:
            return "unknown"
        was = history.then(one)
        if same := self.seen.get(_failure(was)):
            placed = any(_is_in_place(one, other, history) for other in same)
            return "known" if placed else "unknown"
        if one.test is None:
            told = self.origin.gathered and one.file and one.code not in WHOLE_RUN
            return "introduced" if told else "unknown"
        test = was.test or one.test
        if "::" not in test:
            return "introduced" if test in self.origin.files else "unknown"
        return self._of_test(test, touched=one.test.partition("::")[0] in history.touched)

    def _of_test(self, test: str, *, touched: bool) -> Mark:
        names = tuple(beginnings(test))
        if not self.failed.isdisjoint(map(stable, names)):
            # It failed there as well, in another way.
            return "unknown"
        if not self.ended.isdisjoint(map(stable, names)):
            return "introduced"
        path = test.partition("::")[0]
        absent = path in self.origin.files and self.origin.found.isdisjoint(names)
        if not absent or stable(test) != test:
            return "unknown"
        # Where nobody touched the file, parameters that differ may differ in every run.
        function_was = test.partition("[")[0] in self.origin.found
        return "unknown" if function_was and not touched else "introduced"


def beginnings(test: str) -> Iterator[str]:
    """Yield a test's id, and what it is without one that describes a subtest after a space."""
    yield test
    at = test.find(" ")
    while at >= 0:
        yield test[:at]
        at = test.find(" ", at + 1)


def rewritten(diff: str) -> set[int]:
    """Return the lines that a formatter's diff takes out, or writes something beside."""
    lines: set[int] = set()
    number, before = 0, " "
    for text in diff.splitlines():
        if match := HUNK.match(text):
            number = int(match[1])
        elif number and text.startswith("-"):
            lines.add(number)
            number += 1
        elif number and text.startswith("+") and before != "-":
            # What is only put in, blank lines say, concerns the lines on both sides.
            lines |= {max(1, number - 1), number}
        elif number and not text.startswith(("+", "\\")):
            number += 1
        before = before if text.startswith(("+", "\\")) and before == "-" else text[:1]
    return lines


def merged(all_marks: Iterable[Mapping[Diagnostic, Mark]]) -> dict[Diagnostic, Mark]:
    """Put the steps' answers together; that one of them can tell a finding as new is enough."""
    order: tuple[Mark, ...] = ("known", "unknown", "introduced")
    result: dict[Diagnostic, Mark] = {}
    for marks in all_marks:
        for one, mark in marks.items():
            result[one] = max(result.get(one, mark), mark, key=order.index)
    return result


def _was_read(one: Diagnostic, history: History, unparsed: set[str | None]) -> bool:
    if one.file is None:
        return True
    return history.was_there(one.file) and history.was(one.file) not in unparsed


def _key(one: Diagnostic, file: str | None) -> tuple[object, ...]:
    return (one.tool, file, one.symbol, one.code, normalised(one.message))


def _failure(one: Diagnostic) -> tuple[object, ...]:
    """Return what two failures of a test share that are the same: numbers count, lines do not."""
    file, test = one.file and stable(one.file), one.test and stable(one.test)
    return (file, one.symbol, test, one.code, stable(one.message))


def _is_in_place(one: Diagnostic, other: Diagnostic, history: History) -> bool:
    """Tell whether a failure came from the line of another one at the commit.

    That is the line that failed, and each line of the test's own file on the way to it.
    """
    if one.line is not None:
        line = history.line(one.file, one.line) if one.file else one.line
        if line != other.line:
            return False
    path = (one.test or "").partition("::")[0]
    here = [history.line(path, line) for line in _lines(one, path)]
    there = _lines(other, (other.test or "").partition("::")[0])
    return not here or not there or here == there


def _lines(one: Diagnostic, path: str) -> list[int]:
    """Return the lines of a file that a failure's traceback names."""
    name = posixpath.basename(path)
    return [
        int(match[2] or match[3])
        for match in FRAME.finditer(one.detail or "")
        if posixpath.basename(match[1]) == name
    ]
