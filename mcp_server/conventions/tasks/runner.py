"""Finds the tool behind a command's runner: `uv run`, `python -m`, `.venv/bin/`, `coverage run`."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

PYTHON = re.compile(r"^(python|python3|python3\.\d+|pypy3?|py)$")
RUNNERS = {
    "uv": "run",
    "poetry": "run",
    "pdm": "run",
    "hatch": "run",
    "pipenv": "run",
    "rye": "run",
    "pixi": "run",
}
RUNNER_VALUES = frozenset(
    "--extra --no-extra --group --no-group --only-group --env-file --package -p --python "
    "--index-url --env -e --project -P -C --config-setting --color --cache-dir "
    "--no-editable-package --refresh-package --upgrade-package --resolution --index "
    "--default-index --find-links -f".split()
)
FOLDER_OPTIONS = frozenset({"--directory", "-C", "--project", "-p", "--chdir"})
ISOLATING = frozenset(
    {"--with", "--with-requirements", "--with-editable", "--isolated", "--script"}
)
ISOLATED = {("uvx",), ("pipx", "run"), ("uv", "tool", "run")}
COVERAGE_VALUES = frozenset(
    "--source --source-pkgs --include --omit --rcfile --context --concurrency --data-file "
    "--timid".split()
)
MOST_KEPT = 30
"""How many words a command may have whose tool is kept for when it is asked for again."""

# A `bin` folder of the project itself holds scripts; `/usr/bin` is no environment of a project.
IN_ENVIRONMENT = re.compile(
    r"^([^/].*/bin(?=/python)|(?:[^/]+/)*(?:\.[^/.][^/]*|[^/]*env[^/]*)/bin)(?=/[^/]+$)"
)


@dataclass(frozen=True, slots=True)
class Started:
    """A command without its runner.

    `start` is what starts the tool, its program or module last; `folder` is where the runner
    was told to go; `isolated` says that the tool comes from an environment of its own.
    """

    program: str
    args: tuple[str, ...]
    start: tuple[str, ...]
    folder: str | None = None
    venv: str | None = None
    isolated: bool = False


def unwrap(argv: Sequence[str]) -> Started:
    """Return the tool that `argv` starts and how it is started, without its runner.

    The runner's environment is found separately: `uv run` would change it as a side effect.
    """
    words = tuple(argv)
    return _kept(words) if len(words) <= MOST_KEPT else _unwrapped(words)


def _unwrapped(words: tuple[str, ...]) -> Started:
    for prefix in ISOLATED:
        if words[: len(prefix)] == prefix:
            rest, _ = _skip_options(words[len(prefix) :], frozenset({"--from", "--with", "-p"}))
            program = rest[0].partition("@")[0] if rest else prefix[0]
            return Started(program, rest[1:], words[: len(words) - len(rest) + 1], None, None, True)  # noqa: FBT003
    if words and words[0] in RUNNERS:
        valued = RUNNER_VALUES | FOLDER_OPTIONS | ISOLATING
        after, before = _skip_options(words[1:], valued)
        if after[:1] == (RUNNERS[words[0]],):
            rest, options = _skip_options(after[1:], valued)
            return _run(words, rest, {**before, **options})
    return _tool(words, None)


_kept = lru_cache(maxsize=1024)(_unwrapped)
"""Each reader asks again what the same command starts."""


def _run(words: tuple[str, ...], rest: tuple[str, ...], options: Mapping[str, str]) -> Started:
    """Look behind `uv run [options]`: `rest` follows the `options`, which `words` begin with."""
    folder = next((options[name] for name in ("--directory", "-C") if options.get(name)), None)
    if ISOLATING.intersection(options):
        inner = unwrap(rest) if rest else Started(words[0], (), words)
        start = (*words[: len(words) - len(rest)], *inner.start)
        return Started(inner.program, inner.args, start, folder, None, isolated=True)
    if {"-m", "--module"}.intersection(options):
        return _tool(("python", "-m", *rest), folder)
    return _tool(rest, folder)


def _tool(words: tuple[str, ...], folder: str | None) -> Started:
    if not words:
        return Started("", (), (), folder)
    program = posixpath.basename(words[0])
    venv = _venv(words[0])
    if PYTHON.match(program):
        rest, _ = _skip_options(words[1:], frozenset({"-W", "-X"}), stop=frozenset({"-m", "-c"}))
        flags = words[1 : len(words) - len(rest)]
        if rest[:1] == ("-m",) and len(rest) > 1:
            if rest[1] == "coverage":
                inner = _coverage(rest[1:], folder, venv)
                return _restart(inner, ("python", *flags, "-m", *inner.start))
            start = ("python", *flags, "-m", rest[1])
            return Started(rest[1], rest[2:], start, folder, venv)
        return Started("python", words[1:], ("python",), folder, venv)
    if program == "coverage":
        return _coverage((program, *words[1:]), folder, venv)
    start = (program,) if venv or "/" not in words[0] else (words[0],)
    # Django's own script is started by its path as well as by `python`.
    django = Started("python", words, ("python",), folder, venv)
    plain = Started(program, words[1:], start, folder, venv)
    return django if program == "manage.py" else plain


def _venv(program: str) -> str | None:
    """Return the environment folder that a program's path lies in: `.venv` of `.venv/bin/mypy`."""
    match = IN_ENVIRONMENT.match(program)
    return posixpath.normpath(posixpath.dirname(match[1])) if match else None


def _coverage(words: tuple[str, ...], folder: str | None, venv: str | None) -> Started:
    """Look behind `coverage run [options] -m MODULE`."""
    if words[1:2] == ("run",):
        rest, _ = _skip_options(words[2:], COVERAGE_VALUES, stop=frozenset({"-m"}))
        if rest[:1] == ("-m",) and len(rest) > 1:
            start = words[: len(words) - len(rest) + 2]
            return Started(rest[1], rest[2:], start, folder, venv)
        if rest and rest[0].endswith(".py"):
            return Started("python", rest, words[: len(words) - len(rest)], folder, venv)
    return Started("coverage", words[1:], ("coverage",), folder, venv)


def _restart(started: Started, start: tuple[str, ...]) -> Started:
    return Started(started.program, started.args, start, started.folder, started.venv)


def _skip_options(
    words: tuple[str, ...], valued: frozenset[str], stop: frozenset[str] = frozenset()
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the words from the first that is no option on, and the options before it."""
    options: dict[str, str] = {}
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] not in stop:
        name, equals, value = words[index].partition("=")
        if name == "--":
            index += 1
            break
        if name in valued and not equals and index + 1 < len(words):
            index += 1
            value = words[index]
        options[name] = value
        index += 1
    return words[index:], options
