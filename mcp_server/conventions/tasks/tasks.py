"""The named tasks of a file that names commands, taken apart, scripts they start included."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.shell.decompose import decompose
from mcp_server.conventions.shell.pieces import Opaque, Piece, Place
from mcp_server.conventions.tasks.runner import Started, unwrap

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
SHEBANG = re.compile(r"^#! ?\S*?(?:/env(?: -S)? )?\b(?:ba|da|z|k)?sh\b")
MAX_DEPTH = 5
"""How deep scripts may start each other."""
MAX_PARTS = 1000
"""How many commands a text with the scripts that it starts may come to."""
MAX_NEEDED = 100
"""How many tasks one task may need; a chain that people write has far fewer."""
OWN_FOLDER = re.compile(
    r"\$\(\s*dirname\s+(?:--\s+)?\"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})\"?\s*\)"
)
ABSOLUTE = re.compile(r"\$\(\s*cd\s+\"?([^\"$`()&;|]+?)\"?\s*&&\s*pwd(?:\s+-P)?\s*\)")
REPOSITORY = re.compile(r"\$\(\s*git\s+rev-parse\s+--show-toplevel\s*\)")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a task and where it stands."""

    piece: Piece
    source: str


@dataclass(frozen=True, slots=True)
class Task:
    """A name with what it runs, after what it needs.

    `lesser` says why it is less than the whole run of its checks, where its file tells; `shown`
    is how a person runs it, where that is not the file's own way with the name.
    """

    name: str
    source: str
    parts: tuple[Part, ...] = ()
    needs: tuple[str, ...] = ()
    lesser: str | None = None
    shown: str = ""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A file that names tasks: its path below the root, its folder, and how one is run.

    Without a `runner` no task is ever run whole; `shown` is how a person would run one.
    """

    path: str
    folder: str
    tasks: Mapping[str, Task]
    shown: str
    runner: tuple[str, ...] | None = None

    def way(self, name: str) -> str:
        """Return how a person runs a task."""
        return self.tasks[name].shown or f"{self.shown}{name}".strip()


def reachable(tasks: Mapping[str, Task], name: str) -> Iterator[Task]:
    """Yield the tasks that a task needs, in the order they run, itself last."""
    seen: set[str] = set()
    # A stack of its own: prerequisites may be chained thousands deep.
    waiting = [(name, False)]
    while waiting:
        current, ready = waiting.pop()
        if ready:
            yield tasks[current]
        elif current in tasks and current not in seen and len(seen) < MAX_NEEDED:
            seen.add(current)
            waiting.append((current, True))
            waiting += [(needed, False) for needed in reversed(tasks[current].needs)]


def take_apart(
    text: str, source: str, cwd: str, place: Place, env: Mapping[str, str] | None = None
) -> tuple[Part, ...]:
    """Return the parts of shell text; scripts of the project that it starts are followed."""
    budget = [MAX_PARTS]
    pieces = decompose(text, cwd, place, env=env)
    return tuple(
        part
        for piece in pieces
        for part in _followed(Part(piece, _moved(source, piece.line)), place, 0, budget)
    )


def _moved(source: str, line: int) -> str:
    """Return a source that ends with a line, moved to the line of a text that begins there."""
    place, colon, number = source.rpartition(":")
    return f"{place}:{int(number) + line - 1}" if colon and number.isdigit() else source


def _followed(part: Part, place: Place, depth: int, budget: list[int]) -> Iterator[Part]:
    """Yield a part, or in its stead those of the script that it starts."""
    # A script is followed whatever it is given.
    piece = part.piece.near if isinstance(part.piece, Opaque) else part.piece
    budget[0] -= 1
    if piece is None or depth > MAX_DEPTH or budget[0] < 0:
        yield part
        return
    started = unwrap(piece.argv)
    inline = _inline(started)
    path = None if inline is not None else _script(started, piece.cwd)
    if path and (place.root / path).is_dir():
        path = None
    text = inline if path is None else place.text(path)
    if text is None or (path and not _is_shell(started, path, text)):
        yield part
        return
    text = _located(text, path, place.root) if path else text
    pieces = decompose(text, piece.cwd, place, env=dict(piece.env), venv=piece.venv)
    if all(isinstance(one, Opaque) for one in pieces):
        # Nothing was learned: the script's name says more than its logic.
        yield part
        return
    for inner in pieces:
        source = f"{path}:{inner.line}" if path else part.source
        yield from _followed(Part(inner, source), place, depth + 1, budget)


def _is_shell(started: Started, path: str, text: str) -> bool:
    return started.program in SHELLS or path.endswith(".sh") or bool(SHEBANG.match(text))


def _inline(started: Started) -> str | None:
    """Return the text of `sh -c TEXT`."""
    if started.program in SHELLS and len(started.args) > 1:
        options = started.args[0]
        if options.startswith("-") and not options.startswith("--") and options.endswith("c"):
            return started.args[1]
    return None


def _script(started: Started, cwd: str) -> str | None:
    """Return the path, below the root, of the script that a command starts."""
    if started.program in SHELLS:
        name = next((arg for arg in started.args if not arg.startswith("-")), None)
    else:
        name = started.start[-1] if started.start and "/" in started.start[-1] else None
    return posixpath.normpath(posixpath.join(cwd, name)) if name and name[-1] != "/" else None


def _located(text: str, path: str, root: Path) -> str:
    """Fill in the ways in which a script says where it lies."""
    text = OWN_FOLDER.sub(str(root / posixpath.dirname(path)), text)
    return REPOSITORY.sub(str(root), ABSOLUTE.sub(r"\1", text))
