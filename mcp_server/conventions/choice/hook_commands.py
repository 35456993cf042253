"""Offers what the pre-commit hooks of a repository run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcp_server.conventions.choice.evidence import Evidence
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.tasks import recognise
from mcp_server.conventions.hooks.hook_file import HookFile
from mcp_server.conventions.shell.pieces import Opaque, Simple
from mcp_server.conventions.tasks.tasks import Part
from mcp_server.models import Filter
from mcp_server.repository import Command

MANUAL = "no plain run of the hooks reaches it"
PER_FILE = frozenset({"ruff", "ruff-format", "black", "isort", "flake8", "pylint"})
"""Tools that find in a file what they find, whichever files they are given beside it."""


def limited(parts: Iterable[Part], within: Filter) -> tuple[Part, ...] | None:
    """Return the parts of a hook that is given certain files only.

    None where what they find in these files cannot be told from what they find in all.
    """
    found = list(parts)
    if not all(any(one.tool in PER_FILE for one in recognise([part])) for part in found):
        return None
    return tuple(
        replace(part, piece=replace(part.piece, within=within))
        for part in found
        if isinstance(part.piece, Simple)
    )


def doubted(parts: Iterable[Part], why: str) -> tuple[Part, ...]:
    """Return the parts of a hook with those opaque that run a known tool."""
    return tuple(
        replace(part, piece=Opaque(part.piece.text, why, part.piece.line, part.piece))
        if isinstance(part.piece, Simple) and any(recognise([part]))
        else part
        for part in parts
    )


def select_hooks(hooks: HookFile, evidence: Evidence) -> Selection:
    """Return the hooks that run a known tool; one that sees a part of the files is not sure."""
    offers: list[Offer] = []
    others: list[Command] = []
    for command, name in _commands(hooks, evidence):
        why = MANUAL if name in hooks.manual else hooks.narrowed.get(name)
        if why:
            idle = name in hooks.manual
            others.append(replace(command, sure=False, idle=idle, reason=why))
        else:
            offers.append(Offer(command, Tier.IN_CI if command.in_ci else Tier.HOOK))
    return Selection(tuple(offers), tuple(others))


def unread_hooks(hooks: HookFile, evidence: Evidence) -> tuple[list[str], list[str]]:
    """Return the hooks that hdb does not know how to run: those of CI, and other commands."""
    known = {name for _, name in _commands(hooks, evidence)} | hooks.manual
    unread = {name: task for name, task in hooks.tasks.tasks.items() if name not in known}
    in_ci = [name for name in unread if _in_ci(hooks, name, evidence)]
    return in_ci, [name for name, task in unread.items() if task.parts and name not in in_ci]


def _commands(hooks: HookFile, evidence: Evidence) -> Iterator[tuple[Command, str]]:
    for name, task in hooks.tasks.tasks.items():
        why = hooks.narrowed.get(name)
        for command in recognise(_clear(part, why) for part in task.parts):
            told = replace(
                command,
                task=f"{hooks.tasks.path}:{name}",
                via=f"{hooks.tasks.shown}{name}",
                in_ci=_in_ci(hooks, name, evidence),
            )
            yield told, name


def _in_ci(hooks: HookFile, name: str, evidence: Evidence) -> str:
    service = "" if name in hooks.manual | hooks.skipped else hooks.service
    return evidence.of_task(hooks.tasks.path, name) or service


def _clear(part: Part, why: str | None) -> Part:
    """Return a part that is opaque only since its hook is given certain files, as it was."""
    piece = part.piece
    if isinstance(piece, Opaque) and piece.near is not None and piece.reason == why:
        return replace(part, piece=piece.near)
    return part
