"""The skills' documents and their fenced blocks; a section's Python blocks are one module."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.abc import SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType

from markdown_it import MarkdownIt

from tests.conftest import ROOT

SKILLS = ROOT / "skills"
DOCUMENTS = sorted(
    path
    for path in SKILLS.glob("*/**/*.md")
    if path.name == "SKILL.md" or path.parent.name == "references"
)
NO_WORD = re.compile(r"[^\w\- ]")
NOT_RUN = re.compile(r"<!-- not run: (?P<reason>\S.*?) -->")
PACKAGE = "skills_blocks"
"""The package that the blocks are modules of."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, the line of its first line of text, from 1."""

    document: Path
    section: str
    language: str
    text: str
    line: int
    not_run: str | None
    """Why it is not run, where its document says so in a comment before it."""

    @property
    def where(self) -> str:
        """Return its section as tests name it: `SKILL/references/FILE.md#ANCHOR`."""
        return f"{self.document.relative_to(SKILLS).as_posix()}#{self.section}"


def anchor(heading: str) -> str:
    """Return a heading's anchor, as GitHub makes it."""
    return NO_WORD.sub("", heading.lower().strip()).replace(" ", "-")


@cache
def read(document: Path) -> tuple[tuple[Block, ...], frozenset[str]]:
    """Return a document's fenced blocks and the anchors of its headings."""
    found: list[Block] = []
    anchors: set[str] = set()
    section, reason = "", None
    tokens = MarkdownIt("commonmark").parse(document.read_text(encoding="utf-8"))
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            section = anchor(tokens[index + 1].content)
            anchors.add(section)
        elif token.type == "html_block":
            said = NOT_RUN.search(token.content)
            reason = said["reason"] if said else None
        elif token.type == "fence" and token.map:
            line = token.map[0] + 2
            language = token.info.split()[0] if token.info.split() else ""
            found.append(Block(document, section, language, token.content, line, reason))
            reason = None
    return tuple(found), frozenset(anchors)


def blocks(language: str | None = None) -> Iterator[Block]:
    """Yield the blocks of all skills, of one language where one is named."""
    for document in DOCUMENTS:
        for block in read(document)[0]:
            if language in {None, block.language}:
                yield block


@cache
def python_sections() -> dict[str, str]:
    """Return the Python of every section that is run, each line where its document has it."""
    found: dict[str, list[str]] = {}
    for block in blocks("python"):
        if block.not_run is None:
            lines = found.setdefault(block.where, [])
            lines += [""] * (block.line - 1 - len(lines)) + block.text.splitlines()
    return {where: "\n".join(lines) + "\n" for where, lines in found.items()}


def text(where: str, language: str) -> str:
    """Return the blocks of a language in a section, one below the other."""
    return "\n".join(block.text for block in blocks(language) if block.where == where)


def module_path(where: str) -> str:
    """Return the path of a section's module below a folder: `python_backend/api/errors.py`."""
    document, _, section = where.partition("#")
    stem = document.removesuffix(".md").replace("/references/", "/").replace("/SKILL", "/skill")
    return f"{stem}/{section}.py".replace("-", "_")


def write(folder: Path) -> None:
    """Write every section that is run as a module below a folder."""
    for where, source in python_sections().items():
        target = folder / module_path(where)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")


class _Blocks(SourceLoader):
    """Loads a section as the module it is; tracebacks name its document and its line."""

    def __init__(self, where: str) -> None:
        self.where = where

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - the loader's protocol
        return str(SKILLS / self.where.partition("#")[0])

    def get_data(self, path: bytes | str | int) -> bytes:  # noqa: ARG002 - the loader's protocol
        return python_sections()[self.where].encode()

    def path_stats(self, path: str) -> dict[str, float]:
        """Say that nothing can be kept compiled."""
        raise OSError(path)


@cache
def load(where: str) -> ModuleType:
    """Run the Python blocks of a section, and return them as a module.

    `where` is `SKILL/references/FILE.md#ANCHOR`. KeyError where that section has none.
    """
    python_sections()[where]
    name = f"{PACKAGE}.{module_path(where).removesuffix('.py').replace('/', '.')}"
    module = module_from_spec(ModuleSpec(name, loader := _Blocks(where), origin=where))
    module.__file__ = loader.get_filename(name)
    # Pydantic, FastAPI and pickle look a class's module up by its name, pickle its packages too.
    sys.modules[name] = module
    for end, sign in enumerate(name):
        if sign == ".":
            sys.modules.setdefault(name[:end], ModuleType(name[:end]))
    loader.exec_module(module)
    return module
