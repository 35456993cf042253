"""Puts together what concerns one project, strongest source first."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from mcp_server.checkers import checkers
from mcp_server.conventions.choice.choose import choose
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.parity import differences, mark
from mcp_server.conventions.choice.pins import pinned_otherwise
from mcp_server.conventions.choice.roles import FOREIGN, is_narrow, name_words
from mcp_server.conventions.choice.stated import (
    closed_roles,
    select_stated,
    stated_environment,
    stated_setup,
)
from mcp_server.conventions.choice.tables import select_tables
from mcp_server.conventions.environment.find import Where, find_environment
from mcp_server.conventions.environment.installed import tools_in
from mcp_server.conventions.files.settings import Files, mapping
from mcp_server.conventions.survey import Survey
from mcp_server.repository import REPORTED, Command, Environment, Project, Role


def read_project(folder: Path, survey: Survey) -> Project:
    """Return the project in `folder` with its commands and its environment."""
    path, files = survey.path(folder), survey.files[folder]
    commands, others = _commands(path, files, survey)
    in_ci = [one for one in survey.in_ci if survey.owner(one) == path]
    commands = mark(commands, in_ci, survey.place.root, files.settings)
    if files.settings.tables.get("ruff", {}).get("fix") is True:
        # A bare `ruff check` edits files then.
        commands = tuple(
            replace(one, mutates=one.mutates or one.tool == "ruff") for one in commands
        )
    named = next((_named(command) for command in commands if command.venv), None)
    if (own := stated_environment(files)) is not None:
        named = posixpath.normpath(posixpath.join(path, own))
    requires = _requires(files)
    tools = {command.tool.removesuffix("-format") for command in commands}
    pins = tuple(pin for pin in survey.pins if pin.tool in tools)
    where = Where(folder, survey.place.root, survey.place.variables)
    environment = find_environment(where, files, requires, named)
    if own is not None:
        environment = _as_stated(environment, survey.place.root / (named or ""), own)
    return Project(
        path=path,
        settings=files.settings,
        environment=_with_lacks(_with_setup(environment, path, files, survey), commands),
        python=requires,
        commands=commands,
        others=others,
        disagreements=(
            *differences(commands, in_ci, others),
            *pinned_otherwise(pins, path, files, survey.place, survey.names),
        ),
        reported=_distinct(one for one in survey.reported if survey.owner(one) == path),
    )


def _distinct(commands: Iterable[Command]) -> tuple[Command, ...]:
    """Return the first command of each role and text."""
    found: dict[object, Command] = {}
    for one in commands:
        found.setdefault((one.role, one.text, one.cwd), one)
    return tuple(found.values())


def _commands(
    path: str, files: Files, survey: Survey
) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """Return the project's planned commands and its other ones."""
    stated = select_stated(path, files, survey.place)
    tests = files.settings.tests
    own = [_of_project(one, path, survey, tests) for one in survey.selections]
    # What the project states for hdb serves its role, even where hdb cannot run it.
    closed = closed_roles(path, files, stated)
    choice = choose([stated, *own, select_tables(path, files, survey.place)], closed, survey.seen)
    planned, others = choice.planned, choice.others
    if not any(_measures(command) for command in planned.get(Role.TEST, ())):
        others += [
            replace(one, sure=False, reason="the planned test command measures no coverage")
            for one in planned.pop(Role.COVERAGE, [])
        ]
    commands = tuple(command for role in Role for command in planned.get(role, []))
    known = {_essence(command) for command in commands}
    kept = [one for one in others if _essence(one) not in known]
    distinct = {_essence(one): one for one in reversed(kept)}.values()
    return commands, tuple(_with_gaps(commands, tuple(distinct)[::-1], closed))


def _of_project(selection: Selection, path: str, survey: Survey, tests: Sequence[str]) -> Selection:
    """Return what a source says of one project; `tests` are its folders of tests."""
    return Selection(
        tuple(
            replace(offer, tier=Tier.ODD) if _is_elsewhere(offer, path, tests) else offer
            for offer in selection.offers
            if survey.owner(offer.command) == path
        ),
        tuple(one for one in selection.others if survey.owner(one) == path),
    )


