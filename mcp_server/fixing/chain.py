"""Mends the content of one file in memory: the tools one after the other, until none changes it."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mcp_server.fixing.additions import added, words
from mcp_server.fixing.running import Run, formed, unfinished
from mcp_server.fixing.tools import Tool
from mcp_server.models import Diagnostic, Report
from mcp_server.repository import Role

ROUNDS = 4
"""One that mends, two for what a formatter and a linter leave to each other, one in which each
tool that changed something gives back what it is given."""


@dataclass(frozen=True, slots=True)
class Mended:
    """The content of a file after the tools, what they mended, and what they find in it still."""

    content: bytes
    counts: Counter[str]
    rest: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Adding:
    """What a tool was found to do that prints something of its own with the content."""

    why: str


async def mend(
    path: Path, file: str, content: bytes, tools: Sequence[Tool], run: Run
) -> Mended | Adding | str:
    """Return a file's content mended by the tools that take it, or why it stays as it is.

    `path` is where it lies, `file` how findings name it. Nothing is read or written there.
    """
    utf8 = _is_utf8(content)
    given = [one for one in tools if one.takes(file) and (utf8 or not one.checker.UTF8_ONLY)]
    chain = _Chain(path, file, content, given, run)
    try:
        counts, rest = await chain.run()
    except _Adds as added:
        return Adding(str(added))
    except _Failed as failed:
        return str(failed)
    return Mended(chain.text, counts, rest)


class _Failed(Exception):  # noqa: N818 - ends a chain, and never leaves this module
    """A tool did not give the content back."""


class _Adds(_Failed):
    """A tool gave back more than the content."""


@dataclass(slots=True)
class _Chain:
    path: Path
    file: str
    text: bytes
    tools: list[Tool]
    start: Run
    settled: dict[int, bytes] = field(default_factory=dict)
    """The content with which each tool is content: it gave it back, or found nothing in it."""
    changed: set[int] = field(default_factory=set)
    """The tools that put something into the content; what they print is believed when the same
    content comes back from them."""
    reviewed: dict[int, tuple[bytes, tuple[Diagnostic, ...]]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    async def run(self) -> tuple[Counter[str], tuple[Diagnostic, ...]]:
        for index, tool in enumerate(self.tools):
            found = tool.of(self.file)
            self.reviewed[index] = (self.text, found)
            if not any(one.fix for one in found):
                self.settled[index] = self.text
        for _ in range(ROUNDS):
            for index in range(len(self.tools)):
                await self._advance(index)
            if all(self.settled.get(index) == self.text for index in range(len(self.tools))):
                break
        else:
            names = " and ".join(
                dict.fromkeys(self.tools[index].step.tool for index in sorted(self.changed))
            )
            many = len(self.changed) > 1
            what = "undo each other's changes" if many else "changes what it printed itself"
            msg = f"{names} {what} without end"
            raise _Failed(msg)
        rest: list[Diagnostic] = []
        for index, tool in enumerate(self.tools):
            found = await self._review(index)
            rest += found
            self.counts -= _counted(tool, found)
        return self.counts, tuple(rest)

    async def _advance(self, index: int) -> None:
        """Have one tool mend the content, unless there is nothing in it for the tool to mend."""
        tool = self.tools[index]
        if self.settled.get(index) == self.text:
            return
        if not self.text:
            # A linter took everything away; what is empty is in order.
            self.settled[index] = self.text
            return
        found = await self._review(index)
        whole = tool.checker.ROLE is not Role.LINT
        if not whole and index not in self.changed and not any(one.fix for one in found):
            self.settled[index] = self.text
            return
        text = await self._pipe(tool)
        if text == self.text:
            self.settled[index] = text
            return
        if index in self.changed and (more := added(self.text, text)):
            raise _Adds(words(tool, more))
        if whole:
            self.counts[tool.step.tool] = 1
        else:
            self.counts += _counted(tool, found)
        self.changed.add(index)
        self.text = text

    async def _review(self, index: int) -> tuple[Diagnostic, ...]:
        """Return what a tool finds in the content as it is now."""
        tool = self.tools[index]
        text, found = self.reviewed[index]
        if text == self.text:
            return found
        form = tool.checker.review(tool.step.args, str(self.path))
        found = ()
        if form is not None:
            report = await self.start(formed(tool.step, form, self.text))
            outcome = tool.checker.parse(report)
            if why := unfinished(report) or outcome.problem:
                msg = f"{tool.step.tool}: {why}"
                raise _Failed(msg)
            found = tuple(dict.fromkeys(outcome.diagnostics))
        self.reviewed[index] = (self.text, found)
        return found

    async def _pipe(self, tool: Tool) -> bytes:
        form = tool.checker.mend(tool.step.args, str(self.path), tool.report)
        marked = self.text.startswith(codecs.BOM_UTF8) and not tool.checker.READS_MARK
        mark = codecs.BOM_UTF8 if marked else b""
        report = await self.start(formed(tool.step, form, self.text[len(mark) :]))
        why = unfinished(report) or tool.checker.unmended(report) or self._emptied(tool, report)
        if why:
            msg = f"{tool.step.tool}: {why}"
            raise _Failed(msg)
        return mark + report.output

    def _emptied(self, tool: Tool, report: Report) -> str | None:
        """Return what is wrong where a formatter takes everything away."""
        gone = bool(self.text.strip()) and not report.output.strip()
        return "gave nothing back" if gone and tool.checker.ROLE is not Role.LINT else None


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _counted(tool: Tool, found: Sequence[Diagnostic]) -> Counter[str]:
    """Count what a linter mends by code."""
    return Counter(one.code or tool.step.tool for one in found if one.fix)
