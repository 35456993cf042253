"""Turns the named tasks of a file into commands: which tool, which role, which line."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from mcp_server.checkers import checkers
from mcp_server.conventions.choice.evidence import Evidence
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.refused import Recognised, left_over, whole_tasks
from mcp_server.conventions.choice.roles import (
    FOREIGN_RANK,
    ROLE_WORDS,
    is_narrow,
    judged,
    name_words,
    odd_words,
    rank,
)
from mcp_server.conventions.shell.pieces import Opaque, Simple
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.resolve import MATRICES, runner_of
from mcp_server.conventions.tasks.runner import Started, unwrap
from mcp_server.conventions.tasks.tasks import Part, TaskFile, reachable
from mcp_server.repository import Command, Role

RUNNERS = frozenset({"unittest", "trial", "twisted.trial", "nose2", "stestr", "zope-testrunner"})
"""Test runners whose output is read as far as it goes."""
MANAGE = re.compile(r"(?:^|/)manage\.py$")
SHOWING = frozenset({"--version", "-V", "--help", "-h", "--list"})
VARYING = frozenset(
    {"--python", "--python-version", "--platform", "--pythonversion", "--pythonplatform"}
)
"""Options by whose value a matrix of otherwise equal checks differs."""
CHOOSING = frozenset({"-k", "-m"})
"""Options that choose among the tests."""
OUTSIDE = frozenset({"integration", "e2e", "smoke", "slow"})
"""Words of tasks whose tests need services or much time."""


@dataclass(frozen=True, slots=True)
class Context:
    """What else is known of the repository: what its CI runs, and the names of its folders."""

    evidence: Evidence = field(default_factory=Evidence)
    folders: frozenset[str] = frozenset()


def select(file: TaskFile, context: Context | None = None) -> Selection:
    """Choose, for each tool and folder, the task whose name says best what it is for.

    Its commands are all offered; the same tool's commands in other tasks become `others`, and
    so does everything else that a task with a telling name would run.
    """
    known = context or Context()
    own = {name: tuple(recognise(task.parts)) for name, task in file.tasks.items()}
    reach = {name: tuple(reachable(file.tasks, name)) for name in file.tasks}
    found = Recognised(file, own, reach)
    every = list(dict.fromkeys(command for commands in own.values() for command in commands))
    offers: list[Offer] = []
    others: list[Command] = []
    serving: set[str] = set()
    for pair in dict.fromkeys((command.tool, command.cwd) for command in every):
        same = [command for command in every if (command.tool, command.cwd) == pair]
        name, chosen = _best(found, same, known)
        if _rank(name, chosen) >= FOREIGN_RANK:
            others += [_unsure(one, f"`{name}` is not a check by its name") for one in same]
            continue
        serving.add(name)
        offers += [
            replace(offer, command=replace(offer.command, via=file.way(_holder(one, name, own))))
            for one in chosen
            for offer in [_offer(one, file, name, known)]
        ]
        others += [
            _unsure(one, f"`{name}` is planned for {pair[0]}") for one in same if one not in chosen
        ]
    planned = [offer.command for offer in offers]
    for command in whole_tasks(found):
        by = next((one for one in planned if one.role is command.role), None)
        if by is not None and command.sure:
            others.append(_unsure(command, f"{by.source} serves {by.role.value}"))
        elif command.sure:
            offer = _offer(command, file, command.args[0], known)
            # What nobody can look into is not known to be the whole check.
            tier = Tier.IN_CI if offer.command.in_ci else Tier.PART
            offers.append(replace(offer, tier=tier))
            planned.append(offer.command)
        else:
            others.append(command)
    others += left_over(found, serving)
    return Selection(tuple(offers), tuple(dict.fromkeys(others)))


def _holder(command: Command, name: str, own: Mapping[str, tuple[Command, ...]]) -> str:
    """Return the task that a command stands in, or the one that it was chosen from.

    A task that only collects others says less than the one that does the work.
    """
    holders = [task for task, commands in own.items() if command in commands]
    return name if name in holders or not holders else holders[0]


def _offer(command: Command, file: TaskFile, name: str, known: Context) -> Offer:
    """Return a command as the task `name` offers it."""
    evidence = known.evidence
    in_ci = evidence.of_task(file.path, name, file.tasks[name].source)
    # Called by another way than this task, but the same line of the same file.
    in_ci = in_ci or evidence.of_command(command.source, command.text)
    spelled = replace(command, task=f"{file.path}:{name}", via=file.way(name), in_ci=in_ci)
    about = name_words(judged(name)) - {"testenv"}
    if command.role is not Role.TEST and about & ROLE_WORDS[Role.TEST]:
        # A test of type checkers or linters, which need not be the project's check.
        tier = Tier.ODD
    elif in_ci and not _is_choice(command, name, known):
        tier = Tier.IN_CI
    elif repairs([command]) or is_narrow(name) or file.tasks[name].lesser:
        tier = Tier.PART
    elif odd_words(judged(name), command.role, command.tool, known.folders):
        tier = Tier.ODD if command.role is Role.TEST else Tier.PART
    else:
        tier = Tier.TASK
    return Offer(spelled, tier)


def recognise(parts: Iterable[Part]) -> Iterator[Command]:
    """Yield the commands among `parts` that run a tool we know."""
    for part in parts:
        piece = part.piece if isinstance(part.piece, Simple) else _unvaried(part.piece)
        command = _recognised(piece, part.source) if piece is not None else None
        if command is not None:
            yield command


def _unvaried(piece: Opaque) -> Simple | None:
    """Return a command of which only the Python that it is for is not known, without that.

    A matrix of versions checks the same in each of them.
    """
    near = piece.near
    if near is None or any(UNKNOWN in value for _, value in near.env):
        return None
    words: list[str] = []
    rest = iter(near.argv)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in VARYING and (UNKNOWN in value or not equals):
            given = value if equals else next(rest, "")
            words += [] if UNKNOWN in given else [word, *([] if equals else [given])]
        else:
            words.append(word)
    # Nothing taken away: it is in doubt for another reason.
    if tuple(words) == near.argv or not words or any(UNKNOWN in word for word in words):
        return None
    return replace(near, argv=tuple(words), text=shlex.join(words))


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
                within=piece.within,
                mutates=checker.mutates(args),
            )
    return _by_runner(piece, started, source)


def _by_runner(piece: Simple, started: Started, source: str) -> Command | None:
    """Return the command of a test runner whose report hdb does not know; it runs as it stands."""
    django = started.program == "python" and bool(started.args) and MANAGE.search(started.args[0])
    tests = started.args[1:2] == ("test",) if django else started.program in RUNNERS
    if not tests or SHOWING.intersection(started.args):
        return None
    return Command(
        tool="manage.py" if django else started.program,
        role=Role.TEST,
        text=piece.text,
        source=source,
        cwd=posixpath.normpath(posixpath.join(piece.cwd, started.folder or ".")),
        start=started.start,
        args=started.args,
        env=piece.env,
        venv=started.venv,
        literal=piece.literal,
    )


def _venv(named: str | None, piece: Simple, cwd: str) -> str | None:
    """Return the environment that a command names, relative to the folder it runs in."""
    if named is None and piece.venv:
        return posixpath.relpath(piece.venv, cwd)
    return named


def _is_choice(command: Command, name: str, known: Context) -> bool:
    """Tell whether a test command runs a choice of the tests, and its task's name says so."""
    if command.role is not Role.TEST or not CHOOSING.intersection(command.args):
        return False
    return bool(odd_words(judged(name), command.role, command.tool, known.folders)) or is_narrow(
        name
    )


