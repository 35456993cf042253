"""Asks a rule about files that lie nowhere: a program's own with some of them replaced."""

from __future__ import annotations

import copy
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from benchmarks.mutations import Example, example
from mcp_server.advice.asking import judge
from mcp_server.code_map.records import Source
from mcp_server.conventions import read_conventions
from mcp_server.rules import Rule
from mcp_server.semantic import Program, read_program

PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'
ROOT = Path(__file__).resolve().parent.parent
Found = list[tuple[str, int]]


def over(program: Program, files: Mapping[str, str]) -> Program:
    """Return a program with some files more, or other texts in them."""
    library = copy.copy(program.library)
    library.contents = dict(library.contents)
    library.known = set(library.known)
    for path, text in files.items():
        if path.endswith(".py"):
            # It holds files that are not there, too: that is what makes a new one known.
            library.remember(path, Source(path))
            library.contents[path] = text.encode()
    return Program(library, program.conventions)


def ask(program: Program, rule: Rule, paths: Iterable[str]) -> Found:
    """Return where a rule hits some files."""
    wanted = [one for one in paths if one.endswith(".py")]
    return [(str(one.file), one.line or 0) for one in judge(program, wanted, [rule])]


@contextmanager
def standing(rule: Rule, text: str) -> Iterator[tuple[Example, Program]]:
    """Write an example as a project of its own, with the places that the rule finds in it.

    The files stay until the end, since a rule may read those that are not Python's.
    """
    given = example(text)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, content in {"pyproject.toml": PROJECT, **given.files}.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
        program = read_program(read_conventions(root))
        found = ask(program, rule, given.files)
        yield Example(given.files, frozenset(found)), program


def examples(rule: Rule) -> dict[str, str]:
    """Return a rule's wrong example, and those that its test says it must hit."""
    found = {"wrong": rule.wrong}
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    try:
        tests = import_module(f"tests.rules.test_{rule.name.replace('-', '_')}")
    except ImportError:
        return found
    held = getattr(tests, "HITS", {})
    return found | {key: text for key, text in dict(held).items() if isinstance(text, str)}
