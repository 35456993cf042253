"""Offers the commands that instructions for contributors and agents name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.tasks import recognise
from mcp_server.conventions.tasks.tasks import Part
from mcp_server.repository import Command, Role


def select_instructed(parts: Iterable[Part], root: Path) -> Selection:
    """Return the first command of each tool and folder that is no example of a single test."""
    found: dict[tuple[str, str], Command] = {}
    for command in recognise(parts):
        if not _is_example(command, root):
            key = (command.tool, command.cwd)
            known = found.get(key)
            # A check is worth more than the same tool's repair.
            if known is None or (known.mutates and not command.mutates):
                found[key] = command
    return Selection(
        tuple(Offer(one, Tier.INSTRUCTION) for one in found.values() if not one.mutates),
        tuple(
            replace(one, sure=False, idle=True, reason="it repairs, and is named in prose only")
            for one in found.values()
            if one.mutates
        ),
    )


def _is_example(command: Command, root: Path) -> bool:
    """Tell whether a command runs one file or one test, as instructions show how to."""
    named = [arg for arg in command.args if not arg.startswith("-")]
    if any("::" in arg or arg.endswith(".py") for arg in named):
        return True
    if any("/" in arg and not (root / command.cwd / arg).exists() for arg in named):
        return True
    return command.role is Role.TEST and any(
        arg.partition("=")[0] in {"-k", "--lf", "--pdb", "-s", "--collect-only", "--co"}
        for arg in command.args
    )