def _best(found: Recognised, same: list[Command], known: Context) -> tuple[str, list[Command]]:
    """Return the task that serves one tool in one folder, and its commands for it."""
    file, wanted, offers = found.file, frozenset(same), []
    for index, name in enumerate(file.tasks):
        reached = (one for task in found.reach[name] for one in found.own[task.name])
        offered = list(dict.fromkeys(one for one in reached if one in wanted))
        if offered:
            odd = bool(file.tasks[name].lesser) or bool(
                odd_words(judged(name), offered[0].role, offered[0].tool, known.folders)
            )
            outside = not known.evidence.of_task(file.path, name, file.tasks[name].source)
            offers.append((_rank(name, offered), odd, outside, -len(offered), index, name, offered))
    best, *_, name, chosen = min(offers)
    if is_narrow(name):
        # Parts of a check: no task names the whole, so it is all of them.
        named = [name_words(task) for *_, task, _ in offers]
        # A matrix of environments has those of another kind of test as well.
        unit = runner_of(file) in MATRICES and any("unit" in words for words in named)
        parts = [
            one
            for (rank, *_, offered), words in zip(offers, named, strict=True)
            # What needs more than the code is no part of the same check.
            if rank == best and not (unit and words & OUTSIDE)
            for one in offered
        ]
        return name, list(dict.fromkeys(parts))
    return name, chosen


def _rank(name: str, offered: list[Command]) -> int:
    return rank(judged(name), offered[0].role, offered[0].tool, mutates=repairs(offered))


def repairs(commands: Iterable[Command]) -> bool:
    """Tell whether commands edit the code; tests that rewrite their snapshots are still tests."""
    return any(one.mutates and one.role is not Role.TEST for one in commands)


def _unsure(command: Command, reason: str) -> Command:
    return replace(command, sure=False, reason=reason)
