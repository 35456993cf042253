"""Takes shell text apart into the simple commands it runs, without running anything."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from mcp_server.conventions.shell.conditions import holds
from mcp_server.conventions.shell.expansion import expand, expand_whole
from mcp_server.conventions.shell.nodes import Group, If, Item, Node, Pipe, Plain
from mcp_server.conventions.shell.pieces import Opaque, Piece, Place, Simple
from mcp_server.conventions.shell.syntax import assigned, parse_shell, written
from mcp_server.conventions.shell.words import UNKNOWN, Word

SILENT = frozenset(
    "echo printf set true : unset sleep trap shift umask ulimit wait shopt which hash pwd clear "
    "date command".split()
)
"""Commands that verify nothing and change nothing that matters to the others."""
TRANSPARENT = frozenset({"exec", "command", "time", "nice", "env", "builtin"})
DECLARING = frozenset({"export", "readonly", "declare", "local", "typeset"})
ENDINGS = frozenset({"exit", "return"})
TESTS = frozenset({"[", "[[", "test"})
FILTERS = frozenset("tee cat head tail sed awk grep sort uniq cut tr less more ts".split())
"""What a tool's output may be piped into without becoming another command."""
MOVING = re.compile(
    r"(?:^|[;&|({\n] ?|\b(?:then|do|else) )(?:cd|pushd|popd|source|\.) ", re.MULTILINE
)
HERE = re.compile(r"\$\(pwd\)|`pwd`|\$\{PWD\}|\$PWD\b")
"""The folder that a command runs in, as it is usually written."""
UNREADABLE = UNKNOWN * 2
"""Begins a text that is not for a shell, so that no word of it may be believed."""
MAX_SHOWN = 160
"""How much of a text that cannot be taken apart is kept, since all of it is shown."""
MAX_EXPANDED = 1_000_000
"""How many characters the words of one text may have once their variables are filled in."""
QUOTED = frozenset({"single", "double", "escape"})
PATTERN = frozenset("*?[")
ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)


def decompose(
    text: str,
    cwd: str = ".",
    place: Place | None = None,
    *,
    env: Mapping[str, str] | None = None,
    venv: str | None = None,
) -> tuple[Piece, ...]:
    """Return the commands of shell text in order; what cannot be told stays an opaque piece.

    `cd X &&` moves the commands after it, assignments before a command become its environment,
    `. X/bin/activate` names theirs. `env` is set and `venv` active from the start. Conditions
    on files and variables are looked up in `place`.
    """
    if text.startswith(UNREADABLE):
        return (_opaque(text.removeprefix(UNREADABLE), "only the program it is for can read it"),)
    try:
        items = parse_shell(HERE.sub(".", text))
    except ValueError as error:
        return (_opaque(text, str(error)),)
    shell = _Shell(cwd, place, dict(env or {}), dict(env or {}), venv)
    shell.run(items)
    return tuple(shell.found)


