"""Chooses among the commands that CI spells out itself instead of calling a task."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcp_server.conventions.choice.evidence import Evidence
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.refused import UNSAFE
from mcp_server.conventions.choice.roles import is_aggregate, odd_words, role_of
from mcp_server.conventions.choice.tasks import SHOWING, VARYING, recognise
from mcp_server.conventions.shell.pieces import Opaque, Simple
from mcp_server.conventions.tasks.runner import unwrap
from mcp_server.conventions.tasks.tasks import SHELLS, Part
from mcp_server.repository import Command, Role

CHOOSING = frozenset({"-k", "-m", "--lf", "--last-failed", "--ff", "-x"})
"""Options that make a test command run a part of the tests."""
MOST_SUITES = 3
"""How many test commands that name different folders are taken to be the whole together."""


def select_direct(evidence: Evidence) -> Selection:
    """Return what CI runs by itself: the widest test command, and each static check once."""
    found = [
        replace(command, in_ci=evidence.of_command(command.source, command.text) or command.source)
        for part in evidence.direct
        for command in _commands(part)
    ]
    sure = [one for one in found if one.sure]
    others = [one for one in found if not one.sure]
    chosen: list[Command] = []
    for cwd in dict.fromkeys(one.cwd for one in sure):
        here = [one for one in sure if one.cwd == cwd]
        tests = [one for one in here if one.role is Role.TEST]
        widest = _widest(tests)
        chosen += widest
        others += [
            _unsure(one, f"{widest[0].source} is wider") for one in tests if one not in widest
        ]
        chosen += _different(one for one in here if one.role is not Role.TEST)
    return Selection(tuple(Offer(one, Tier.CI) for one in chosen), tuple(dict.fromkeys(others)))


def _commands(part: Part) -> Iterator[Command]:
    """Yield what a part runs: a known tool, or a script whose name says its role."""
    known = tuple(recognise([part]))
    if known:
        yield from known
    elif isinstance(part.piece, Opaque):
        yield from _guessed(part, part.piece)
    else:
        yield from _scripts(part, part.piece)


def _guessed(part: Part, piece: Opaque) -> Iterator[Command]:
    """Yield the tool that a text runs of which some words are not known; it is never sure."""
    if piece.near is not None:
        known = replace(piece.near, text=piece.text)
        for command in recognise([Part(known, part.source)]):
            yield _unsure(command, piece.reason)


def _scripts(part: Part, piece: Simple) -> Iterator[Command]:
    started = unwrap(piece.argv)
    shell = started.program in {*SHELLS, "python"}
    path = started.args[0] if shell and started.args else (started.start or ("",))[-1]
    name = posixpath.splitext(posixpath.basename(path))[0]
    role = None if is_aggregate(name) else role_of(name)
    odd = role is not None and odd_words(name, role, "")
    if role is None or not ("/" in path or shell) or path.startswith(("-", "/")):
        return
    if SHOWING.intersection(started.args):
        return
    unsafe = UNSAFE.search(piece.text)
    yield Command(
        tool=posixpath.basename(path),
        role=role,
        text=piece.text,
        source=part.source,
        cwd=piece.cwd,
        start=started.start,
        args=started.args,
        env=piece.env,
        venv=started.venv,
        sure=unsafe is None and not odd,
        reason=f"it would run `{unsafe[1]}`"
        if unsafe
        else "its name speaks of something else besides"
        if odd
        else None,
    )


def _widest(tests: list[Command]) -> list[Command]:
    """Return the test command that runs most: no folder named, no test left out."""
    ranked = sorted(tests, key=_narrowness)
    best = ranked[:1]
    if best and _narrowness(best[0])[0]:
        # Each names folders of its own: together they are the whole.
        folders: dict[tuple[str, ...], Command] = {}
        for one in ranked:
            folders.setdefault(_paths(one), one)
        return list(folders.values())[:MOST_SUITES]
    return best


def _narrowness(command: Command) -> tuple[bool, int, int]:
    options = {arg.partition("=")[0] for arg in command.args}
    deep = [path for path in _paths(command) if "/" in path.strip("./") or "::" in path]
    return bool(deep), len(options & CHOOSING), len(command.args)


def _paths(command: Command) -> tuple[str, ...]:
    """Return the arguments that look like paths of tests."""
    return tuple(
        sorted(
            arg for arg in command.args if not arg.startswith("-") and ("/" in arg or "." in arg)
        )
    )


def _different(commands: Iterable[Command]) -> Iterator[Command]:
    """Yield each check once, whatever Python or platform CI varies it by."""
    seen: set[object] = set()
    for command in commands:
        args = tuple(_unvaried(command.args))
        if (command.tool, command.cwd, args) not in seen:
            seen.add((command.tool, command.cwd, args))
            yield command


def _unvaried(args: tuple[str, ...]) -> Iterator[str]:
    rest = iter(args)
    for arg in rest:
        name, equals, _ = arg.partition("=")
        if name in VARYING:
            if not equals:
                next(rest, None)
        else:
            yield arg


def _unsure(command: Command, reason: str) -> Command:
    return replace(command, sure=False, reason=reason)
