"""Writes the commands that were found into `[tool.hdb]`, as a starting point for the project."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

import tomli_w
import tomlkit
from tomlkit.container import OutOfOrderTableProxy
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from mcp_server.conventions.files.reading import UnreadableError, read_file
from mcp_server.errors import UsageError
from mcp_server.repository import Command, Conventions, Project, Role

Lines = str | list[str]
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
INSTALLING = ("PIP_", "UV_")
"""Beginnings of variables that concern what installs, not what checks."""


def adopt(conventions: Conventions) -> list[str]:
    """Write what is planned under `[tool.hdb]` of each project; return a sentence for each file.

    A role that is stated there is left as it is, and so are the comments and the order of an
    existing file. A role that more belongs to than a line can say is left out, and that is told.
    Raises `UsageError` where a file cannot be read, understood or written; none is written then.
    """
    told: list[str] = []
    changes: list[tuple[Path, str]] = []
    for project in conventions.projects:
        found = _stated(project)
        shown = posixpath.normpath(posixpath.join(project.path, "pyproject.toml"))
        if found:
            path = conventions.root / project.path / "pyproject.toml"
            added, text = _changed(path, shown, conventions.root, found)
            changes += [(path, text)] if added else []
            what = f"wrote {', '.join(added)} to" if added else "nothing to add: all is stated in"
            told.append(f"{what} {shown} [tool.hdb]")
        told += [
            f"left {role.value} of {shown} out: {why}"
            for role in Role
            if (why := _more(project, role)) is not None
        ]
    for path, text in changes:
        try:
            _replace(path, text)
        except OSError as error:
            msg = f"{path} cannot be changed: {error.strerror or type(error).__name__}."
            raise UsageError(msg) from None
    return told or ["nothing was found that hdb would run, so nothing was written"]


def _stated(project: Project) -> dict[str, Lines]:
    """Return the planned commands by role as `[tool.hdb]` states them."""
    found: dict[str, Lines] = {}
    for role in Role:
        lines = [_line(one, project.path) for one in project.commands if one.role is role]
        if lines and _more(project, role) is None:
            found[role.value] = lines[0] if len(lines) == 1 else lines
    named = {one.venv: one.cwd for one in project.commands if one.venv}
    if found and len(named) == 1:
        ((venv, cwd),) = named.items()
        found["environment"] = posixpath.relpath(posixpath.join(cwd, venv), project.path)
    return found


def _more(project: Project, role: Role) -> str | None:
    """Return what a line under `[tool.hdb]` would lose of a role, None where it loses nothing."""
    own = [one for one in project.commands if one.role is role]
    if any(one.within for one in own):
        return "its hook sees only some of the files"
    beside = next((one for one in project.others if one.gap and one.role is role), None)
    if own and beside is not None:
        return f"`{beside.text}` belongs to it, which hdb does not run"
    return None


def _line(command: Command, folder: str) -> str:
    """Return a command as a line that means the same from the project's folder."""
    leading = takewhile(ASSIGNMENT.match, command.text.split(" "))
    assigned = {word.partition("=")[0] for word in leading}
    settings = [
        f"{name}={shlex.quote(value)}"
        for name, value in command.env
        if name not in assigned and not name.startswith(INSTALLING)
    ]
    line = " ".join((*settings, command.text))
    if command.cwd == folder:
        return line
    return f"cd {shlex.quote(posixpath.relpath(command.cwd, folder))} && {line}"


def _changed(
    path: Path, shown: str, root: Path, found: Mapping[str, Lines]
) -> tuple[list[str], str]:
    """Return the roles that a file gains, and its new text."""
    if not path.resolve().is_relative_to(root.resolve()):
        msg = f"{shown} leads out of the project, so hdb does not write to it."
        raise UsageError(msg)
    try:
        text = read_file(path)
        if text is None:
            added = list(found)
            text = tomli_w.dumps({"tool": {"hdb": dict(found)}})
        else:
            document = tomlkit.parse(text)
            added = list(_add(document, found, shown))
            text = tomlkit.dumps(document)
    except (UnreadableError, TOMLKitError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{shown} cannot be changed: {why or type(error).__name__}."
        raise UsageError(msg) from None
    return added, text


def _add(document: tomlkit.TOMLDocument, found: Mapping[str, Lines], shown: str) -> Iterator[str]:
    """Add the roles that are not stated yet; yield their names."""
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    # Tables of `tool` that do not stand together are one to tomlkit as well.
    whole = isinstance(tool, (Table, OutOfOrderTableProxy))
    own = tool.setdefault("hdb", tomlkit.table()) if whole else None
    if not isinstance(own, Table):
        msg = f"{shown} has something else than a table under `tool.hdb`."
        raise UsageError(msg)
    for role, lines in found.items():
        if role not in own:
            own.add(role, lines)
            yield role


def _replace(path: Path, text: str) -> None:
    """Put a text in the place of a file at once, so that nobody reads half of it."""
    target = path.resolve()
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    number, name = tempfile.mkstemp(dir=target.parent, prefix=".pyproject-")
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
