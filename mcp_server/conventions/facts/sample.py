"""Chooses and reads the Python files that are looked at, by a rule that bounds files and bytes."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from mcp_server.conventions.facts.module import Module
from mcp_server.conventions.layout.sources import SKIPPED, TEST_FOLDERS
from mcp_server.conventions.shell.pieces import Place

MOST_FILES = 400
"""How many files are read: about 20 ms, and enough that shares no longer move."""
MOST_BYTES = 3_000_000
"""How many bytes are searched in all; more takes longer than all other readers together."""
MOST_OF_A_FILE = 200_000
"""How many bytes of a file are read; what is longer is generated, or enough by then."""
MARKERS = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
TELLING = frozenset(
    "config.py settings.py conf.py main.py app.py asgi.py wsgi.py api.py server.py deps.py "
    "dependencies.py database.py db.py session.py sessions.py "
    "engine.py postgres.py base.py models.py urls.py factory.py celery.py".split()
)
"""Names of the files that settle things for the others, which a sample should not miss."""
TESTS = frozenset({*TEST_FOLDERS, "t"})
HINTS = re.compile(r"model|schema|route|view|endpoint|setting|config|session")
"""What names of files hold that settle things for a part; of these come half of a sample."""
MOST_TELLING = 80
MOST_CONFTESTS = 40


@dataclass(frozen=True, slots=True)
class Sample:
    """The files that were read of a project, and of how many."""

    sources: tuple[Module, ...] = ()
    tests: tuple[Module, ...] = ()
    python: tuple[str, ...] = ()
    """The paths of all of the project's Python files, with those that were not read."""
    wanted: int = 0
    """How many files of code and tests there are."""

    @property
    def sampled(self) -> str:
        """Which part was read, "" where it is everything."""
        read = len(self.sources) + len(self.tests)
        if read >= self.wanted:
            return ""
        return f"{read} of {self.wanted:,} Python files, spread evenly"


def own_files(folder: str, files: Iterable[str]) -> tuple[str, ...]:
    """Return the files of a project: those below its folder and in no project of their own."""
    prefix = "" if folder == "." else f"{folder}/"
    inside = [path for path in files if path.startswith(prefix)]
    nested = tuple(
        f"{posixpath.dirname(path)}/"
        for path in inside
        if posixpath.basename(path) in MARKERS and posixpath.dirname(path) not in {folder, ""}
    )
    return tuple(path for path in inside if not path.startswith(nested))


def read_sample(
    folder: str,
    files: Iterable[str],
    sources: tuple[str, ...],
    place: Place,
    migrations: Collection[str] = (),
) -> Sample:
    """Read at most `MOST_FILES` of a project's Python files.

    `sources` are its folders of code, below `folder`. Folders of examples, documentation and
    `migrations` are left out. Of the rest come first conftest files and those with telling names,
    then others at even distances, two of code for one of tests.
    """
    python = tuple(sorted(path for path in files if path.endswith(".py")))
    cut = 0 if folder == "." else len(folder) + 1
    moved = tuple(f"{one}/" for one in migrations)
    wanted = [path for path in python if not _aside(path[cut:]) and not path.startswith(moved)]
    code = [path for path in wanted if not is_test(path, folder)]
    prefix = "" if folder == "." else f"{folder}/"
    heads = tuple(f"{prefix}{one}" for one in sources)
    inside = [path for path in code if path.startswith(tuple(f"{one}/" for one in heads))]
    code = inside or code
    tests = [path for path in wanted if is_test(path, folder)]
    room = max(MOST_FILES - len(tests), MOST_FILES * 2 // 3)
    chosen = _chosen(code, room, TELLING, MOST_TELLING)
    rest = _chosen(tests, MOST_FILES - len(chosen), frozenset({"conftest.py"}), MOST_CONFTESTS)
    opener = _Opener(place, os.path.realpath(place.root))
    return Sample(
        opener.modules(chosen, MOST_BYTES * 2 // 3, test=False),
        opener.modules(rest, MOST_BYTES // 2, test=True),
        python,
        len(code) + len(tests),
    )


def is_test(path: str, folder: str = ".") -> bool:
    """Tell whether a Python file belongs to the tests, by its name and its folders'."""
    inner = path if folder == "." else path[len(folder) + 1 :]
    *above, name = inner.split("/")
    named = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return named or name == "tests.py" or not TESTS.isdisjoint(above)


def _tells(path: str, telling: frozenset[str]) -> bool:
    folder, name = posixpath.split(path)
    return name in telling or folder.endswith("/fixtures")


def _aside(path: str) -> bool:
    """Tell whether a file lies among documentation, examples, migrations or foreign code."""
    *above, _ = path.split("/")
    if above[-1:] == ["fixtures"] and not TESTS.isdisjoint(above):
        above.pop()
    return not SKIPPED.isdisjoint(above)


def _chosen(paths: list[str], room: int, telling: frozenset[str], most: int) -> list[str]:
    """Return at most `room` of the paths: the telling ones, and others at even distances."""
    if len(paths) <= room:
        return paths
    by_depth = sorted(paths, key=lambda path: (path.count("/"), path))
    first = [path for path in by_depth if _tells(path, telling)][:most]
    if telling is TELLING:
        hinting = [path for path in paths if HINTS.search(posixpath.basename(path))]
        first = [*dict.fromkeys((*first, *_spread(hinting, max(room // 2 - len(first), 0))))]
    taken = set(first)
    others = [path for path in paths if path not in taken]
    left = max(room - len(first), 0)
    return sorted([*first, *_spread(others, left)])


def _spread(paths: list[str], room: int) -> list[str]:
    """Return at most `room` paths at even distances."""
    if len(paths) <= room:
        return paths
    return [paths[index * len(paths) // room] for index in range(room)]


@dataclass(slots=True)
class _Opener:
    """Reads files below the root without resolving each path; a folder is resolved once."""

    place: Place
    root: str
    _folders: dict[str, bool] = field(default_factory=dict)

    def modules(self, paths: list[str], room: int, *, test: bool) -> tuple[Module, ...]:
        found = []
        share = max(room // max(len(paths), 1), 2_000)
        for index, path in enumerate(paths):
            left = min(MOST_OF_A_FILE, max(room - share * (len(paths) - index - 1), share))
            content = self.read(path, left)
            room -= len(content)
            found.append(Module(path, content, test))
        return tuple(found)

    def read(self, path: str, limit: int = MOST_OF_A_FILE) -> bytes:
        """Return a file's first bytes; nothing where it is no regular file below the root."""
        folder = posixpath.dirname(path)
        if folder not in self._folders:
            real = os.path.realpath(f"{self.root}/{folder}")
            self._folders[folder] = f"{real}/".startswith(f"{self.root.rstrip('/')}/")
        if not self._folders[folder]:
            return b""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            number = os.open(f"{self.place.root}/{path}", flags)
        except (OSError, ValueError):
            # A link, or nothing to read: the careful way follows the one and refuses the other.
            return (self.place.text(path) or "").encode("utf-8", "replace")[:limit]
        try:
            return os.read(number, limit) if stat.S_ISREG(os.fstat(number).st_mode) else b""
        except OSError:
            return b""
        finally:
            os.close(number)


def read_heads(paths: Iterable[str], place: Place, limit: int) -> dict[str, bytes]:
    """Return the first `limit` bytes of files below the root, by their paths."""
    opener = _Opener(place, os.path.realpath(place.root))
    return {path: opener.read(path, limit) for path in paths}
