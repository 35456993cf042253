"""Mends what the project's own tools mend safely, file by file, whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync

from mcp_server.contract_fix import FixView
from mcp_server.conventions import read_conventions
from mcp_server.errors import UsageError
from mcp_server.execution import Allowance
from mcp_server.fixing.additions import additions
from mcp_server.fixing.chain import Adding, Mended, mend
from mcp_server.fixing.parsing import unparsed
from mcp_server.fixing.report import Change, Fixed, view
from mcp_server.fixing.running import Run, gathered, runner
from mcp_server.fixing.selection import Selection, refuse, select
from mcp_server.fixing.tools import Tool, fixers, look, with_files
from mcp_server.fixing.writing import Original, read_original, replace, untouchable
from mcp_server.models import Diagnostic
from mcp_server.plan import plan
from mcp_server.repository import Conventions
from mcp_server.snapshot.listing import list_files
from mcp_server.turns import turn

__all__ = ["STATUSES", "fix", "untouchable"]

STATUSES = {"nothing": 0, "fixed": 0, "would_fix": 1, "left": 1, "incomplete": 3}
"""The exit status of each verdict: 1 where something mechanical is left to be done."""

WITHHELD = "a tool adds something of its own: see the problems"


async def fix(
    root: Path,
    targets: Sequence[str] = (),
    *,
    everything: bool = False,
    dry_run: bool = False,
    since: str | None = None,
) -> FixView:
    """Mend with the project's own tools what they mend safely, by default in the changed files.

    `targets` names files and folders instead, `everything` means all files, `since` a commit
    against which the change is read. A dry run changes nothing and shows the diff. The content
    goes through the tools in memory and takes its file's place in one move, unless a tool fails,
    the content before or after does not parse, or the file is not safely the project's own.
    Verifications and fixes of one folder take turns. Raises `HdbError` for a caller's mistake.
    """
    first = read_conventions(root)
    root, limits = first.root, first.limits
    end = anyio.current_time() + limits.deadline
    await run_sync(partial(refuse, everything=everything, since=since), root, targets)
    async with turn(root, limits.deadline, checkpoint) as held:
        selection = await run_sync(
            partial(select, everything=everything, since=since), root, targets
        )
        # Read anew: the files may have changed while others had their turn.
        conventions = read_conventions(root)
        run = runner(Allowance(limits, end, conventions.pass_env, held))
        tools, problems = await look(plan(conventions), run)
        if not tools and not problems:
            raise UsageError(_without_tools(conventions))
        work = _Work(conventions, selection, tools, run)
        changes, left = await work.mended()
        if not dry_run:
            written = {
                file: replace(original, mended.content)
                for file, (original, mended) in changes.items()
            }
            left |= {file: why for file, why in written.items() if why is not None}
            changes = {file: one for file, one in changes.items() if file not in left}
        fixed = Fixed(
            scope=selection.words,
            elsewhere=work.elsewhere,
            dry_run=dry_run,
            problems=(*problems, *work.adding),
            changes=changes,
            left=left,
            asides=work.asides(),
            rest=work.rest(changes, left),
        )
        return view(fixed, str(root))


def _without_tools(conventions: Conventions) -> str:
    known = ", ".join(fixers())
    unread = f" {conventions.problems[0]}" if conventions.problems else ""
    return f"The project uses none of the tools that can mend ({known}): fix does nothing.{unread}"


class _Work:
    """One fix: the files that were asked about, and what the tools say of them."""

    def __init__(
        self, conventions: Conventions, selection: Selection, tools: tuple[Tool, ...], run: Run
    ) -> None:
        self.conventions = conventions
        self.selection = selection
        self.tools = tools
        self.run = run
        self.adding: tuple[str, ...] = ()
        """What is wrong with tools that would write something of their own into files."""
        self.elsewhere = sorted(
            {
                one.file
                for tool in tools
                for one in tool.found
                if one.fix and one.file and not selection.takes(one.file)
            }
        )
        """Files that were not asked about and hold what could be mended."""
        self.found: tuple[Diagnostic, ...] = tuple(
            one
            for tool in tools
            for one in tool.found
            if one.file is not None and selection.takes(one.file)
        )

    async def mended(self) -> tuple[dict[str, Change], dict[str, str]]:
        """Return the files with their content mended, and why others that need it have none."""
        root = self.conventions.root
        left = {
            one.file or "": f"it does not parse: line {one.line}: {one.message}"
            for one in self.found
            if one.topic == "syntax"
        }
        wanted = sorted({one.file for one in self.found if one.file and one.fix} - left.keys())
        if wanted or self.selection.named:
            self.tools = await with_files(self.tools, self.run)
        if not wanted:
            return {}, left
        listed = frozenset(await run_sync(lambda: list_files(root).files)) | self.selection.tracked
        originals: dict[str, Original] = {}
        for file in wanted:
            original = read_original(root, file, listed)
            if isinstance(original, str):
                left[file] = original
            else:
                originals[file] = original
        contents = {file: one.content for file, one in originals.items()}
        broken = await unparsed(self.conventions, contents, self.run)
        left |= {file: f"it does not parse: {why}" for file, why in broken.items()}
        sound = {file: one for file, one in originals.items() if file not in broken}
        results = await self._results(sound)
        changes: dict[str, Change] = {}
        for file, result in results.items():
            if isinstance(result, str):
                left[file] = result
            elif result.content == originals[file].content:
                left[file] = "its tools report what they do not mend"
            else:
                changes[file] = originals[file], result
        contents = {file: mended.content for file, (_, mended) in changes.items()}
        broken = await unparsed(self.conventions, contents, self.run)
        left |= {file: f"mended it would not parse: {why}" for file, why in broken.items()}
        return {file: one for file, one in changes.items() if file not in broken}, left

    async def _results(self, originals: dict[str, Original]) -> dict[str, Mended | str]:
        """Return what becomes of each file: nothing of any where a tool adds something."""
        paths = {file: one.path for file, one in originals.items()}
        self.adding = await additions(self.tools, paths, self.run)
        if self.adding:
            return dict.fromkeys(originals, WITHHELD)
        calls = [partial(self._mend, one, file) for file, one in originals.items()]
        results = dict(zip(originals, await gathered(calls), strict=True))
        found = {file: one for file, one in results.items() if not isinstance(one, Adding)}
        if len(found) == len(results):
            return found
        told = (one.why for one in results.values() if isinstance(one, Adding))
        self.adding = tuple(dict.fromkeys(told))
        return dict.fromkeys(originals, WITHHELD)

    async def _mend(self, original: Original, file: str) -> Mended | Adding | str:
        return await mend(original.path, file, original.content, self.tools, self.run)

    def asides(self) -> dict[str, str]:
        """Return the files that were named outright and that no tool of the project is given."""
        found = {one.file for one in self.found}
        covered = frozenset().union(*(tool.covered for tool in self.tools))
        names = ", ".join(dict.fromkeys(tool.step.tool for tool in self.tools))
        return {
            file: f"the project does not give it to {names}"
            for file in self.selection.named
            if file not in found and file not in covered
        }

    def rest(self, changes: dict[str, Change], left: dict[str, str]) -> tuple[Diagnostic, ...]:
        """Return what the tools find in the files afterwards."""
        untouched = (
            one
            for one in self.found
            if one.file not in changes
            and not (one.file in left and (one.fix or one.topic == "syntax"))
        )
        after = (one for _, mended in changes.values() for one in mended.rest)
        return (*untouched, *after)
