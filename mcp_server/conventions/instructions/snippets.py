"""Finds the shell commands in Markdown and reStructuredText: blocks, sessions and code spans."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mcp_server.conventions.tasks.runner import PYTHON

MAX_LINES = 20_000
MAX_LINE = 500
"""How long a command may be, in characters; longer lines are prose or data."""
MAX_COMMANDS = 2000
FENCE = re.compile(r"^(?P<indent> *(?:[-*+] |\d+\. |> ?)* *)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
DIRECTIVE = re.compile(r"^\s*\.\. (?:code-block|code|sourcecode|prompt)::\s*(?P<language>\S*)")
SHELL = frozenset(
    "bash sh shell console zsh shell-session shellsession terminal fish cmd text txt".split()
)
"""Languages of blocks that may hold commands; so may a block without any."""
PROMPT = re.compile(r"^\s*(?:\([\w.-]+\)\s*)?(?:[\w.@~:/-]*\$|\$|%|\u276f|\u279c)\s+(?=\S)")
SPAN = re.compile(r"(?<!`)(`{1,2})(?!`)([^`\n]{3,300})\1(?!`)")
PLACEHOLDER = re.compile(
    r"<[^<>|&;]+>|\.\.\.|…|\[[\w-]*(?:args?|options?|path|test|name|file)[\w -]*\]"
    r"|\{\{|\bpath/to/|\b(?:your|my)[-_]\w+",
    re.IGNORECASE,
)
COMMENT = re.compile(r"\s#\s[^\"']*\Z")
MOVE = re.compile(r"^cd\s+([\w./-]+)\s*$")
JOINED = re.compile(r"\s*(?:&&|;)\s*")
SCRIPT = re.compile(r"(?:(?:ba|z)?sh\s+)?\.?[\w.-]*/[\w./-]*\w(?:\s|\Z)")
KNOWN = frozenset(
    "pytest py.test tox nox make just task ruff mypy black isort flake8 pylint pyright "
    "basedpyright ty pyrefly pre-commit prek uv uvx poetry hatch pdm pipenv pixi rye poe invoke "
    "inv coverage bandit codespell doit pipx rake".split()
)
"""What a command begins with; in blocks it may be a script of the project instead."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A command of a text: its line, and the folder that the block had moved to."""

    text: str
    line: int
    folder: str = "."


@dataclass(slots=True)
class _Block:
    """A block of commands that is being read."""

    sessions: bool
    folder: str = "."
    begun: str = ""
    line: int = 0
    cloned: bool = False

    def take(self, text: str, number: int) -> Iterator[Snippet]:
        """Yield the command that a line completes; a line may go on after a backslash."""
        prompt = PROMPT.match(text)
        if prompt:
            self.sessions = True
            text = text[prompt.end() :]
        elif self.sessions and not self.begun:
            return
        text = text.strip()
        if not self.begun:
            self.line = number
        if text.endswith("\\") and len(self.begun) < MAX_LINE:
            self.begun = f"{self.begun}{text[:-1].strip()} "
            return
        whole, self.begun = COMMENT.sub("", f"{self.begun}{text}").strip(), ""
        moved = MOVE.match(whole)
        if whole.startswith("git clone "):
            self.cloned = True
        elif moved and self.cloned:
            # The folder that was cloned is the repository itself.
            self.cloned = False
        elif moved:
            folder = posixpath.normpath(posixpath.join(self.folder, moved[1]))
            self.folder = folder if not folder.startswith(("/", "..")) else self.folder
        elif _is_meant(whole):
            yield Snippet(whole, self.line, self.folder)


def snippets(text: str, *, restructured: bool = False) -> Iterator[Snippet]:
    """Yield the commands of a text in the order of their lines."""
    lines = [line[: MAX_LINE + 1] for line in text.splitlines()[:MAX_LINES]]
    found = _restructured(lines) if restructured else _markdown(lines)
    for count, snippet in enumerate(found):
        if count >= MAX_COMMANDS:
            return
        yield snippet


def _is_meant(text: str) -> bool:
    """Tell whether a line is a whole command that may be of interest, and no pattern for one."""
    if not text or len(text) > MAX_LINE or text.startswith("#") or PLACEHOLDER.search(text):
        return False
    return any(_begins_known(one) or SCRIPT.match(one) for one in JOINED.split(text))


def _markdown(lines: list[str]) -> Iterator[Snippet]:
    block: _Block | None = None
    mark = ""
    reads = blank = False
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if mark:
            if fence and fence["mark"].startswith(mark) and not fence["info"].strip():
                mark = ""
                block = None
            elif reads and block:
                yield from block.take(line, number)
        elif fence:
            mark = fence["mark"]
            language = fence["info"].strip(" {}.").split(" ")[0].split(",")[0].lower()
            reads = not language or language in SHELL
            block = _Block(sessions=language in {"console", "shell-session", "shellsession"})
        elif line.startswith(("    ", "\t")) and (blank or block):
            block = block or _Block(sessions=False)
            if _begins_known(PROMPT.sub("", line.strip())) or PROMPT.match(line) or block.begun:
                yield from block.take(line, number)
        else:
            block = None
            yield from _spans(line, number)
        blank = not line.strip()


AGAINST = re.compile(
    r"\b(?:no|not|never|don't|doesn't|avoid|instead of|rather than|without|forbidden)\b",
    re.IGNORECASE,
)
"""Words before a command in its sentence that speak against it."""


def _restructured(lines: list[str]) -> Iterator[Snippet]:
    block: _Block | None = None
    indent = 0
    reads = False
    for number, line in enumerate(lines, 1):
        depth = len(line) - len(line.lstrip())
        if block is not None and (not line.strip() or depth > indent):
            if reads and line.strip() and not line.lstrip().startswith(":"):
                yield from block.take(line, number)
            continue
        block = None
        directive = DIRECTIVE.match(line)
        if directive or (line.rstrip().endswith("::") and not line.lstrip().startswith("..")):
            language = directive["language"].lower() if directive else ""
            reads = not language or language in SHELL
            indent = depth
            sessions = language in {"console", "shell-session"}
            block = _Block(sessions=sessions)
        if directive is None:
            yield from _spans(line, number)


def _spans(line: str, number: int) -> Iterator[Snippet]:
    for match in SPAN.finditer(line):
        text = PROMPT.sub("", match[2]).strip()
        before = re.split(r"[.;:!?]\s", line[: match.start()])[-1]
        # A tool's bare name in a sentence is no command.
        said = " " in text and _begins_known(text) and _is_meant(text)
        if said and not AGAINST.search(before):
            yield Snippet(text, number)


def _begins_known(text: str) -> bool:
    """Tell whether a text begins with a program and says more than its name, or is a tool."""
    words = text.split()
    while words and re.match(r"[A-Z_]+=\S*\Z", words[0]):
        words = words[1:]
    if not words:
        return False
    first = posixpath.basename(words[0])
    if PYTHON.match(first):
        return words[1:2] == ["-m"]
    return first in KNOWN and (len(words) > 1 or first not in {"make", "just", "task", "uv"})
