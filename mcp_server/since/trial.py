"""Runs the checks that found something again at an earlier commit, and compares what they say."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import anyio
from anyio.to_thread import run_sync
from packaging.utils import canonicalize_name

from mcp_server.checkers import checkers
from mcp_server.child_environment import INJECT
from mcp_server.execution import Allowance
from mcp_server.finished import RAN, Finished
from mcp_server.git import open_repository
from mcp_server.models import Diagnostic, Step, Verdict
from mcp_server.repository import Conventions, Role
from mcp_server.schedule import run_one
from mcp_server.since.compare import (
    Mark,
    Origin,
    beginnings,
    compare_static,
    compare_tests,
    is_made,
)
from mcp_server.since.export import Export, export_into
from mcp_server.since.generated import ignored_module
from mcp_server.since.history import History
from mcp_server.since.lacking import complete
from mcp_server.since.present import copy_present
from mcp_server.since.reroot import Move, elsewhere, reroot
from mcp_server.since.tests_there import Asked, read_origin, test_step

SEARCHING = frozenset({"mypy", "pylint"})
"""Tools that look for modules where Python does, PYTHONPATH first."""
LOCAL = ("", "src")
"""Folders of a project in which every type checker looks first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is run again: how, since which commit, and in which copy (None where there is none)."""

    conventions: Conventions
    allowance: Allowance
    commit: str
    history: History
    move: Move | None
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Say something once."""
        if text not in self.notes:
            self.notes.append(text)

    async def marks(self, failing: Sequence[Finished]) -> list[dict[Diagnostic, Mark]]:
        """Return for each step what is to be said of its findings."""
        found: dict[int, dict[Diagnostic, Mark]] = {}
        lanes = anyio.CapacityLimiter(max(2, os.cpu_count() or 2))

        async def one(index: int, each: Finished) -> None:
            async with lanes:
                found[index] = await self._marks(each, f"step{index}")

        async with anyio.create_task_group() as group:
            for index, each in enumerate(failing):
                if not each.step.alone:
                    group.start_soon(one, index, each)
        for index, each in enumerate(failing):
            if each.step.alone:
                await one(index, each)
        return [found[index] for index in range(len(failing))]

    async def _marks(self, each: Finished, name: str) -> dict[Diagnostic, Mark]:
        checker = checkers().get(each.step.tool)
        tests = checker is not None and checker.ROLE is Role.TEST
        repeatable = checker is not None and checker.ROLE is not Role.COVERAGE
        asked = tuple(one for one in each.outcome.diagnostics if is_open(one, self.history))
        move = self.move if asked and repeatable and each.step.argv else None
        if tests:
            return await self._of_tests(each, asked, move, name)
        seeking = checker is not None and (checker.ROLE is Role.TYPES or checker.NAME in SEARCHING)
        step = reroot(each.step, move, imports=seeking) if move else None
        if move is None or step is None or not step.cwd.is_dir():
            return compare_static(each.outcome.diagnostics, None, self.history)
        there = await self._run(step)
        self._note_end(there)
        own = step.tool in SEARCHING or not seeking or _is_local(step, move)
        if not own:
            self.note(f"{step.tool} may have read installed code in place of the commit's")
        root = self.conventions.root
        lacking = await run_sync(ignored_module, root, self.history) if seeking else None
        marks = compare_static(
            each.outcome.diagnostics, there, self.history, own=own, whole=not lacking
        )
        if lacking and "unknown" in marks.values():
            self.note(
                f"{step.tool} may have found less there, without {lacking}, which git ignores"
            )
        return marks

    async def _of_tests(
        self, each: Finished, asked: tuple[Diagnostic, ...], move: Move | None, name: str
    ) -> dict[Diagnostic, Mark]:
        found = each.outcome.diagnostics
        if move is None:
            return compare_tests(found, None, Origin(), self.history)
        scratch = move.export.scratch
        whose = Asked(
            tests=tuple(map(self.history.then, asked)),
            here=move.export.top,
            there=(move.top,),
            kept=(*move.environments, INJECT),
            own=tuple(sorted(set(_packages(self.conventions)))),
        )
        step = test_step(reroot(each.step, move), whose, scratch, name)
        if step is None:
            return compare_tests(found, None, Origin(), self.history)
        there = await self._run(step)
        origin, foreign = read_origin(there, scratch, name)
        unclear = move.leads(step.venv).unclear
        origin = replace(origin, proven=origin.proven and not unclear)
        if foreign or unclear:
            named = ", ".join((*foreign, *unclear))
            self.note(f"the tests there may have run code from outside the commit's files: {named}")
        elif not origin.proven:
            self.note("the tests there could not be shown to run the commit's own code")
        if there.verdict is not Verdict.NOT_RUN or not origin.gathered:
            self._note_end(there)
        marks = compare_tests(found, there, origin, self.history)
        reached = origin.found | origin.files
        fine = tuple(
            one
            for one in asked
            if marks[one] == "introduced" and self.history.then(one).test in reached
        )
        if fine:
            marks |= await self._control(each.step, move, fine, f"{name}-now")
        known = tuple(one for one in asked if marks[one] == "known")
        if known:
            marks |= await self._confirm(each.step, move, replace(whose, whole=True), known, name)
        return marks

    async def _confirm(
        self, step: Step, move: Move, whose: Asked, known: tuple[Diagnostic, ...], name: str
    ) -> dict[Diagnostic, Mark]:
        """Return what is to be said of failures that were there when only their tests ran.

        They are known where they are there as well when all tests of their files run, with what
        git ignores and submodules and git LFS hold, and no program may have run other code.
        """
        name = f"{name}-whole"
        try:
            copy = await run_sync(self._completed, move, name)
        except OSError as error:
            copy = error.strerror or str(error)
        if isinstance(copy, str):
            self.note(f"tests may have failed there for want of what cannot be copied: {copy}")
            return dict.fromkeys(known, "unknown")
        whose = replace(whose, tests=tuple(map(self.history.then, known)), here=copy.top)
        again = test_step(reroot(step, elsewhere(move, copy)), whose, copy.scratch, name)
        if again is None:
            return dict.fromkeys(known, "unknown")
        there = await self._run(again)
        origin, _ = read_origin(there, copy.scratch, name)
        marks = compare_tests(known, there, origin, self.history)
        marks = {one: mark if mark == "known" else "unknown" for one, mark in marks.items()}
        if gone := sum(mark == "unknown" for mark in marks.values()):
            self.note(f"not seen there with their whole files and what git ignores: {gone}")
        doubts = [(origin.gits, "git, whose history is not there")]
        if move.leads(step.venv).folders:
            doubts.append((origin.programs, "programs, which may run today's code"))
        for tests, what in doubts:
            started = {
                one
                for one, mark in marks.items()
                if mark == "known"
                and not tests.isdisjoint(beginnings(self.history.then(one).test or ""))
            }
            if started:
                marks |= dict.fromkeys(started, "unknown")
                self.note(f"tests that failed there and start {what}: {len(started)}")
        return marks

    def _completed(self, move: Move, name: str) -> Export | str:
        """Return another copy of the commit, with what only the working tree has, or why not."""
        repository = open_repository(self.conventions.root)
        if repository is None:
            return "the repository cannot be read"
        copy = export_into(move.export.scratch, name, repository, self.commit)
        return copy.refused or complete(repository.top, self.commit, copy.top) or copy

    async def _control(
        self, step: Step, move: Move, fine: tuple[Diagnostic, ...], name: str
    ) -> dict[Diagnostic, Mark]:
        """Return the tests that are fine as they are now when they run as they ran at the commit.

        They failed because of what ran before them, of what git ignores, or by chance: that they
        were fine at the commit tells nothing.
        """
        scratch = move.export.scratch
        prefix = move.export.root.relative_to(move.export.top)
        also = [(prefix / path).as_posix() for path in self.history.there]
        copy = await run_sync(copy_present, move.top, also, move.export, name)
        whose = Asked(tests=fine, here=move.top)
        there = reroot(step, elsewhere(move, copy)) if copy else None
        again = test_step(there, whose, scratch, name) if there else None
        if again is None:
            self.note("how the tests fail alone could not be tried: the files cannot be copied")
            return dict.fromkeys(fine, "unknown")
        now = await self._run(again)
        origin, _ = read_origin(now, scratch, name)
        failed = {one.test for one in now.outcome.diagnostics}
        over = (now.outcome.finished | origin.files) - failed
        moody: dict[Diagnostic, Mark] = {one: "unknown" for one in fine if one.test in over}
        if moody:
            count = len({one.test for one in moody})
            self.note(f"tests that are fine when only they run, without what git ignores: {count}")
        return moody

    async def _run(self, step: Step) -> Finished:
        over = await run_one(step, self.allowance)
        # What lies beside the copy, such as an environment, is named as it is named here.
        here = f"{self.conventions.root}/"
        found = tuple(
            replace(one, message=one.message.replace(here, "")) for one in over.outcome.diagnostics
        )
        return replace(over, outcome=replace(over.outcome, diagnostics=found))

    def _note_end(self, there: Finished) -> None:
        if there.verdict not in RAN:
            why = f": {there.reason.splitlines()[0]}" if there.reason else ""
            self.note(f"{there.step.tool} at the commit: {there.verdict.value}{why}")


def is_open(one: Diagnostic, history: History) -> bool:
    """Tell whether only a run at the commit can say something of a finding."""
    test = one.test.partition("::")[0] if one.test else None
    return not is_made(one, history) and not (test and history.is_new(test))


def _is_local(step: Step, move: Move) -> bool:
    """Tell whether every type checker takes the project's own modules from the copy."""
    local = {step.cwd / folder for folder in LOCAL}
    return local.issuperset(move.sources(step.venv))


def _packages(conventions: Conventions) -> Iterator[str]:
    """Yield the names by which the projects' own packages and modules are imported.

    One that is called as a declared package is left out: which of the two is meant is not known.
    """
    for project in conventions.projects:
        declared = project.settings.dependencies
        for source in project.settings.sources:
            place = conventions.root / project.path / source
            held = place.suffix == ".py" or (place / "__init__.py").is_file()
            if held and canonicalize_name(place.stem) not in declared:
                yield place.stem
