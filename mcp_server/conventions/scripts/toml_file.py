"""What the script tables of TOML files share: their lines, and how their commands come apart."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mcp_server.conventions.files.toml import parse_toml
from mcp_server.conventions.files.toml_lines import TomlLines, toml_lines
from mcp_server.conventions.shell.pieces import Place
from mcp_server.conventions.tasks.commands import TaskCommands, opaque
from mcp_server.conventions.tasks.tasks import Part, Task, TaskFile

T = TypeVar("T")
MAX_TASKS = 1_000
"""How many scripts one table may hold; the largest of the public ones seen has 60."""
MAX_ITEMS = 300
"""How many steps a script may have."""
FUNCTION = "it calls a Python function"


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """A TOML file that may hold scripts: its path below the root, its content, and its text."""

    place: Place
    path: str
    folder: str
    content: Mapping[str, Any]
    text: str = ""

    @property
    def lines(self) -> TomlLines:
        """The lines of the keys and values; most files hold no scripts, and nobody asks."""
        return toml_lines(self.text)

    def line(self, *keys: str | int) -> int:
        """Return the line of a key, or of the nearest table above it that has one."""
        path = keys
        while path and path not in self.lines.keys:
            path = path[:-1]
        return self.lines.keys.get(path, 1)


def script_file(
    place: Place, folder: str, name: str, content: Mapping[str, Any] | None = None
) -> ScriptFile | None:
    """Return a TOML file of a folder, None where there is none; `content` is it, parsed before."""
    path = posixpath.normpath(posixpath.join(folder, name))
    text = place.text(path)
    if text is None:
        return None if content is None else ScriptFile(place, path, folder, content)
    if content is None:
        try:
            content = parse_toml(text)
        except ValueError as error:
            place.reader.unreadable(path, str(error))
            return None
    return ScriptFile(place, path, folder, content, text)


class Scripts:
    """The scripts of one table, as they are turned into tasks."""

    def __init__(self, file: ScriptFile, table: Sequence[str]) -> None:
        self.file = file
        self.table = tuple(table)
        self._commands = TaskCommands(file.place, file.path, file.folder)
        self._count = 0

    def bounded(self, found: Iterable[T]) -> Iterator[T]:
        """Yield scripts, no more than people write; it is told where some are left."""
        for one in found:
            self._count += 1
            if self._count > MAX_TASKS:
                why = f"it holds more than {MAX_TASKS:,} scripts, of which the first were read"
                self.file.place.reader.unreadable(self.file.path, why)
                return
            yield one

    def line(self, *keys: str | int) -> int:
        """Return the line on which the value of a key below the table begins."""
        path = (*self.table, *keys)
        return self.file.lines.values.get(path) or self.file.line(*path)

    def shell(
        self,
        text: str,
        name: str,
        line: int,
        cwd: str | None = "",
        env: Mapping[str, str] | None = None,
    ) -> tuple[Part, ...]:
        """Return the parts of a command; `cwd` is None where its folder is not known."""
        cwd = self.file.folder if cwd == "" else cwd
        return self._commands.parts(text, name, line, cwd, env)

    def told(self, text: str, reason: str, name: str, line: int) -> tuple[Part, ...]:
        """Return a script that is no command, with the reason."""
        return (Part(opaque(text, reason), f"{self.file.path}:{name}:{line}"),)

    def function(self, text: str, name: str, line: int) -> tuple[Part, ...]:
        """Return a script that calls a Python function."""
        return self.told(text, FUNCTION, name, line)

    def folder(self, stated: object) -> str | None:
        """Return the folder that a script runs in, None where that is not known."""
        if stated is None:
            return self.file.folder
        return self._commands.moved(self.file.folder, stated) if isinstance(stated, str) else None

    def task(
        self, name: str, parts: Sequence[Part], needs: Sequence[str] = (), line: int = 0
    ) -> Task:
        """Return a script as a task."""
        source = f"{self.file.path}:{name}:{line or self.file.line(*self.table, name)}"
        return Task(name, source, tuple(parts), tuple(dict.fromkeys(needs)))

    def tasks(self, found: Sequence[Task], shown: str) -> TaskFile | None:
        """Return the tasks of the table as a file of tasks, None where there are none."""
        if not found:
            return None
        path = f"{self.file.path} [{'.'.join(self.table)}]"
        return TaskFile(path, self.file.folder, {one.name: one for one in found}, shown)


def text_of(value: object) -> str | None:
    """Return a value as a setting's text, None where it cannot be one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None


def settings(*tables: object) -> dict[str, str]:
    """Return tables of environment variables as one, the last ones the strongest."""
    return {
        name: text
        for table in tables
        if isinstance(table, dict)
        for name, value in table.items()
        if (text := text_of(value)) is not None
    }


def table_of(value: object, *keys: str) -> dict[str, Any]:
    """Return the table below the keys, empty where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """Return a text or a list of texts as a list, as far as people write any."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed[:MAX_ITEMS] if isinstance(one, str)]
