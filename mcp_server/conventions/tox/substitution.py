"""Fills in tox's substitutions (`{posargs:default}`, `{env:NAME}`, `{[section]key}`)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mcp_server.conventions.shell.words import UNKNOWN

INNERMOST = re.compile(r"\{([^{}]*)\}")
REFERENCE = re.compile(r"\{\[([^\]{}]+)\]([\w.-]+)\}")
NAME = re.compile(r"[A-Za-z_]\w*$")
TEMPORARY = "\5"
OPEN, CLOSE = "\2", "\3"
MAX_PASSES = 20
MAX_LENGTH = 100_000
"""How deep and how long substitutions may become."""
ROOTS = frozenset({"toxinidir", "tox_root"})
NAMES = frozenset({"envname", "env_name"})
PYTHONS = frozenset({"envpython", "env_python", "basepython"})
SCRATCHES = frozenset({"envtmpdir", "env_tmp_dir"})
BINARIES = re.compile(r"\{env_?bin_?dir\}(?:/|\{/\})")


@dataclass(frozen=True, slots=True)
class Context:
    """What substitutions of one environment may ask for.

    `root` is tox's root relative to the folder the commands run in; `posargs` what the caller
    gives after `--`, None for nothing; `lookup` finds a setting of the same environment.
    """

    name: str
    root: str = "."
    posargs: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    lookup: Callable[[str], str | None] = lambda _: None


def referred(text: str, find: Callable[[str, str], str | None]) -> str:
    """Return a setting with the other settings that it refers to spliced in."""
    for _ in range(MAX_PASSES):
        spliced = REFERENCE.sub(lambda match: _found(find(match[1], match[2])), text)
        if spliced == text:
            return text
        if len(spliced) > MAX_LENGTH:
            break
        text = spliced
    return UNKNOWN


def _found(text: str | None) -> str:
    return UNKNOWN if text is None else text


def resolve(text: str, context: Context) -> str:
    """Return one line with its substitutions filled in, `UNKNOWN` for what only tox could tell.

    pytest's `--basetemp` in tox's own folder for scratch is left out: tox makes that folder
    first, and without the option pytest makes one itself.
    """
    text = BINARIES.sub("", text).replace("\\{", OPEN).replace("\\}", CLOSE)
    for _ in range(MAX_PASSES):
        resolved = INNERMOST.sub(lambda match: _value(match[1], context), text)
        if resolved == text:
            break
        if len(resolved) > MAX_LENGTH:
            return UNKNOWN
        text = resolved
    else:
        return UNKNOWN
    text = _without_scratch(text) if TEMPORARY in text else text
    return text.replace(OPEN, "{").replace(CLOSE, "}")


def _without_scratch(text: str) -> str:
    words = text.split(" ")
    kept: list[str] = []
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        named = word == "--basetemp" and TEMPORARY in after
        given = TEMPORARY in word and (before == "--basetemp" or word.startswith("--basetemp="))
        if not named and not given:
            kept.append(word)
    return " ".join(kept).rstrip().replace(TEMPORARY, UNKNOWN)


def _value(inner: str, context: Context) -> str:
    """Return what stands for the text between two braces; what is no substitution is kept."""
    name, _, rest = inner.partition(":")
    if name == "posargs":
        return rest if context.posargs is None else shlex.join(context.posargs)
    if name == "env":
        key, _, default = rest.partition(":")
        return context.env.get(key, default)
    if name == "tty":
        return rest.partition(":")[2]
    if inner in {"/", ":"}:
        return inner
    return f"{OPEN}{inner}{CLOSE}" if not NAME.match(inner) else _known(inner, context)


def _known(name: str, context: Context) -> str:
    if name in SCRATCHES:
        return TEMPORARY
    fixed = {
        **dict.fromkeys(ROOTS, context.root),
        **dict.fromkeys(NAMES, context.name),
        **dict.fromkeys(PYTHONS, "python"),
        "changedir": ".",
        "change_dir": ".",
    }
    return fixed[name] if name in fixed else _found(context.lookup(name))
