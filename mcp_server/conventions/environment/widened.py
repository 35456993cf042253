"""Reads whether a project's instructions and its CI install it with all extras or groups."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcp_server.conventions.files.reading import read_text

INSTRUCTIONS = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "CONTRIBUTING.rst")
WORKFLOWS = ".github/workflows"
MOST_FILES = 60
"""How many workflows are looked at; the largest of the public projects seen has 40."""
OPTIONS = (
    r"(?:[ \t]+(?:--all-extras|--all-groups|--all-packages|--dev|--frozen|--locked|--no-interaction"
    r"|--(?:group|extra|with|extras|python)[= ][\w,.-]+))*"
)
CALLS = {
    "uv": re.compile(rf"\buv sync(?P<options>{OPTIONS})[ \t`'\"]*$", re.MULTILINE),
    "poetry": re.compile(
        rf"\bpoetry (?:install|sync)(?P<options>{OPTIONS})[ \t`'\"]*$", re.MULTILINE
    ),
}
BEGIN = {"uv": "uv sync", "poetry": "poetry "}
BY_PIP = re.compile(r"\buv pip install (?:-e|--editable|-r)\b")


@dataclass(frozen=True, slots=True)
class Widened:
    """Whether all extras and all groups are installed, and whether it is through `uv pip`."""

    extras: bool = False
    groups: bool = False
    by_pip: bool = False


def widened(kind: str, home: Path, root: Path) -> Widened:
    """Return how the files beside a project, and of the repository, say that it is installed."""
    texts = [
        text
        for base in dict.fromkeys((home, root))
        for path in (*(base / name for name in INSTRUCTIONS), *_workflows(base))
        if (text := read_text(path))
    ]
    calls = [options for text in texts for options in _calls(kind, text)]
    return Widened(
        extras=any("--all-extras" in one for one in calls),
        groups=any("--all-groups" in one for one in calls),
        by_pip=not calls
        and any("uv pip install " in text and BY_PIP.search(text) for text in texts),
    )


def _calls(kind: str, text: str) -> Iterator[str]:
    """Yield the options of each call of a manager that installs."""
    begin = BEGIN[kind]
    # Finding how a call begins is 50 times as fast as searching for the expression.
    start = text.find(begin)
    while start >= 0:
        if match := CALLS[kind].match(text, start):
            yield match["options"]
        start = text.find(begin, start + len(begin))


def _workflows(base: Path) -> list[Path]:
    try:
        found = sorted((base / WORKFLOWS).glob("*.y*ml"))
    except OSError:
        return []
    return list(itertools.islice(found, MOST_FILES))
