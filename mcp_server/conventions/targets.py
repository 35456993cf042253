"""Turns the named tasks of a file into commands: which tool, which role, which line."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mcp_server.checkers import checkers
from mcp_server.conventions.pieces import Simple
from mcp_server.conventions.refused import left_over, whole_tasks
from mcp_server.conventions.roles import FOREIGN_RANK, is_narrow, rank
from mcp_server.conventions.runner import unwrap
from mcp_server.conventions.tasks import Part, TaskFile, reachable
from mcp_server.repository import Command


@dataclass(frozen=True, slots=True)
class Selection:
    """The commands to plan from one source, and those found beside them."""

    planned: tuple[Command, ...] = ()
    others: tuple[Command, ...] = ()


def select(file: TaskFile) -> Selection:
    """Choose, for each tool and folder, the task whose name says best what it is for.

    Its commands are all planned; the same tool's commands in other tasks become `others`, and
    so does everything else that a task with a telling name would run.
    """
    own = {name: tuple(recognise(task.parts)) for name, task in file.tasks.items()}
    every = list(dict.fromkeys(command for commands in own.values() for command in commands))
    planned: list[Command] = []
    others: list[Command] = []
    serving: set[str] = set()
    for pair in dict.fromkeys((command.tool, command.cwd) for command in every):
        same = [command for command in every if (command.tool, command.cwd) == pair]
        name, chosen = _best(file, own, same)
        if _rank(name, chosen) >= FOREIGN_RANK:
            others += [_unsure(one, f"`{name}` is not a check by its name") for one in same]
            continue
        task = f"{file.path}:{name}"
        serving.add(name)
        planned += [replace(one, task=task) for one in chosen]
        others += [
            _unsure(one, f"`{name}` is planned for {pair[0]}") for one in same if one not in chosen
        ]
    for command in whole_tasks(file, own):
        by = next((one for one in planned if one.role is command.role), None)
        if by is not None and command.sure:
            others.append(_unsure(command, f"{by.source} serves {by.role.value}"))
        else:
            (planned if command.sure else others).append(command)
    others += left_over(file, own, serving)
    return Selection(tuple(planned), tuple(dict.fromkeys(others)))


def recognise(parts: Iterable[Part]) -> Iterator[Command]:
    """Yield the commands among `parts` that run a tool we know."""
    for part in parts:
        command = _recognised(part.piece, part.source) if isinstance(part.piece, Simple) else None
        if command is not None:
            yield command


def _recognised(piece: Simple, source: str) -> Command | None:
    started = unwrap(piece.argv)
    for checker in checkers().values():
        args = checker.recognise(started.program, started.args)
        if args is not None:
            cwd = posixpath.normpath(posixpath.join(piece.cwd, started.folder or "."))
            return Command(
                tool=checker.NAME,
                role=checker.ROLE,
                text=piece.text,
                source=source,
                cwd=cwd,
                start=started.start,
                args=args,
                env=piece.env,
                venv=_venv(started.venv, piece, cwd),
                literal=piece.literal,
                mutates=checker.mutates(args),
            )
    return None


def _venv(named: str | None, piece: Simple, cwd: str) -> str | None:
    """Return the environment that a command names, relative to the folder it runs in."""
    if named is None and piece.venv:
        return posixpath.relpath(piece.venv, cwd)
    return named


def _best(
    file: TaskFile, own: Mapping[str, tuple[Command, ...]], same: list[Command]
) -> tuple[str, list[Command]]:
    """Return the task that serves one tool in one folder, and its commands for it."""
    offers = []
    for index, name in enumerate(file.tasks):
        reached = [one for task in reachable(file.tasks, name) for one in own[task.name]]
        offered = list(dict.fromkeys(one for one in reached if one in same))
        if offered:
            offers.append((_rank(name, offered), -len(offered), index, name, offered))
    best, _, _, name, chosen = min(offers)
    if is_narrow(name):
        # Parts of a check: no task names the whole, so it is all of them.
        parts = [one for rank, *_, offered in offers if rank == best for one in offered]
        return name, list(dict.fromkeys(parts))
    return name, chosen


def _rank(name: str, offered: list[Command]) -> int:
    mutates = any(command.mutates for command in offered)
    return rank(name, offered[0].role, offered[0].tool, mutates=mutates)


def _unsure(command: Command, reason: str) -> Command:
    return replace(command, sure=False, reason=reason)
