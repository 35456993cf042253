"""The record of one CI job, and the reading of CI files within a bound on the work."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from mcp_server.conventions.files.yaml import Value, parse_yaml
from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.pieces import Place, Simple
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tasks.tasks import Part, take_apart

WORK = 600_000
"""How much work all CI files together may be, in characters of commands; more is nothing that
people write. The 20 projects of the corpus come to 280,000 at most."""
EACH = 100
"""What a command counts beside its characters."""
MAX_SCRIPT = 20_000
"""How long one script may be, in characters; the longest of the corpus has 3,500."""
MAX_PARTS = 1000
"""How many commands of one script are kept."""
MAX_VARIABLES = 200
"""How many variables of an environment are kept, each of at most `MAX_VALUE` characters."""
MAX_VALUE = 1000
PYTHON = re.compile(r"(?:pypy-?)?[23]\.\d+t?(?:\.\d+)?\Z")
"""A Python version as CI files name it."""
DECIDING = frozenset({"TOXENV", "TOX_ENV", "NOXSESSION", "SKIP", "PREK_SKIP", "PYTEST_ADDOPTS"})
"""Variables that change what a runner of checks runs."""
IMAGE = re.compile(r"(?:^|/)(?:python|pypy):((?:[23]\.)\d+)")
HERE = "\x01"
"""Stands as the source of a part that is not from another file."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job of a CI configuration that checks changes: its commands with what they run in.

    `gates` tells whether a failure of these commands stops a push or a pull request; what a job
    runs besides, so that a failure does not count, is a second job of the same name. `pythons`
    are the versions that the job asks for, as it writes them.
    """

    name: str
    service: str
    source: str
    parts: tuple[Part, ...]
    gates: bool
    pythons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """Shell text of a job: where it stands, and what it runs in.

    `where` is the source without its line, `line` the 1-based line of the text's first; `lines`
    are the sources of a text's lines where it is put together from several places. `cwd` may
    hold `UNKNOWN`, and may lie outside the repository.
    """

    text: str
    where: str
    line: int
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def source(self, line: int) -> str:
        """Return where a line of the text stands, 1 being its first."""
        if self.lines:
            return self.lines[min(line, len(self.lines)) - 1]
        return f"{self.where}:{self.line + line - 1}"


@dataclass(slots=True)
class Reading:
    """One pass over the CI files of a repository: the files read, and the work that is left."""

    place: Place
    left: int = WORK
    followed: dict[object, Any] = field(default_factory=dict)
    """What readers came to for texts that they meet many times, by all that it depends on."""
    _documents: dict[str, Value | None] = field(default_factory=dict)
    _folders: dict[str, bool] = field(default_factory=dict)
    _parts: dict[object, tuple[Part, ...]] = field(default_factory=dict)

    def document(self, name: str) -> Value | None:
        """Return what a YAML file below the root holds, None where there is nothing to read."""
        if name not in self._documents:
            text = self.place.text(name)
            value = None
            try:
                value = parse_yaml(text) if text is not None else None
            except ValueError as error:
                self.place.reader.unreadable(name, str(error))
            self._documents[name] = value
        return self._documents[name]

    def spend(self, work: int, name: str) -> bool:
        """Take `work` from what is left; False, with the file `name` told, where it is used up."""
        if self.left <= 0:
            why = "the CI files lead to more commands than hdb follows"
            self.place.reader.unreadable(name, why)
            return False
        self.left -= work
        return True

    def parts(self, script: Script) -> tuple[Part, ...]:
        """Return the commands of a script, each with the line it stands in."""
        variables = tuple(islice(script.env.items(), MAX_VARIABLES))
        key = script.text, script.where, script.line, script.cwd, script.lines, variables
        if key not in self._parts:
            self._parts[key] = self._taken_apart(script)
        return self._parts[key]

    def _taken_apart(self, script: Script) -> tuple[Part, ...]:
        work = len(script.text) + EACH + 5 * len(script.env)
        if not self.spend(work, script.where.partition(":")[0]):
            return ()
        text = script.text
        if len(text) > MAX_SCRIPT:
            text = f"{UNREADABLE}{text[:MAX_VALUE]}"
        cwd = self._folder(script.cwd)
        if cwd is None and not text.startswith(UNREADABLE):
            # What follows is taken apart as after a `cd` that nobody can follow.
            text = f"cd {UNKNOWN}; {text}"
        env = dict(islice(script.env.items(), MAX_VARIABLES))
        found = take_apart(text, HERE, cwd or ".", self.place, env)
        return tuple(
            replace(part, source=script.source(part.piece.line)) if part.source == HERE else part
            for part in found[:MAX_PARTS]
        )

    def _folder(self, cwd: str) -> str | None:
        """Return a folder of the repository as it is written in sources; None for any other."""
        if UNKNOWN in cwd or cwd.startswith(("/", "~", "$")):
            return None
        folder = posixpath.normpath(cwd or ".")
        if folder not in self._folders:
            try:
                inside = (self.place.root / folder).is_dir() and not folder.startswith("..")
            except (OSError, ValueError):
                inside = False
            self._folders[folder] = inside
        return folder if self._folders[folder] else None


def kept(values: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are known and short enough to be carried along."""
    known = {
        name: value
        for name, value in values.items()
        if len(value) <= MAX_VALUE and UNKNOWN not in value and UNKNOWN not in name
    }
    return dict(islice(known.items(), MAX_VARIABLES))


def told_apart(part: Part) -> object:
    """Return what makes a part another command: not a variable that only its tests would see."""
    piece = part.piece
    if not isinstance(piece, Simple):
        return piece.text, piece.reason, part.source
    deciding = tuple(one for one in piece.env if one[0] in DECIDING)
    return piece.argv, piece.cwd, piece.venv, deciding, part.source


def merged(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """Return jobs with those of one source as one, without those that run nothing."""
    found: dict[tuple[str, str, bool], tuple[Job, dict[object, Part], dict[str, None]]] = {}
    for job in jobs:
        _, parts, pythons = found.setdefault((job.source, job.name, job.gates), (job, {}, {}))
        for part in job.parts:
            parts.setdefault(told_apart(part), part)
        pythons.update(dict.fromkeys(job.pythons))
    return tuple(
        replace(job, parts=tuple(parts.values()), pythons=tuple(pythons))
        for job, parts, pythons in found.values()
        if parts
    )


def of_image(image: str) -> Iterator[str]:
    """Yield the Python version that a container image is tagged with."""
    match = IMAGE.search(image[:MAX_VALUE])
    if match:
        yield match[1]


def versions(texts: Iterable[str]) -> Iterator[str]:
    """Yield the Python versions that texts consist of, one or several in each."""
    for text in texts:
        yield from (word for word in text[:MAX_VALUE].split() if PYTHON.match(word))
