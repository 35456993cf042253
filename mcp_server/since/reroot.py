"""Turns a step of the present tree into the same step in a copy of it at an earlier commit."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mcp_server.models import Step
from mcp_server.repository import Conventions
from mcp_server.since.export import Export
from mcp_server.since.redirects import Led, led_into

ENDS = r"(?=$|[/:;,'\"\s])"
"""What may follow the name of a folder in a text that means the folder or what lies in it."""
KEPT = frozenset({"PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "UV_PROJECT_ENVIRONMENT"})
"""Variables that name what stays where it is: tools and environments."""


@dataclass(frozen=True, slots=True)
class Move:
    """From the repository `top` into its copy, but for the environments that lie in it."""

    top: Path
    export: Export
    environments: tuple[Path, ...]
    led: Mapping[Path, Led]
    """Where each environment leads into the repository."""

    def path(self, path: Path) -> Path:
        """Return the place in the copy of a path in the repository."""
        return self.export.top / path.relative_to(self.top)

    def text(self, text: str) -> str:
        """Return a text with every path in the repository as one in the copy."""
        name = str(self.top)
        if name not in text:
            return text

        def moved(match: re.Match[str]) -> str:
            rest = text[match.start() :]
            kept = any(re.match(f"{re.escape(str(one))}{ENDS}", rest) for one in self.environments)
            return name if kept else str(self.export.top)

        return re.sub(f"{re.escape(name)}{ENDS}", moved, text)

    def leads(self, environment: Path | None) -> Led:
        """Return where an environment leads into the repository."""
        return self.led.get(environment, Led()) if environment else Led()

    def sources(self, environment: Path | None) -> tuple[Path, ...]:
        """Return what of the copy is to be imported in place of what the environment leads to."""
        found = (self.path(one) for one in self.leads(environment).folders)
        return tuple(one for one in found if one.is_dir())


def move_into(export: Export, conventions: Conventions, top: Path) -> Move:
    """Return the move into a copy; environments that lie in the repository are linked to."""
    folders = [one.environment.folder for one in conventions.projects]
    found = tuple(dict.fromkeys(one for one in folders if one is not None))
    resolved = (one.resolve() for one in found)
    move = Move(
        top,
        export,
        tuple(dict.fromkeys((*found, *resolved))),
        {one: led_into(one, top) for one in found},
    )
    _link_environments(move)
    return move


def elsewhere(move: Move, export: Export) -> Move:
    """Return the same move into another copy."""
    other = replace(move, export=export)
    _link_environments(other)
    return other


def _link_environments(move: Move) -> None:
    for one in move.environments:
        if one.is_relative_to(move.top):
            place = move.path(one)
            # Settings may name it by where it lies.
            with contextlib.suppress(OSError):
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(one)


def reroot(
    step: Step, move: Move, parent: Mapping[str, str] = os.environ, *, imports: bool = True
) -> Step:
    """Return a step in the copy: the same command, tools and settings' names, other files.

    What the environment imports from the repository comes from the copy, by PYTHONPATH, for a
    tool that `imports` or looks for modules.
    """
    env: dict[str, str | None] = {
        name: move.text(value)
        for name, value in parent.items()
        if name not in KEPT and not name.startswith("HDB_") and str(move.top) in value
    }
    env |= {name: value and move.text(value) for name, value in step.env.items()}
    env |= _path(env, move.sources(step.venv) if imports else (), parent)
    return replace(
        step,
        argv=(*step.argv[: step.started], *_moved(step.argv[step.started :], move)),
        args=_moved(step.args, move),
        cwd=move.path(step.cwd),
        root=move.export.root,
        env=env,
        left_out=(),
        ordered=(),
    )


def _path(
    env: Mapping[str, str | None], folders: Iterable[Path], parent: Mapping[str, str]
) -> dict[str, str | None]:
    inherited = env["PYTHONPATH"] if "PYTHONPATH" in env else parent.get("PYTHONPATH")
    paths = dict.fromkeys([*filter(None, [inherited]), *map(str, folders)])
    return {"PYTHONPATH": os.pathsep.join(paths)} if paths else {}


def _moved(words: Iterable[str], move: Move) -> tuple[str, ...]:
    return tuple(move.text(word) for word in words)