def _is_elsewhere(offer: Offer, path: str, tests: Sequence[str]) -> bool:
    """Tell whether a test command of CI names only a part of the project's tests, or others."""
    command = offer.command
    if offer.tier is not Tier.CI or command.role is not Role.TEST or not tests:
        return False
    if command.tool not in checkers():
        # Whose arguments are tests is not known.
        return False
    named = [one for one in command.args if not one.startswith("-") and "/" in one]
    own = [posixpath.normpath(posixpath.join(path, one)) for one in tests]
    places = [posixpath.normpath(posixpath.join(command.cwd, one)) for one in named]
    if any(is_narrow(place) or name_words(place) & FOREIGN for place in places):
        return True
    return bool(places) and not any(
        place == one or place.startswith(f"{one}/") or one.startswith(f"{place}/")
        for place in places
        for one in own
    )


def _with_gaps(
    commands: tuple[Command, ...], others: tuple[Command, ...], closed: Collection[Role]
) -> Iterator[Command]:
    """Mark what leaves a gap in a verification since it is not run.

    That is what a task runs beside what is planned of it, and the first of each role that
    nothing planned serves and the project does not state (`closed`). A tool that is only
    configured leaves none: nobody runs it.
    """
    tasks = {command.task for command in commands}
    told = {one for one in others if one.beside and one.task in {"", *tasks}}
    served = {command.role for command in (*commands, *told)} | REPORTED | set(closed)
    for one in others:
        beside = one in told
        unserved = one.role not in served and not one.idle
        if unserved:
            served.add(one.role)
        yield replace(one, gap=beside or unserved)


def _measures(command: Command) -> bool:
    """Tell whether a test command leaves coverage data behind."""
    return "coverage" in command.start or any(arg.startswith("--cov") for arg in command.args)


def _essence(command: Command) -> object:
    """Return what a command does, wherever it stands."""
    how = (command.start, command.args) if command.start else command.text
    return command.tool, command.cwd, command.env, how


def _named(command: Command) -> str:
    """Return the environment that a command names, relative to the root."""
    return posixpath.normpath(posixpath.join(command.cwd, command.venv or ""))


def _requires(files: Files) -> str | None:
    project = mapping(files.pyproject.get("project"))
    poetry = mapping(
        mapping(mapping(files.pyproject.get("tool")).get("poetry")).get("dependencies")
    )
    options = files.settings.sections.get("setup.cfg", {}).get("options", {})
    stated = (project.get("requires-python"), options.get("python_requires"), poetry.get("python"))
    return next((one for one in stated if isinstance(one, str) and one), None)


def _with_setup(environment: Environment, path: str, files: Files, survey: Survey) -> Environment:
    """Prefer what the project states, then its set-up task, over what its lock file suggests."""
    if create := stated_setup(path, files, survey.place):
        source = "pyproject.toml [tool.hdb] setup"
        return replace(environment, create=create, source=source)
    for setup in survey.setups:
        if all(_lies_in(cwd, path, survey) for _, cwd in setup.commands):
            kind = environment.kind if environment.ready else setup.kind
            return replace(environment, kind=kind, create=setup.commands, source=setup.source)
    return environment


def _as_stated(environment: Environment, folder: Path, stated: str) -> Environment:
    """Take no other environment than the one that the project states."""
    if environment.folder == folder:
        return environment
    problem = f"there is no environment {stated}, which [tool.hdb] states"
    return replace(environment, folder=folder, ready=False, python=None, problem=problem)


def _with_lacks(environment: Environment, commands: Iterable[Command]) -> Environment:
    """Name the planned tools that are not in a ready environment."""
    if environment.folder is None or not environment.ready:
        return environment
    known = [one for one in commands if one.tool in checkers()]
    programs = {one.tool.removesuffix("-format") for one in known}
    programs |= {"coverage" for one in known if "coverage" in one.start}
    lacking = programs - tools_in(environment.folder, programs)
    return replace(environment, lacks=tuple(sorted(lacking)))


def _lies_in(cwd: str, path: str, survey: Survey) -> bool:
    blank = Command(tool="", role=Role.TEST, text="", source="", cwd=cwd)
    return survey.owner(blank) == path
