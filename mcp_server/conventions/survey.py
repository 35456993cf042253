"""Reads every source of a repository once: tasks, hooks, CI jobs and instructions."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mcp_server.conventions.choice.ci_commands import select_direct
from mcp_server.conventions.choice.evidence import Evidence, ci_evidence
from mcp_server.conventions.choice.hook_commands import select_hooks, unread_hooks
from mcp_server.conventions.choice.instructed import select_instructed
from mcp_server.conventions.choice.offers import Selection
from mcp_server.conventions.choice.pins import Pin
from mcp_server.conventions.choice.reported import makes, reported, whole
from mcp_server.conventions.choice.roles import name_words, reported_role
from mcp_server.conventions.choice.tasks import Context, recognise, select
from mcp_server.conventions.ci import read_jobs
from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.go_task.taskfile import taskfile_tasks
from mcp_server.conventions.hooks.configuration import read_hooks
from mcp_server.conventions.hooks.hook_file import HookFile
from mcp_server.conventions.instructions.documents import read_instructions
from mcp_server.conventions.just.justfile import justfile_tasks
from mcp_server.conventions.layout.tree import Tree
from mcp_server.conventions.python_files.invoke import invoke_tasks
from mcp_server.conventions.python_files.nox import NoxFile, read_noxfile
from mcp_server.conventions.scripts.shell_scripts import script_tasks
from mcp_server.conventions.scripts.tables import script_tables
from mcp_server.conventions.shell.pieces import Opaque, Place
from mcp_server.conventions.tasks.choosers import hook_chooser, nox_chooser, tox_chooser
from mcp_server.conventions.tasks.files import ToxFile, makefile_tasks, tox_tasks
from mcp_server.conventions.tasks.resolve import Catalogue
from mcp_server.conventions.tasks.setup import Setup, setups
from mcp_server.conventions.tasks.tasks import Part, TaskFile
from mcp_server.repository import Command


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read of the whole folder: its projects' files, and what each source says.

    `seen` are the tools that some task, hook, CI job or instruction runs; `reported` the commands
    that are told and not run; `remarks` what a reader should know besides.
    """

    place: Place
    files: Mapping[Path, Files]
    selections: tuple[Selection, ...] = ()
    setups: tuple[Setup, ...] = ()
    seen: frozenset[str] = frozenset()
    reported: tuple[Command, ...] = ()
    in_ci: tuple[Command, ...] = ()
    """Every command of a known tool that CI comes to."""
    instructions: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """The projects' folders, in order."""
    owners: frozenset[str] = frozenset()
    pins: tuple[Pin, ...] = ()
    names: frozenset[str] = frozenset()
    """The paths of all files below the root."""

    def path(self, folder: Path) -> str:
        """Return a project's folder as it is shown, "." for the root."""
        return folder.relative_to(self.place.root).as_posix()

    def owner(self, command: Command) -> str:
        """Return the project that a command belongs to.

        That is the deepest one its folder lies in; where it lies in none, the one that its
        arguments name; else the first.
        """
        for place in (command.cwd, *command.args):
            path = place if place is command.cwd else posixpath.join(command.cwd, place)
            inside = self._around(posixpath.normpath(path))
            if inside is not None:
                return inside
        return self.paths[0]

    def _around(self, path: str) -> str | None:
        """Return the deepest project that a path lies in, None where it lies in none."""
        known = self.owners
        while path not in known:
            if path in {".", "", "/"} or path.startswith(".."):
                return None
            path = posixpath.dirname(path) or "."
        return path


