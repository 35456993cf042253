"""Takes the commands of one task file apart, each with its own line, as far as people write any."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mcp_server.conventions.shell.decompose import MAX_SHOWN, MOVING
from mcp_server.conventions.shell.pieces import Opaque, Piece, Place
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import REPOSITORY, Part, take_apart

HERE = "\1"
"""Stands in a text for the folder of the task file, whatever folder the text is used in."""
MAX_PIECES = 2_000
"""How many commands one file may come to; the largest of the public task files seen has 400."""
MAX_TEXT = 32_768
"""How many characters one command, or one script inside a task file, may have."""
MAX_TOTAL = 200_000
"""How many characters all commands of one file may have."""
MAX_FILE = 131_072
"""How many characters a task file may have; the largest of the public ones seen has 60,000."""
MAX_SETTINGS = 300
"""How many environment variables may be set for one command."""
LOST = "the folder it runs in is not inside the project or not known"
UNDECIDED = "whether it runs is decided when it runs"


def task_text(place: Place, path: str) -> str | None:
    """Return the text of a task file, None where there is none, or more than people write."""
    text = place.text(path)
    if text is not None and len(text) > MAX_FILE:
        why = f"it has {len(text):,} characters, and hdb reads task files of up to {MAX_FILE:,}"
        place.reader.unreadable(path, why)
        return None
    return text


@dataclass(slots=True)
class TaskCommands:
    """The commands of the task file `path`, counted, so that no file grows without end."""

    place: Place
    path: str
    folder: str
    pieces: int = 0
    size: int = 0

    @property
    def full(self) -> bool:
        """Whether the file has come to more commands than are read."""
        return self.pieces > MAX_PIECES or self.size > MAX_TOTAL

    def parts(  # noqa: PLR0913 - where a command stands and runs are six facts
        self,
        text: str,
        name: str,
        line: int,
        cwd: str | None,
        env: Mapping[str, str] | None = None,
        *,
        path: str | None = None,
    ) -> tuple[Part, ...]:
        """Return what a command of the task `name` comes apart into.

        `text` may hold `HERE` and `UNKNOWN`; `line` is where it begins in the file (`path` where
        that is not the task file itself); `cwd` is None where its folder is not known.
        """
        path = path or self.path
        source = f"{path}:{name}:{line}"
        if self.full:
            why = f"it comes to more than {MAX_PIECES:,} commands, of which the first were read"
            self.place.reader.unreadable(path, why)
            return ()
        self.size += len(text)
        beyond = _beyond(text, cwd, env or {})
        if cwd is None or beyond is not None:
            self.pieces += 1
            return (Part(opaque(text[:MAX_TEXT], beyond or LOST), source),)
        text = REPOSITORY.sub(str(self.place.root), text)
        settings = {one: self.settled(value, cwd) for one, value in (env or {}).items()}
        found = take_apart(self.settled(text, cwd), source, cwd, self.place, settings)
        self.pieces += len(found)
        if "\n" not in text:
            return found
        return tuple(
            replace(part, source=f"{path}:{name}:{line + part.piece.line - 1}")
            if part.source == source
            else part
            for part in found
        )

    def argv(
        self,
        words: Sequence[str],
        name: str,
        line: int,
        cwd: str | None,
        env: Mapping[str, str] | None = None,
    ) -> tuple[Part, ...]:
        """Return what a command comes apart into that is started without a shell."""
        text = " ".join(_quoted(word) for word in words)
        # Two unknown words would begin a text that is not for a shell.
        begun = UNKNOWN if text.startswith(UNKNOWN) else ""
        return self.parts(begun + text.lstrip(UNKNOWN), name, line, cwd, env)

    def settled(self, text: str, cwd: str) -> str:
        """Return a text with the task file's folder in it, as it is reached from `cwd`."""
        if HERE not in text:
            return text
        if MOVING.search(text):
            # The command moves on, so that only the whole path leads back.
            folder = posixpath.normpath(posixpath.join(str(self.place.root), self.folder))
        else:
            folder = posixpath.relpath(self.folder, cwd)
        return text.replace(HERE, folder)

    def moved(self, cwd: str | None, target: str) -> str | None:
        """Return the folder `target` as seen from `cwd`, None where that is outside or unknown."""
        if cwd is None or UNKNOWN in target or target.startswith(("~", "$")):
            return None
        target = target.replace(HERE, posixpath.relpath(self.folder, cwd))
        if posixpath.isabs(target):
            target = os.path.relpath(target, self.place.root / cwd)
        moved = posixpath.normpath(posixpath.join(cwd, target))
        return None if moved == ".." or moved.startswith(("../", "/")) else moved


def _quoted(word: str) -> str:
    """Return a word as the shell takes it literally; what is unknown needs no quotes."""
    known = word.replace(UNKNOWN, "")
    return word if UNKNOWN in word and shlex.quote(known) in {known, "''"} else shlex.quote(word)


def _beyond(text: str, cwd: str | None, env: Mapping[str, str]) -> str | None:
    """Return why a command is not taken apart at all, None where it is."""
    if cwd is None:
        return LOST
    if len(text) > MAX_TEXT:
        return f"it has more than {MAX_TEXT:,} characters"
    return f"it sets more than {MAX_SETTINGS} variables" if len(env) > MAX_SETTINGS else None


def opaque(text: str, reason: str, line: int = 1) -> Opaque:
    """Return a command that cannot be told, in one short line."""
    shown = " ".join(text.replace(UNKNOWN, "...").replace(HERE, ".").split())
    return Opaque(shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}...", reason, line)


def doubted(parts: Iterable[Part], reason: str = UNDECIDED) -> tuple[Part, ...]:
    """Return parts of which none is sure to run, each with the reason."""
    return tuple(replace(part, piece=_doubted(part.piece, reason)) for part in parts)


def _doubted(piece: Piece, reason: str) -> Opaque:
    # What it would come to is left out, too: nobody may follow it.
    why = piece.reason if isinstance(piece, Opaque) else reason
    return opaque(piece.text, why, piece.line)
