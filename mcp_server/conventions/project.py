"""Puts together what concerns one project, strongest source first."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mcp_server.checkers import checkers
from mcp_server.conventions.environment import Where, find_environment
from mcp_server.conventions.pieces import Opaque, Place
from mcp_server.conventions.settings import Files, mapping
from mcp_server.conventions.setup import Setup
from mcp_server.conventions.targets import Selection, recognise
from mcp_server.conventions.tasks import Part, take_apart
from mcp_server.limits import SETTINGS, is_limit
from mcp_server.repository import Command, Environment, Project, Role

SUBCOMMANDS = {"ruff": ("ruff", "check"), "ruff-format": ("ruff", "format"), "ty": ("ty", "check")}


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read of the whole folder: its projects' files, its tasks and its set-ups."""

    place: Place
    files: Mapping[Path, Files]
    selections: tuple[Selection, ...] = ()
    setups: tuple[Setup, ...] = ()

    def path(self, folder: Path) -> str:
        """Return a project's folder as it is shown, "." for the root."""
        return folder.relative_to(self.place.root).as_posix()

    def owner(self, command: Command) -> str:
        """Return the project that a command belongs to.

        That is the deepest one its folder lies in; where it lies in none, the one that its
        arguments name; else the first.
        """
        paths = [self.path(folder) for folder in self.files]
        places = [command.cwd]
        places += [posixpath.normpath(posixpath.join(command.cwd, arg)) for arg in command.args]
        for place in places:
            inside = [one for one in paths if one in {".", place} or place.startswith(f"{one}/")]
            if inside:
                return max(inside, key=lambda one: len(one) * (one != "."))
        return paths[0]


def read_project(folder: Path, survey: Survey) -> Project:
    """Return the project in `folder` with its commands and its environment."""
    path, files = survey.path(folder), survey.files[folder]
    commands, others = _commands(path, files, survey)
    named = next((_named(command) for command in commands if command.venv), None)
    requires = _requires(files)
    where = Where(folder, survey.place.root, survey.place.variables)
    environment = find_environment(where, files, requires, named)
    return Project(
        path=path,
        settings=files.settings,
        environment=_with_setup(environment, path, survey),
        python=requires,
        commands=commands,
        others=others,
    )


def _commands(
    path: str, files: Files, survey: Survey
) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """Return the project's planned commands and its other ones."""
    planned: dict[Role, list[Command]] = {}
    others: list[Command] = []
    stated, tables = _of_hdb(path, files, survey.place), Selection(tuple(_of_tables(path, files)))
    # What the project states for hdb serves its role, even where hdb cannot run it.
    closed = {one.role: one for one in reversed((*stated.planned, *stated.others))}
    for selection in (stated, *survey.selections, tables):
        served = {role: commands[0] for role, commands in planned.items()}
        served |= {} if selection is stated else closed
        for command in selection.planned:
            if survey.owner(command) != path:
                continue
            by = served.get(command.role)
            if by is None:
                planned.setdefault(command.role, []).append(command)
            # A tool's own table configures the command that another source names.
            elif all(command.tool != one.tool for one in planned.get(command.role, ())):
                why = f"{by.source} serves {command.role.value}"
                others.append(replace(command, sure=False, reason=why))
            elif selection is not tables:
                others.append(replace(command, sure=False, reason=f"{by.source} is planned"))
        others += [one for one in selection.others if survey.owner(one) == path]
    if not any(_measures(command) for command in planned.get(Role.TEST, ())):
        others += [
            replace(one, sure=False, reason="the planned test command measures no coverage")
            for one in planned.pop(Role.COVERAGE, [])
        ]
    commands = tuple(command for role in Role for command in planned.get(role, []))
    known = {_essence(command) for command in commands}
    tasks = {command.task for command in commands}
    others = [replace(one, beside=one.beside and one.task in {"", *tasks}) for one in others]
    kept = (one for one in others if _essence(one) not in known)
    return commands, tuple({_essence(one): one for one in reversed([*kept])}.values())[::-1]


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


def _of_tables(path: str, files: Files) -> Iterator[Command]:
    """Yield the commands that the tools' own tables and files ask for."""
    prefix = "" if path == "." else f"{path}/"
    for checker in checkers().values():
        found = checker.detect(files.settings)
        if found is not None:
            words = SUBCOMMANDS.get(checker.NAME, (checker.NAME,))
            yield Command(
                tool=checker.NAME,
                role=checker.ROLE,
                text=" ".join((*words, *found.args)),
                source=f"{prefix}{found.source}",
                cwd=path,
                start=words[:1],
                args=found.args,
            )


def _of_hdb(path: str, files: Files, place: Place) -> Selection:
    """Return the commands that `[tool.hdb]` states for a role, as a line or a list of lines."""
    table = files.settings.tables.get("hdb", {})
    planned: list[Command] = []
    others: list[Command] = []
    prefix = "" if path == "." else f"{path}/"
    for role in Role:
        source = f"{prefix}pyproject.toml [tool.hdb] {role.value}"
        for line in stated_lines(table.get(role.value)):
            for part in take_apart(line, source, path, place):
                command = next(recognise([part]), None) or _unknown(part, role)
                (planned if command.sure else others).append(
                    command if command.sure else replace(command, beside=True)
                )
    return Selection(tuple(planned), tuple(others))


def stated_lines(value: object) -> list[str]:
    """Return a setting that is one line or a list of lines as a list."""
    lines = value if isinstance(value, list) else [value]
    return [line for line in lines if isinstance(line, str) and line.strip()]


def misstated(files: Files, label: str) -> Iterator[str]:
    """Yield what stands in `[tool.hdb]` and cannot be meant."""
    table = files.settings.tables.get("hdb", {})
    known = {"pass-env", *SETTINGS, *(role.value for role in Role)}
    for name, value in table.items():
        lines = value if isinstance(value, list) else [value]
        if name not in known:
            listed = ", ".join(sorted(known))
            yield f"{label}pyproject.toml [tool.hdb] has no setting {name!r}: it knows {listed}"
        elif name in SETTINGS:
            if not is_limit(value):
                yield f"{label}pyproject.toml [tool.hdb] {name} must be a number above 0"
        elif not all(isinstance(line, str) for line in lines):
            yield f"{label}pyproject.toml [tool.hdb] {name} must be a line or a list of lines"


def _unknown(part: Part, role: Role) -> Command:
    """Return a stated command of a tool we do not know; it runs as it stands."""
    piece = part.piece
    if isinstance(piece, Opaque):
        tool = piece.text.split(" ")[0]
        return Command(
            tool=tool, role=role, text=piece.text, source=part.source, sure=False,
            reason=piece.reason,
        )  # fmt: skip
    return Command(
        tool=posixpath.basename(piece.argv[0]),
        role=role,
        text=piece.text,
        source=part.source,
        cwd=piece.cwd,
        start=piece.argv[:1],
        args=piece.argv[1:],
        env=piece.env,
    )


def _with_setup(environment: Environment, path: str, survey: Survey) -> Environment:
    """Prefer the project's own set-up target over what the lock file suggests."""
    for setup in survey.setups:
        if all(_lies_in(cwd, path, survey) for _, cwd in setup.commands):
            kind = environment.kind if environment.ready else setup.kind
            return replace(environment, kind=kind, create=setup.commands, source=setup.source)
    return environment


def _lies_in(cwd: str, path: str, survey: Survey) -> bool:
    blank = Command(tool="", role=Role.TEST, text="", source="", cwd=cwd)
    return survey.owner(blank) == path
