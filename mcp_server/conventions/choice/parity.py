"""Compares what is planned with what CI runs: what agrees is marked, what differs is told."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcp_server.repository import REPORTED, Command, Role, Settings

CHOOSING = frozenset(
    "-k -m -p --package --module --project --cov-fail-under --fail-under --config-file --select "
    "--extend-select --ignore --deselect --disable --enable --extend-ignore".split()
)
"""Options whose value says what is checked, or what has to be reached."""

MAX_SHOWN = 100
"""How much of a command a sentence about it holds."""


@dataclass(frozen=True, slots=True)
class Gist:
    """What a command checks: its tool, the paths, and the values of the options that choose."""

    tool: str
    paths: frozenset[str]
    chosen: frozenset[str]
    mutates: bool


def mark(
    commands: Iterable[Command], in_ci: Sequence[Command], root: Path, settings: Settings
) -> tuple[Command, ...]:
    """Return the commands, each with where CI runs the same."""
    known: dict[Gist, str] = {}
    for one in in_ci:
        known.setdefault(_gist(one, root, settings), one.in_ci or one.source)
    return tuple(
        one if one.in_ci else replace(one, in_ci=known.get(_gist(one, root, settings), ""))
        for one in commands
    )


def differences(
    planned: Sequence[Command], in_ci: Sequence[Command], others: Iterable[Command]
) -> Iterator[str]:
    """Yield a sentence for each tool that CI runs and hdb does not, or runs otherwise."""
    reasons = {(one.tool, one.text): one.reason for one in others if one.reason}
    told: set[tuple[Role, str]] = set()
    for one in in_ci:
        if one.role in REPORTED or (one.role, one.tool) in told:
            continue
        same = [each for each in planned if (each.role, each.tool) == (one.role, one.tool)]
        if any(each.in_ci for each in same):
            continue
        told.add((one.role, one.tool))
        where = one.in_ci or one.source
        if same:
            local = f"`{_short(same[0].text)}` ({same[0].source})"
            yield f"CI runs `{_short(one.text)}` ({where}); hdb runs {local}"
        else:
            why = reasons.get((one.tool, one.text))
            because = f": {why}" if why else ""
            yield f"CI also runs `{_short(one.text)}` ({where}); hdb does not{because}"


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 4]} ..."


def _gist(command: Command, root: Path, settings: Settings) -> Gist:
    paths: set[str] = set()
    chosen: set[str] = set()
    rest = iter(command.args)
    for arg in rest:
        name, equals, value = arg.partition("=")
        if name in CHOOSING:
            chosen.add(f"{name} {value if equals else next(rest, '')}")
        elif not arg.startswith("-"):
            path = posixpath.normpath(posixpath.join(command.cwd, arg.partition("::")[0]))
            # What does not exist is an option's value.
            if _exists(root, path):
                paths.add(path)
    if not paths:
        whole = settings.tests if command.role is Role.TEST else ()
        paths = {posixpath.normpath(posixpath.join(command.cwd, one)) for one in whole or (".",)}
    return Gist(command.tool, frozenset(paths), frozenset(chosen), command.mutates)


def _exists(root: Path, path: str) -> bool:
    try:
        return (root / path).exists()
    except (OSError, ValueError):
        return False
