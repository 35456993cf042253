"""The project's own tools that can mend: what each finds, and which files it is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from mcp_server.checkers import checkers
from mcp_server.checkers.base import Fixer
from mcp_server.execution import conclude
from mcp_server.finished import RAN
from mcp_server.fixing.running import Run, formed, gathered, unfinished
from mcp_server.models import Diagnostic, Report, Step
from mcp_server.repository import Role

ORDER = (Role.LINT, Role.IMPORTS, Role.FORMAT)
"""Fixes of a linter leave lines for the formatters, and imports are sorted before it all is laid
out: each leaves what the next takes as it is."""
UNREAD = frozenset({"E902", "io", "unreadable"})
"""The codes of files that a tool could not read, of ruff, ruff format and black."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A planned command that can mend, with the report of its check and what that found.

    `covered` are the files that the project's command gives it, as far as it names them.
    """

    step: Step
    checker: Fixer
    report: Report
    found: tuple[Diagnostic, ...] = ()
    covered: frozenset[str] = frozenset()

    def of(self, file: str) -> tuple[Diagnostic, ...]:
        """Return what it found in a file."""
        return tuple(one for one in self.found if one.file == file)

    @property
    def mendable(self) -> frozenset[str]:
        """The files in which it would mend something."""
        return frozenset(one.file for one in self.found if one.file and one.fix)

    def takes(self, file: str) -> bool:
        """Tell whether the project lets it work on a file."""
        if any(one.code in UNREAD for one in self.of(file)):
            return False
        within = self.step.within
        listed = file in self.covered and (within is None or within.lets_through(file))
        return listed or file in self.mendable


def fixers() -> dict[str, Fixer]:
    """Return the checkers whose tools can mend, by name."""
    found = {name: one for name, one in checkers().items() if hasattr(one, "mend")}
    return cast("dict[str, Fixer]", found)


async def look(steps: Iterable[Step], run: Run) -> tuple[tuple[Tool, ...], tuple[str, ...]]:
    """Run the checks of the steps that can mend; return them in order, and what did not work."""
    known = fixers()
    steps = [step for step in steps if step.tool in known]
    steps.sort(key=lambda step: ORDER.index(known[step.tool].ROLE))
    looked = await gathered([partial(_check, step, known[step.tool], run) for step in steps])
    tools = tuple(one for one in looked if isinstance(one, Tool))
    return tools, tuple(one for one in looked if isinstance(one, str))


async def with_files(tools: Iterable[Tool], run: Run) -> tuple[Tool, ...]:
    """Return the tools with the files that the project's commands give them."""
    return tuple(await gathered([partial(_listed, one, run) for one in tools]))


async def _check(step: Step, checker: Fixer, run: Run) -> Tool | str:
    if step.refused is not None:
        verdict, why = step.refused
        return f"{step.tool} {verdict.value}: {why}"
    report = await run(step)
    finished = conclude(step, report)
    if finished.verdict not in RAN and not finished.outcome.nothing:
        return f"{step.tool} {finished.verdict.value}: {finished.reason}"
    found = tuple(dict.fromkeys(finished.outcome.diagnostics))
    return Tool(step=step, checker=checker, report=report, found=found)


async def _listed(tool: Tool, run: Run) -> Tool:
    form = tool.checker.listing(tool.step.args)
    if form is None:
        return replace(tool, covered=tool.checker.listed(tool.report))
    report = await run(formed(tool.step, form))
    if unfinished(report) or report.status != 0:
        # What it mends of its own is known all the same.
        return tool
    return replace(tool, covered=tool.checker.listed(report))
