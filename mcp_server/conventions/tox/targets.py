"""The environments of a tox configuration, as the checks that they run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mcp_server.conventions.shell.decompose import UNREADABLE
from mcp_server.conventions.shell.words import UNKNOWN
from mcp_server.conventions.tox.choice import lesser

SECTION = "testenv"
"""The name of what environments without commands of their own run."""
MARKS = re.compile(r"[-! ]*")
REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True, slots=True)
class ToxTarget:
    """One environment: its commands as lines, `UNKNOWN` where only tox could tell.

    `names` are all environments that run the very same, `default` says that plain `tox` runs one
    of them, `lesser` why it is less than the whole run of its checks (PyPy, `dev`, one file).
    `ignored` are the indices of lines whose failure tox ignores (`- pytest`), `ignore_outcome`
    says it of all. `before` and `after` are its set-up and tidying lines, no checks. `deps` are
    normalised names of packages; `requirements` the files (`-r`) that list more.
    """

    name: str
    source: str
    lines: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "."
    names: tuple[str, ...] = ()
    default: bool = False
    lesser: str | None = None
    labels: tuple[str, ...] = ()
    ignored: frozenset[int] = frozenset()
    ignore_outcome: bool = False
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    deps: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    skip_install: bool = False
    runner: str = ""
    allowed: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()


def marked(lines: Iterable[str]) -> tuple[tuple[str, ...], frozenset[int]]:
    """Return commands without tox's marks, and which of them may fail (`-`).

    A command that must fail (`!`) is no check that a tool's report could answer.
    """
    found: list[str] = []
    ignored: set[int] = set()
    for line in lines:
        match = MARKS.match(line)
        marks = match[0] if match else ""
        command = line[len(marks) :]
        if not command:
            continue
        if "-" in marks:
            ignored.add(len(found))
        found.append(f"{UNREADABLE}{command}" if "!" in marks else command)
    return tuple(found), frozenset(ignored)


def required(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the normalised names and the requirement files of a list of dependencies."""
    names: list[str] = []
    files: list[str] = []
    for line in lines:
        if line.startswith(("-r", "--requirement")):
            files.append(line.removeprefix("--requirement").removeprefix("-r").strip(" ="))
        elif (match := REQUIREMENT.match(line)) and UNKNOWN not in line:
            names.append(re.sub(r"[-_.]+", "-", match[0]).lower())
    return tuple(dict.fromkeys(names)), tuple(dict.fromkeys(files))


def merged(targets: Iterable[ToxTarget]) -> list[ToxTarget]:
    """Return targets with those that run the very same at the same place made one.

    It has the name of the first that is no PyPy; `[testenv]` itself comes before all.
    """
    groups: dict[object, list[ToxTarget]] = {}
    for target in targets:
        env = tuple(sorted(target.env.items()))
        key = (target.lines, target.source, env, target.folder, target.ignore_outcome)
        groups.setdefault(key, []).append(target)
    return [_one(group) for group in groups.values()]


def _one(group: list[ToxTarget]) -> ToxTarget:
    plain = next((one for one in group if "pypy" not in one.name), group[0])
    names = tuple(dict.fromkeys(one.name for one in group))
    concrete = [name for name in names if name != SECTION] or [SECTION]
    return replace(
        plain,
        names=names,
        default=any(one.default for one in group),
        labels=tuple(dict.fromkeys(label for one in group for label in one.labels)),
        lesser=lesser([SECTION] if SECTION in names else concrete, plain.lines),
    )
