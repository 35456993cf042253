"""Writes the commands that were found into `[tool.hdb]`, as a starting point for the project."""

from __future__ import annotations

import os
import posixpath
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import tomli_w
import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from mcp_server.conventions.files.reading import UnreadableError, read_file
from mcp_server.errors import UsageError
from mcp_server.repository import Command, Conventions, Project, Role

Lines = str | list[str]


def adopt(conventions: Conventions) -> list[str]:
    """Write what is planned under `[tool.hdb]` of each project; return a sentence for each file.

    A role that is stated there is left as it is, and so are the comments and the order of an
    existing file. Raises `UsageError` where a file cannot be read, understood or written.
    """
    told = []
    for project in conventions.projects:
        found = _stated(project)
        if found:
            path = conventions.root / project.path / "pyproject.toml"
            shown = posixpath.normpath(posixpath.join(project.path, "pyproject.toml"))
            added = _write(path, shown, conventions.root, found)
            what = f"wrote {', '.join(added)} to" if added else "nothing to add: all is stated in"
            told.append(f"{what} {shown} [tool.hdb]")
    return told or ["nothing was found that hdb would run, so nothing was written"]


def _stated(project: Project) -> dict[str, Lines]:
    """Return the planned commands by role as `[tool.hdb]` states them."""
    found: dict[str, Lines] = {}
    for role in Role:
        lines = [_line(one, project.path) for one in project.commands if one.role is role]
        if lines:
            found[role.value] = lines[0] if len(lines) == 1 else lines
    return found


def _line(command: Command, folder: str) -> str:
    """Return a command as a line that means the same from the project's folder."""
    own = f"{command.text} "
    settings = [f"{k}={shlex.quote(v)}" for k, v in command.env if f"{k}=" not in own]
    line = " ".join((*settings, command.text))
    if command.cwd == folder:
        return line
    return f"cd {shlex.quote(posixpath.relpath(command.cwd, folder))} && {line}"


def _write(path: Path, shown: str, root: Path, found: Mapping[str, Lines]) -> list[str]:
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
        if added:
            _replace(path, text)
    except (UnreadableError, TOMLKitError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        msg = f"{shown} cannot be changed: {why or type(error).__name__}."
        raise UsageError(msg) from None
    return added


def _add(document: tomlkit.TOMLDocument, found: Mapping[str, Lines], shown: str) -> Iterator[str]:
    """Add the roles that are not stated yet; yield their names."""
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    own = tool.setdefault("hdb", tomlkit.table()) if isinstance(tool, Table) else None
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
