"""Writes small projects from a text, and says on which lines a rule hits them.

A text is one file, `app/main.py`; a line `# file: PATH` begins another. A line that ends in
`# hit` is one on which the rule must hit, and on no other.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcp_server.advice.asking import judge
from mcp_server.conventions import read_conventions
from mcp_server.repository import Conventions
from mcp_server.rules import Rule
from mcp_server.semantic import read_program

FILE = re.compile(r"^# file: (?P<path>\S+)\n", re.MULTILINE)
MARK = re.compile(r"# hit\b")
FIRST = "app/main.py"
PROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n'


def write(root: Path, text: str) -> dict[str, str]:
    """Write a text's files below a folder, and return them."""
    parts = FILE.split(textwrap.dedent(text))
    files = {FIRST: parts[0]} if parts[0].strip() else {}
    files |= dict(zip(parts[1::2], parts[2::2], strict=True))
    for path, content in {"pyproject.toml": PROJECT, **files}.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return files


KNOWN: dict[frozenset[str], Conventions] = {}


def conventions(root: Path, files: Mapping[str, str]) -> Conventions:
    """Return what the written project says; what is nothing but Python says the same in all.

    Reading that anew is half of the time of a rule's tests.
    """
    if not all(path.endswith(".py") for path in files):
        return read_conventions(root)
    folders = frozenset(path.rpartition("/")[0] for path in files)
    if folders not in KNOWN:
        KNOWN[folders] = read_conventions(root)
    return replace(KNOWN[folders], root=root)


def hits(rule: Rule, root: Path, text: str) -> tuple[set[str], set[str]]:
    """Return where a rule hits a text's files, and where it should: `PATH:LINE` both."""
    files = write(root, text)
    program = read_program(conventions(root, files))
    found = judge(program, sorted(one for one in files if one.endswith(".py")), [rule])
    wanted = {
        f"{path}:{line}"
        for path, content in files.items()
        for line, each in enumerate(content.splitlines(), 1)
        if MARK.search(each)
    }
    return {f"{one.file}:{one.line}" for one in found}, wanted
