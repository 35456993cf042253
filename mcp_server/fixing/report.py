"""Makes the view of a fix: its verdict, the changes in numbers and as a diff, and what remains."""

from __future__ import annotations

import difflib
import io
import os
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mcp_server.contract_fix import FixView, LeftAlone, MendedFile, Remaining
from mcp_server.errors import one_line
from mcp_server.fixing.chain import Mended
from mcp_server.fixing.writing import Original
from mcp_server.lengths import encoded
from mcp_server.models import Diagnostic
from mcp_server.redact import redact, secrets
from mcp_server.untrusted import neutral

MOST_ELSEWHERE = 5
"""How many files that were not asked about are named."""
MOST_FILES = 100
MOST_LEFT_ALONE = 40
MOST_PLACES = 60
"""How many places are named, of all codes together."""
MOST_CODES = 40
DIFF_BYTES = 14_000
"""How much of a diff is shown: with all the rest at its longest it is a page of a client."""
LONGEST_COMPARED = 4_000
"""Lines of a file that are compared one by one, which in the worst case takes half a second."""
LINE_CHARACTERS = 240
SET = "the project's tools, as it sets them,"

Verdict: TypeAlias = Literal["nothing", "fixed", "would_fix", "left", "incomplete"]
Change: TypeAlias = tuple[Original, Mended]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Everything that became of a fix, by file; `left` says why a file was not touched."""

    scope: str
    dry_run: bool
    elsewhere: Sequence[str] = ()
    """Files that were not asked about and hold what could be mended."""
    problems: tuple[str, ...] = ()
    changes: dict[str, Change] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    asides: dict[str, str] = field(default_factory=dict)
    """Why a file that was named outright is none that a tool mends; nothing was left undone."""
    rest: tuple[Diagnostic, ...] = ()


def view(fixed: Fixed, root: str) -> FixView:
    """Return the view of what became of a fix, fit to leave hdb."""
    hidden = secrets(os.environ)

    def clean(text: str) -> str:
        return neutral(redact(text.replace(f"{root}/", ""), hidden))

    def line(text: str) -> str:
        return one_line(" ".join(clean(text).split()), LINE_CHARACTERS)

    lines = {file: _diff(file, *change) for file, change in sorted(fixed.changes.items())}
    files = [
        MendedFile.model_validate(
            {
                "file": clean(file),
                "mended": {
                    clean(name): count
                    for name, count in sorted(fixed.changes[file][1].counts.items())
                },
                "+": sum(line.startswith("+") for line in diff[2:]),
                "-": sum(line.startswith("-") for line in diff[2:]),
            }
        )
        for file, diff in lines.items()
    ]
    left = [
        LeftAlone(file=clean(file), why=line(why))
        for file, why in (*sorted(fixed.left.items()), *sorted(fixed.asides.items()))
    ]
    shown, cut = _page(lines.values()) if fixed.dry_run else ("", 0)
    remains = _remaining(fixed.rest)
    return FixView(
        schema="hdb.fix/1",
        verdict=_verdict(fixed),
        summary=clean(_summary(fixed, sum(one.count for one in remains))),
        scope=clean(fixed.scope),
        problems=tuple(map(line, fixed.problems)),
        files=tuple(files[:MOST_FILES]),
        more_files=max(0, len(files) - MOST_FILES),
        left_alone=tuple(left[:MOST_LEFT_ALONE]),
        more_left_alone=max(0, len(left) - MOST_LEFT_ALONE),
        remains=tuple(
            one.model_copy(
                update={
                    "code": one.code and clean(one.code),
                    "places": tuple(map(clean, one.places)),
                }
            )
            for one in remains[:MOST_CODES]
        ),
        more_remains=sum(one.count for one in remains[MOST_CODES:]),
        diff=clean(shown) or None,
        more_diff=cut,
    )


def _verdict(fixed: Fixed) -> Verdict:
    if fixed.problems:
        return "incomplete"
    if fixed.dry_run and fixed.changes:
        return "would_fix"
    if fixed.left or any(one.fix for one in fixed.rest):
        return "left"
    return "fixed" if fixed.changes else "nothing"


def _summary(fixed: Fixed, remaining: int) -> str:
    count, left = len(fixed.changes), len(fixed.left)
    would = "would be " if fixed.dry_run else ""
    parts = [f"{count} file{'s' * (count != 1)} {would}mended" if count else "nothing to mend"]
    if left:
        parts = parts if count else []
        parts.append(f"{left} left alone")
    if remaining:
        parts.append(f"{remaining} finding{'s' * (remaining != 1)} that {SET} do not mend")
    if count := len(fixed.elsewhere):
        more = ", ..." if count > MOST_ELSEWHERE else ""
        named = one_line(", ".join(fixed.elsewhere[:MOST_ELSEWHERE])) + more
        files = f"{count} other file{'s' * (count != 1)}"
        how = "name them, or ask for `everything` (`--all`)"
        parts.append(f"{files} could be mended, too ({named}): {how}")
    if fixed.problems:
        parts.append(f"did not work: {', '.join(one.split()[0] for one in fixed.problems)}")
    return "; ".join(parts)


def _diff(file: str, original: Original, mended: Mended) -> list[str]:
    old, new = _lines(original.content), _lines(mended.content)
    if max(len(old), len(new)) > LONGEST_COMPARED:
        return _blunt_diff(file, old, new)
    return list(difflib.unified_diff(old, new, f"a/{file}", f"b/{file}", lineterm=""))


def _blunt_diff(file: str, old: list[str], new: list[str]) -> list[str]:
    """Return a diff of one part, between the first line that differs and the last."""
    start, end, shorter = 0, 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    head = f"@@ -{start + 1},{len(gone)} +{start + 1},{len(come)} @@"
    lines = [*(f"-{line}" for line in gone), *(f"+{line}" for line in come)]
    return [f"--- a/{file}", f"+++ b/{file}", head, *lines]


def _lines(content: bytes) -> list[str]:
    """Return the lines of a file for showing; an end other than LF is shown as what it is."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
    except SyntaxError:
        encoding = "utf-8"
    text = content.decode(encoding, "backslashreplace")
    lines = text.split("\n")
    if lines[-1]:
        return [*lines[:-1], f"{lines[-1]}\\"]
    return lines[:-1]


def _page(diffs: Iterable[Sequence[str]]) -> tuple[str, int]:
    """Return as many lines of the diffs as a page holds, and how many are cut."""
    shown: list[str] = []
    room, total = DIFF_BYTES, 0
    for line in (line for diff in diffs for line in diff):
        total += 1
        room -= encoded(line) + 2
        if room >= 0:
            shown.append(line)
    return "\n".join(shown), total - len(shown)


def _remaining(rest: Iterable[Diagnostic]) -> list[Remaining]:
    """Return the findings by code, the most frequent first, with as many places as are named."""
    found: dict[tuple[str, str], list[Diagnostic]] = defaultdict(list)
    for one in rest:
        found[one.tool, one.code or ""].append(one)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    each = max(1, MOST_PLACES // len(ordered)) if ordered else 0
    return [
        Remaining(
            tool=tool,
            code=code or None,
            count=len(some),
            places=tuple(
                f"{one.file}:{one.line}" if one.line else f"{one.file}"
                for one in sorted(some, key=lambda one: (one.file or "", one.line or 0))[:each]
            ),
        )
        for (tool, code), some in ordered
    ]
