"""Says which Python files a verification advises on, and which of their lines are new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from mcp_server.change import before, changed_lines, read_change
from mcp_server.conventions.layout.tree import list_tree
from mcp_server.errors import HdbError
from mcp_server.targets import Target

Lines: TypeAlias = Mapping[str, frozenset[int] | None]
"""Of files, relative to the verified folder, the lines that were changed; None for all."""


@dataclass(frozen=True, slots=True)
class Advised:
    """The files that advice is given on, and of the changed ones among them the changed lines.

    `chosen` is whether they are the targets that a caller named. `why` says why the change is not
    known, "" where it is.
    """

    files: tuple[str, ...] = ()
    lines: Lines = field(default_factory=dict)
    chosen: bool = False
    why: str = ""


def advised(root: Path, chosen: Sequence[Target] = (), ref: str | None = None) -> Advised:
    """Return the Python files of the change, or those of the targets that a caller chose.

    The change is what differs from the commit `ref`, by default from where the work parted.
    Where nothing tells what the change is, there are none: advice on every file of a project
    would hide what matters.
    """
    named = _named(root, chosen) if chosen else None
    lines, why = _changed(root, named, ref)
    if named is None:
        return Advised(tuple(lines), lines, why=why)
    return Advised(named, lines, chosen=True)


def _changed(root: Path, named: Sequence[str] | None, ref: str | None) -> tuple[Lines, str]:
    if named == ():
        return {}, ""
    try:
        change = read_change(root, ref)
        if change.base is None and change.added.issuperset(_python(root)):
            return {}, "no commit and no green batch says what changed"
        wanted = None if named is None else frozenset(named)
        paths = [
            one for one in change.changed if one.endswith(".py") and (not wanted or one in wanted)
        ]
        old = before(change, root, paths)
        return {path: _lines(root, path, old.get(path)) for path in paths}, ""
    except HdbError as error:
        return {}, f"what changed is not known: {error}"
    except Exception as error:  # noqa: BLE001 - advice must not cost the project its verdict
        return {}, f"what changed is not known, for a fault of hdb's own: {error!r}"


def _named(root: Path, chosen: Sequence[Target]) -> tuple[str, ...]:
    files = {one.path for one in chosen if one.path.endswith(".py") and not one.is_folder}
    folders = tuple(one.path for one in chosen if one.is_folder)
    listed = _python(root) if folders else []
    for folder in folders:
        inside = {one for one in listed if one.startswith(f"{folder}/")}
        # What hdb does not read is named all the same: it must not look as if it were asked about.
        files |= inside or {f"{folder}/{one}" for one in _python(root / folder)}
    return tuple(sorted(files))


def _python(root: Path) -> list[str]:
    return [one for one in list_tree(root).files if one.endswith(".py")]


def _lines(root: Path, path: str, old: bytes | None) -> frozenset[int] | None:
    if old is None:
        return None
    try:
        return changed_lines(old, (root / path).read_bytes())
    except OSError:
        # Gone meanwhile.
        return None
