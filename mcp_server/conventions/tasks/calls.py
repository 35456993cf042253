"""Tells which tasks of a task runner a command calls: `make lint`, `tox -e py312`, `nox -s x`."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from mcp_server.conventions.shell.pieces import Simple
from mcp_server.conventions.tasks.runner import unwrap

NAMES = {
    "make": "make",
    "gmake": "make",
    "just": "just",
    "task": "task",
    "go-task": "task",
    "tox": "tox",
    "nox": "nox",
    "invoke": "invoke",
    "inv": "invoke",
    "poe": "poe",
    "poethepoet": "poe",
    "pre-commit": "pre-commit",
    "pre_commit": "pre-commit",
    "prek": "pre-commit",
}
"""The runners by the programs and modules that start them."""
SCRIPTED = {"pdm": "pdm", "hatch": "hatch", "rye": "rye", "pixi": "pixi"}
"""Managers whose `run NAME` means a script of theirs before it means a program."""
NODE = frozenset({"npm", "pnpm", "yarn", "bun"})
FOLDER_OPTIONS = {
    "make": frozenset({"-C", "--directory"}),
    "just": frozenset({"-d", "--working-directory"}),
    "task": frozenset({"-d", "--dir"}),
    "poe": frozenset({"-C", "--directory"}),
    "tox": frozenset({"--workdir"}),
}
OTHER_FILE = {
    "make": frozenset({"-f", "--file", "--makefile"}),
    "just": frozenset({"-f", "--justfile"}),
    "task": frozenset({"-t", "--taskfile"}),
    "nox": frozenset({"-f", "--noxfile"}),
    "tox": frozenset({"-c", "--conf"}),
    "invoke": frozenset({"-c", "--collection", "-r", "--search-root"}),
    "pre-commit": frozenset({"-c", "--config"}),
}
"""Options that name another file than the runner's usual one, whose tasks nobody reads."""
VALUED = {
    "make": frozenset({"-j", "--jobs", "-o", "-W", "-I", "-l"}),
    "just": frozenset({"--set", "--shell", "--dotenv-path", "--color"}),
    "task": frozenset({"-o", "--output", "-C", "--concurrency"}),
    "poe": frozenset({"-e", "--executor"}),
}
WHOLE = frozenset({"tox", "nox", "pre-commit"})
"""Runners whose own options choose the tasks, so that all words are kept."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a task runner from a folder, for the named tasks, by default its usual ones.

    `words` is everything after the runner's name.
    """

    runner: str
    folder: str
    names: tuple[str, ...]
    words: tuple[str, ...] = ()


def call_of(piece: Simple) -> Call | None:
    """Return the call of a task runner that a command is, None where it is none or unreadable."""
    if (scripted := _scripted(piece)) is not None:
        return scripted
    started = unwrap(piece.argv)
    runner = NAMES.get(posixpath.basename(started.program))
    folder = posixpath.normpath(posixpath.join(piece.cwd, started.folder or "."))
    if runner is None or _names_file(runner, started.args):
        return None
    if runner in WHOLE:
        return Call(runner, folder, (), started.args)
    moved, names = _plain(runner, started.args)
    folder = posixpath.normpath(posixpath.join(folder, moved))
    if runner in {"poe", "just"}:
        # What follows the first task may be its arguments.
        names = names[:1]
    return Call(runner, folder, names, started.args)


def _scripted(piece: Simple) -> Call | None:
    """Read `pdm run NAME`, `hatch run ENV:NAME`, `hatch test` and `npm run NAME`."""
    program, words = piece.argv[0], list(piece.argv[1:])
    if program in NODE:
        named = words[1:2] if words[:1] in (["run"], ["run-script"]) else words[:1]
        return Call("npm", piece.cwd, tuple(named), tuple(words)) if named else None
    if program not in SCRIPTED:
        return None
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in {"-e", "--env", "-p", "--project"} else words[1:]
    if words[:1] == ["run"]:
        rest = [word for word in words[1:] if not word.startswith(("-", "+"))]
        return Call(program, piece.cwd, tuple(rest[:1]), tuple(words[1:])) if rest else None
    if words and (program == "pdm" or words[0] in {"test", "fmt"}):
        return Call(program, piece.cwd, (words[0],), tuple(words[1:]))
    return None


def _names_file(runner: str, words: Sequence[str]) -> bool:
    options = OTHER_FILE.get(runner, frozenset())
    return any(word.partition("=")[0] in options for word in words)


def _plain(runner: str, words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the folder that options name, and the tasks among the words."""
    folder, names = ".", []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word == "--":
            break
        if name in FOLDER_OPTIONS.get(runner, ()):
            folder = value if equals else next(rest, ".")
        elif word in VALUED.get(runner, ()):
            following = next(rest, None)
            # `make -j lint` has no number.
            if word in {"-j", "-l"} and following and not following.replace(".", "").isdigit():
                names.append(following)
        elif not word.startswith("-") and not equals:
            names.append(word)
    return folder, tuple(names)


def built_in(call: Call) -> tuple[tuple[str, ...], ...]:
    """Return the commands that a runner's own command stands for, where no task of it does.

    `hatch fmt` and `hatch test` run ruff and pytest with the project's settings, hatch's beside.
    """
    if call.runner != "hatch":
        return ()
    if call.names == ("test",):
        return (("pytest",),)
    if call.names == ("fmt",):
        only = {"-l", "--linter", "-f", "--formatter"}.intersection(call.words)
        check = ("ruff", "check")
        form = ("ruff", "format", "--check")
        return tuple(
            one
            for one, options in ((check, {"-l", "--linter"}), (form, {"-f", "--formatter"}))
            if not only or only & options
        )
    return ()