@dataclass(slots=True)
class _Shell:
    """The state that commands change for those after them, and what was found so far."""

    cwd: str
    place: Place | None
    known: dict[str, str]
    env: dict[str, str]
    venv: str | None = None
    lost: str | None = None
    ended: bool = False
    found: list[Piece] = field(default_factory=list)
    literal: set[str] = field(default_factory=set)
    left: int = MAX_EXPANDED

    def run(self, items: Iterable[Item]) -> bool | None:
        """Follow a list; return whether its last command succeeds, None where nobody knows."""
        status: bool | None = True
        for item in items:
            if self.ended:
                break
            if item.before == "&&" and status is not True:
                if status is None:
                    self.unsure(item.node, "whether it runs is decided when it runs")
            elif item.before == "||" and status is not False:
                if not _harmless(item.node):
                    self.unsure(item.node, "it runs only where the command before it fails")
            elif item.after == "&":
                self.unsure(item.node, "it runs in the background")
                status = True
            else:
                status = self.follow(item.node)
        return status

    def follow(self, node: Node) -> bool | None:
        if isinstance(node, Plain):
            return self.plain(node.words)
        if isinstance(node, Pipe):
            return self.pipe(node)
        if isinstance(node, Group):
            return self.group(node)
        if isinstance(node, If):
            return self.choose(node)
        if not node.defines:
            self.unsure(node, "it holds shell logic")
            return None
        return True

    def unsure(self, node: Node, reason: str) -> None:
        """Keep a node as an opaque piece, and forget what it may have changed."""
        text = _text(node)
        for name in assigned(text):
            self.known[name] = UNKNOWN
        if MOVING.search(text) and not isinstance(node, Pipe):
            self.lost = "the folder it runs in is decided when it runs"
        if text.split(" ", 1)[0] not in SILENT:
            self.found.append(_opaque(text, reason))

    def pipe(self, node: Pipe) -> bool | None:
        first, *rest = node.parts
        if all(isinstance(one, Plain) and one.words[0].raw in FILTERS for one in rest):
            return self.follow(first)
        self.unsure(node, "it pipes into another command")
        return True

    def group(self, node: Group) -> bool | None:
        before = (self.cwd, dict(self.known), dict(self.env), self.venv, self.lost)
        status = self.run(node.items)
        if node.apart:
            self.cwd, self.known, self.env, self.venv, self.lost = before
            self.ended = False
        return status

    def choose(self, node: If) -> bool | None:
        for condition, body in node.branches:
            verdict = self.condition(condition)
            if verdict is None:
                self.unsure(node, "it holds shell logic")
                return None
            if verdict:
                self.run(body)
                break
        return True

    def condition(self, items: tuple[Item, ...]) -> bool | None:
        if not items:
            return True
        node = items[0].node
        if len(items) == 1 and isinstance(node, Plain):
            return self.test(node.words)
        return None

    def test(self, words: tuple[Word, ...]) -> bool | None:
        if words[0].raw not in TESTS or self.lost:
            return None
        known = {**(self.place.variables if self.place else {}), **self.known}
        # Unquoted and empty, a variable still counts as an operand: `[ -z $CI ]`.
        argv = [expand_whole(word, known, unset="") for word in words[1:]]
        folder = self.place.root / self.cwd if self.place else None
        return holds([word for word in argv if word not in {"]", "]]"}], folder)

    def plain(self, words: tuple[Word, ...]) -> bool | None:
        if words[0].raw in TESTS:
            return self.test(words)
        own, argv = self.expanded(words)
        if not argv:
            self.known.update(own)
            self.env.update({name: value for name, value in own.items() if name in self.env})
            return True
        if (built_in := BUILT_IN.get(argv[0])) is not None:
            built_in(self, argv)
            return argv[0] != "false"
        if argv[0] not in SILENT:
            self.found.append(self.command(words, own, argv))
        return True

    def expanded(self, words: tuple[Word, ...]) -> tuple[dict[str, str], list[str]]:
        """Return the assignments before a command and its words, variables filled in."""
        own: dict[str, str] = {}
        argv: list[str] = []
        for word in words:
            known = self.known if self.left > 0 else {}
            match = None if argv else ASSIGNMENT.match(word.raw)
            if match and word.segments[0][0] == "plain":
                own[match[1]] = expand_whole(word, known)[len(match[1]) + 1 :]
                self.left -= len(own[match[1]])
            else:
                fields = expand(word, known)
                argv += fields
                self.left -= sum(map(len, fields))
                if any(kind in QUOTED and PATTERN & set(text) for kind, text in word.segments):
                    self.literal.update(fields)
        while len(argv) > 1 and argv[0] in TRANSPARENT:
            after = _without_unset(argv)
            if len(after) < 2 or after[1].startswith("-"):
                break
            argv = after[1:]
            while argv and (found := ASSIGNMENT.match(argv[0])):
                own[found[1]] = found[2]
                argv = argv[1:]
        return own, argv

    def command(self, words: tuple[Word, ...], own: Mapping[str, str], argv: list[str]) -> Piece:
        if self.lost:
            return _opaque(written(words), self.lost, words[0].line)
        if any(UNKNOWN in word for word in (*argv, *own.values())):
            why = "a word of it is computed when it runs"
            known = tuple({**self.env, **own}.items())
            near = Simple(tuple(argv), self.cwd, known, "", self.venv, words[0].line)
            return replace(_opaque(written(words), why, words[0].line), near=near)
        if argv[0] == "!":
            return _opaque(written(words), "it holds shell logic", words[0].line)
        env = {**self.env, **own}
        known = tuple((name, value) for name, value in env.items() if UNKNOWN not in value)
        shown = [f"{name}={shlex.quote(value)}" for name, value in own.items()]
        text = " ".join((*shown, shlex.join(argv)))
        literal = frozenset(self.literal.intersection(argv))
        return Simple(tuple(argv), self.cwd, known, text, self.venv, words[0].line, literal)

    def move(self, argv: list[str]) -> None:
        target = argv[1] if len(argv) == 2 else UNKNOWN
        if self.place and target.startswith("/"):
            target = os.path.relpath(target, self.place.root / self.cwd)
        moved = posixpath.normpath(posixpath.join(self.cwd, target))
        if UNKNOWN in target or target.startswith(("/", "~", "-")) or moved.startswith(".."):
            self.lost = "the folder it runs in is not inside the project or not known"
        else:
            self.cwd = moved

    def declare(self, argv: list[str]) -> None:
        for word in argv[1:]:
            name, equals, value = word.partition("=")
            if equals:
                self.known[name] = value
            if argv[0] == "export" and name in self.known:
                self.env[name] = self.known[name]

    def source(self, argv: list[str]) -> None:
        script = argv[1] if len(argv) > 1 else ""
        if script.endswith("/bin/activate") and UNKNOWN not in script:
            self.venv = posixpath.normpath(posixpath.join(self.cwd, script, "../.."))

    def end(self, argv: list[str]) -> None:
        self.ended = bool(argv)


BUILT_IN: dict[str, Callable[[_Shell, list[str]], None]] = {
    "cd": _Shell.move,
    "pushd": lambda shell, _: shell.move([]),
    "popd": lambda shell, _: shell.move([]),
    ".": _Shell.source,
    "source": _Shell.source,
    "false": lambda _shell, _argv: None,
    **dict.fromkeys(DECLARING, _Shell.declare),
    **dict.fromkeys(ENDINGS, _Shell.end),
}


def _without_unset(argv: list[str]) -> list[str]:
    """Return the words of `env` without the variables that it takes away."""
    while (
        argv[0] == "env" and len(argv) > 2 and (argv[1] == "-u" or argv[1].startswith("--unset="))
    ):
        argv = [argv[0], *argv[3 if argv[1] == "-u" else 2 :]]
    return argv


def _opaque(text: str, reason: str, line: int = 1) -> Opaque:
    shown = " ".join(text.replace(UNKNOWN, "...").split())
    return Opaque(shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}...", reason, line)


def _harmless(node: Node) -> bool:
    return isinstance(node, Plain) and node.words[0].raw in SILENT | ENDINGS | {"false"}


def _text(node: Node) -> str:
    if isinstance(node, Plain):
        return written(node.words)
    if isinstance(node, Pipe):
        return " | ".join(_text(one) for one in node.parts)
    if isinstance(node, Group):
        return "; ".join(_text(item.node) for item in node.items)
    return node.text
