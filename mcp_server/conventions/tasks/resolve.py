"""Follows calls of task runners into the files that name their tasks, down to the tools."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mcp_server.conventions.shell.pieces import Simple
from mcp_server.conventions.tasks.calls import Call, built_in, call_of
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile, reachable

MAX_DEPTH = 8
"""How many runners may call each other: make, tox, pre-commit and a script are four."""
MAX_PARTS = 2000
"""How many commands one task may come to; a runaway recursion of tasks has more."""

MATRICES = frozenset({"tox", "nox"})
CHOOSING = frozenset({"-e", "-f", "-m", "-s", "-t", "--session", "--sessions", "--tags"})
"""Options that choose among the environments of tox or the sessions of nox."""

Choose = Callable[[TaskFile, Call, Mapping[str, str]], Sequence[str] | None]
"""Returns the tasks that a call means, None where that cannot be told."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A part at the end of a chain of calls, with the tasks that lead to it: (file, task)."""

    part: Part
    trail: tuple[tuple[str, str], ...] = ()


class Catalogue:
    """The task files of a repository by runner and folder."""

    def __init__(self, files: Iterable[TaskFile], choosers: Mapping[str, Choose]) -> None:
        self._choosers = choosers
        self._files: dict[tuple[str, str], list[TaskFile]] = {}
        for file in files:
            self._files.setdefault((runner_of(file), file.folder), []).append(file)

    def meant(self, piece: Simple) -> tuple[TaskFile, Sequence[str]] | None:
        """Return the file and the tasks that a command calls, None where it calls none known."""
        call = call_of(piece)
        if call is None:
            return None
        for file in self._nearest(call):
            names = self._choosers.get(call.runner, _named)(file, call, dict(piece.env))
            if names is not None:
                return file, names
        return None

    def _nearest(self, call: Call) -> Iterator[TaskFile]:
        """Yield the files that a runner would find, the nearest first; make looks no higher."""
        folder = call.folder
        while True:
            yield from self._files.get((call.runner, folder), ())
            if folder in {".", "", "/"} or folder.startswith("..") or call.runner == "make":
                return
            folder = posixpath.dirname(folder) or "."

    def follow(self, part: Part) -> Iterator[Reached]:
        """Yield what a part comes to, itself where it calls no task that is known."""
        budget = [MAX_PARTS]
        return self._follow(part, (), budget)

    def _is_everything(self, part: Part) -> bool:
        """Tell whether a part calls all that a runner's file has, its matrix of variants too."""
        piece = part.piece if isinstance(part.piece, Simple) else part.piece.near
        call = call_of(piece) if piece is not None else None
        return (
            call is not None
            and call.runner in MATRICES
            and not CHOOSING.intersection(
                word.partition("=")[0][:2] if not word.startswith("--") else word.partition("=")[0]
                for word in call.words
            )
        )

    def _follow(
        self, part: Part, trail: tuple[tuple[str, str], ...], budget: list[int]
    ) -> Iterator[Reached]:
        budget[0] -= 1
        piece = part.piece if isinstance(part.piece, Simple) else part.piece.near
        found = self.meant(piece) if piece is not None and budget[0] > 0 else None
        if found is None or piece is None or len(trail) >= MAX_DEPTH:
            yield from (Reached(one, trail) for one in _built_in(part) or [part])
            return
        file, names = found
        empty = True
        for name in names:
            for task in reachable(file.tasks, name):
                step = (file.path, task.name)
                if step in trail:
                    continue
                empty = False
                for inner in task.parts:
                    yield from self._follow(_with_env(inner, piece), (*trail, step), budget)
        if empty:
            yield Reached(part, trail)

    def resolved(self, file: TaskFile) -> TaskFile:
        """Return a file whose tasks hold the commands that other runners' tasks come to."""
        tasks = {name: self._resolved(file, task) for name, task in file.tasks.items()}
        return replace(file, tasks=tasks)

    def _resolved(self, file: TaskFile, task: Task) -> Task:
        # A task that leads back to itself adds nothing.
        parts = tuple(
            reached.part
            for part in task.parts
            # The runner's own file says which of its variants stands for the check.
            for reached in ([Reached(part)] if self._is_everything(part) else self.follow(part))
            if (file.path, task.name) not in reached.trail
        )
        return replace(task, parts=parts)


def _built_in(part: Part) -> list[Part]:
    """Return what a runner's own command stands for, in that command's words."""
    piece = part.piece
    call = call_of(piece) if isinstance(piece, Simple) else None
    if call is None or not isinstance(piece, Simple):
        return []
    return [
        replace(part, piece=replace(piece, argv=argv, text=shlex.join(argv)))
        for argv in built_in(call)
    ]


def runner_of(file: TaskFile) -> str:
    """Return the runner that a task file is for, "" for scripts that are started by their path."""
    return file.shown.split(" ", 1)[0]


def _named(file: TaskFile, call: Call, _env: Mapping[str, str]) -> Sequence[str] | None:
    """Choose the tasks that are named, by default the first of the file."""
    if not call.names:
        first = next((name for name in file.tasks if not name.startswith((".", "_"))), None)
        return None if first is None else (first,)
    known = [name for name in call.names if name in file.tasks]
    return known if len(known) == len(call.names) else None


def _with_env(part: Part, caller: Simple) -> Part:
    """Return a part with what its caller sets; the part's own settings win."""
    piece = part.piece
    if not caller.env or not isinstance(piece, Simple):
        return part
    return replace(part, piece=replace(piece, env=(*caller.env, *piece.env)))
