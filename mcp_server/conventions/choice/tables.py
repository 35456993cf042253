"""Offers the tools that a project's own tables and files configure."""

from __future__ import annotations

from collections.abc import Iterator

from mcp_server.checkers import checkers
from mcp_server.conventions.choice.located import located
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.shell.pieces import Place
from mcp_server.repository import Command

SUBCOMMANDS = {"ruff": ("ruff", "check"), "ruff-format": ("ruff", "format"), "ty": ("ty", "check")}


def select_tables(path: str, files: Files, place: Place) -> Selection:
    """Return the commands that the tools' own tables and files ask for."""
    return Selection(
        tuple(Offer(command, Tier.TABLE) for command in _of_tables(path, files, place))
    )


def _of_tables(path: str, files: Files, place: Place) -> Iterator[Command]:
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
                source=located(f"{prefix}{found.source}", place.text),
                cwd=path,
                start=words[:1],
                args=found.args,
            )
