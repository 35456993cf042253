"""Says which tasks a call of tox, nox or pre-commit means, by each runner's own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mcp_server.conventions.hooks.hook_file import HookFile, selected
from mcp_server.conventions.python_files.nox import NoxFile
from mcp_server.conventions.tasks.calls import Call
from mcp_server.conventions.tasks.files import ToxFile
from mcp_server.conventions.tasks.resolve import Choose
from mcp_server.conventions.tasks.tasks import TaskFile
from mcp_server.conventions.tox import configuration as tox


def hook_chooser(hooks: Iterable[HookFile]) -> Choose:
    """Return what tells which hooks a command line reaches."""
    of = {one.tasks.path: one for one in hooks}

    def choose(file: TaskFile, call: Call, env: Mapping[str, str]) -> Sequence[str] | None:
        return selected(of[file.path], ("pre-commit", *call.words), env)

    return choose


def tox_chooser(files: Iterable[ToxFile]) -> Choose:
    """Return what tells which environments a command line runs; `TOXENV` names them as well."""
    of = {one.tasks.path: one.targets for one in files}

    def choose(file: TaskFile, call: Call, env: Mapping[str, str]) -> Sequence[str] | None:
        words = call.words
        if env.get("TOXENV") and not {"-e", "-f", "-m"}.intersection(words):
            words = (*words, "-e", env["TOXENV"])
        return tox.chosen(words, of[file.path]) or None

    return choose


def nox_chooser(files: Iterable[NoxFile]) -> Choose:
    """Return what tells which sessions a command line runs."""
    of = {one.tasks.path: one for one in files}

    def choose(file: TaskFile, call: Call, env: Mapping[str, str]) -> Sequence[str] | None:
        noxfile, words = of[file.path], _before_arguments(call.words)
        if tags := _named(words, "-t", "--tags"):
            return [name for name, own in noxfile.tags.items() if set(own) & set(tags)]
        named = _named(words, "-s", "-rs", "-Rs", "--session", "--sessions", "-e")
        named = named or env.get("NOXSESSION", "").split(",")
        if not any(named):
            return noxfile.default
        # A session for one Python is named as `tests-3.12`, one with parameters `tests(x=1)`.
        plain = [name.partition("(")[0] for name in named]
        found = [_session(name, noxfile) for name in plain]
        return [name for name in found if name] or None

    return choose


def _before_arguments(words: Sequence[str]) -> Sequence[str]:
    return words[: words.index("--")] if "--" in words else words


def _named(words: Sequence[str], *options: str) -> list[str]:
    """Return the values of options that take several words each."""
    found: list[str] = []
    taking = False
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            taking = name in options
            found += [value] if taking and equals else []
        elif taking:
            found.append(word)
    return found


def _session(name: str, noxfile: NoxFile) -> str | None:
    if name in noxfile.tasks.tasks:
        return name
    without = name.rpartition("-")[0]
    return without if without in noxfile.tasks.tasks else None