def survey_sources(place: Place, files: Mapping[Path, Files], tree: Tree) -> Survey:
    """Read every source, follow the calls between them, and select what each offers."""
    folders = {folder: folder.relative_to(place.root).as_posix() for folder in files}
    everywhere = tuple(dict.fromkeys((".", *folders.values())))
    tox = tuple(
        one
        for folder, where in folders.items()
        if (one := tox_tasks(place, where, files[folder])) is not None
    )
    nox = tuple(two for where in everywhere if (two := read_noxfile(place, where)) is not None)
    written = tuple(_task_files(place, files, folders, everywhere, (tox, nox)))
    hooks = tuple(got for where in everywhere if (got := read_hooks(place, where)) is not None)
    catalogue = Catalogue(
        (*written, *(one.tasks for one in hooks)),
        {"pre-commit": hook_chooser(hooks), "tox": tox_chooser(tox), "nox": nox_chooser(nox)},
    )
    tasks = tuple(catalogue.resolved(one) for one in written)
    scripts = {task.source for one in tasks if one.path == "scripts" for task in one.tasks.values()}
    evidence = ci_evidence(read_jobs(place), catalogue, scripts)
    context = Context(evidence, frozenset(word for one in everywhere for word in name_words(one)))
    told = read_instructions(place, everywhere)
    named = tuple(
        reached.part
        for one in told.named
        for part in one.parts
        for reached in catalogue.follow(part)
    )
    return Survey(
        place,
        files,
        (
            *(select(one, context) for one in tasks),
            *(select_hooks(one, evidence) for one in hooks),
            select_direct(evidence),
            select_instructed(named, place.root),
        ),
        tuple(setup for one in tasks for setup in setups(one)),
        frozenset(
            command.tool
            for parts in (
                *(
                    task.parts
                    for one in (*tasks, *(h.tasks for h in hooks))
                    for task in one.tasks.values()
                ),
                evidence.direct,
                named,
            )
            for command in recognise(map(_nearest, parts))
        ),
        tuple(_reported(tasks, hooks, evidence)),
        tuple(
            replace(one, in_ci=evidence.of_command(one.source, one.text))
            for one in recognise(map(_nearest, evidence.every))
        ),
        told.paths,
        tuple(_unread(hooks, evidence)),
        tuple(folders.values()),
        frozenset(folders.values()),
        tuple(
            Pin(tool, version, one.tasks.path)
            for one in hooks
            for tool, version in one.versions.items()
        ),
        frozenset(tree.files),
    )


def _nearest(part: Part) -> Part:
    """Return a part with its command as far as it is known."""
    near = part.piece.near if isinstance(part.piece, Opaque) else None
    return part if near is None else replace(part, piece=replace(near, text=part.piece.text))


def _task_files(
    place: Place,
    files: Mapping[Path, Files],
    folders: Mapping[Path, str],
    everywhere: tuple[str, ...],
    environments: tuple[tuple[ToxFile, ...], tuple[NoxFile, ...]],
) -> Iterator[TaskFile]:
    """Yield the files that name tasks, the strongest kind first."""
    readers: tuple[Callable[[Place, str], TaskFile | None], ...] = (
        makefile_tasks, justfile_tasks, taskfile_tasks,
    )  # fmt: skip
    for read in readers:
        yield from _each(read(place, where) for where in everywhere)
    yield from (one.tasks for many in environments for one in many)
    for folder, where in folders.items():
        yield from script_tables(place, where, files[folder])
    yield from _each(invoke_tasks(place, where) for where in everywhere)
    yield from _each(script_tasks(place, where) for where in everywhere)


def _each(files: Iterable[TaskFile | None]) -> Iterator[TaskFile]:
    return (one for one in files if one is not None)


def _reported(
    tasks: Iterable[TaskFile], hooks: Iterable[HookFile], evidence: Evidence
) -> Iterator[Command]:
    """Yield the commands of roles that are told and not run, what CI spells out first."""
    for part in evidence.direct:
        yield from reported([part], part.source)
    for file in (*tasks, *(one.tasks for one in hooks)):
        for task in file.tasks.values():
            where = evidence.of_task(file.path, task.name, task.source)
            found = [*reported(task.parts, where, file.way(task.name))]
            yield from found
            role = reported_role(task.name)
            if role is not None and not makes(task) and all(one.role is not role for one in found):
                yield whole(file, task, role, where)


def _unread(hooks: Iterable[HookFile], evidence: Evidence) -> Iterator[str]:
    for one in hooks:
        in_ci, others = unread_hooks(one, evidence)
        if in_ci:
            named = ", ".join(in_ci)
            yield f"CI also runs the hooks {named} of {one.tasks.path}, which hdb does not"
        if others:
            yield f"hdb does not run the hooks {', '.join(others)} of {one.tasks.path}"
