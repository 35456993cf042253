"""Reads the commands that a project states for hdb itself, under `[tool.hdb]`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from mcp_server.conventions.choice.located import located
from mcp_server.conventions.choice.offers import Offer, Selection, Tier
from mcp_server.conventions.choice.tasks import recognise
from mcp_server.conventions.files.settings import Files
from mcp_server.conventions.shell.pieces import Opaque, Place, Simple
from mcp_server.conventions.tasks.tasks import Part, take_apart
from mcp_server.limits import SETTINGS, is_limit
from mcp_server.repository import Command, Role

RULES = "rules"
"""The table of hdb's own rules, which is read by `advice` and names its own mistakes."""
STOP_CHECK = "stop-check"
"""The setting that says whether a session may end its turn with unverified changes."""


def select_stated(path: str, files: Files, place: Place) -> Selection:
    """Return the commands that `[tool.hdb]` states for a role, as a line or a list of lines."""
    table = files.settings.tables.get("hdb", {})
    planned: list[Command] = []
    others: list[Command] = []
    prefix = "" if path == "." else f"{path}/"
    for role in Role:
        lines = stated_lines(table.get(role.value))
        source = f"{prefix}pyproject.toml [tool.hdb] {role.value}"
        source = located(source, place.text) if lines else source
        for line in lines:
            for part in take_apart(line, source, path, place):
                command = next(recognise([part]), None) or _unknown(part, role)
                (planned if command.sure else others).append(
                    command if command.sure else replace(command, beside=True)
                )
    return Selection(tuple(Offer(one, Tier.STATED) for one in planned), tuple(others))


def closed_roles(path: str, files: Files, selection: Selection) -> dict[Role, str]:
    """Return where each stated role is stated; an empty list says that the project has none."""
    table = files.settings.tables.get("hdb", {})
    prefix = "" if path == "." else f"{path}/"
    empty = {
        role: f"{prefix}pyproject.toml [tool.hdb] {role.value}"
        for role in Role
        if table.get(role.value) == []
    }
    return empty | {one.role: one.source for one in (*selection.others, *selection.planned)}


def stated_environment(files: Files) -> str | None:
    """Return the folder of the environment that the project states, relative to the project."""
    value = files.settings.tables.get("hdb", {}).get("environment")
    return value if isinstance(value, str) and value else None


def stated_setup(path: str, files: Files, place: Place) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the commands that the project states to create its environment."""
    pieces = [
        part.piece
        for line in stated_lines(files.settings.tables.get("hdb", {}).get("setup"))
        for part in take_apart(line, "", path, place)
    ]
    return tuple((piece.argv, piece.cwd) for piece in pieces if isinstance(piece, Simple))


def stated_lines(value: object) -> list[str]:
    """Return a setting that is one line or a list of lines as a list."""
    lines = value if isinstance(value, list) else [value]
    return [line for line in lines if isinstance(line, str) and line.strip()]


def misstated(files: Files, label: str) -> Iterator[str]:
    """Yield what stands in `[tool.hdb]` and cannot be meant."""
    table = files.settings.tables.get("hdb", {})
    known = {
        *("pass-env", "environment", "setup", STOP_CHECK, RULES),
        *(*SETTINGS, *(role.value for role in Role)),
    }
    for name, value in table.items():
        lines = value if isinstance(value, list) else [value]
        if name not in known:
            listed = ", ".join(sorted(known))
            yield f"{label}pyproject.toml [tool.hdb] has no setting {name!r}: it knows {listed}"
        elif name == RULES or (name == Role.MIGRATIONS.value and isinstance(value, dict)):
            # What its table says is for whoever reads it, and names its own mistakes.
            continue
        elif name in SETTINGS:
            if not is_limit(value):
                yield f"{label}pyproject.toml [tool.hdb] {name} must be a number above 0"
        elif name == STOP_CHECK:
            if not isinstance(value, bool):
                yield f"{label}pyproject.toml [tool.hdb] {name} must be true or false"
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
