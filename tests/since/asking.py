"""Small repositories, and what is said of each finding in them against a commit."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import anyio

from mcp_server.change import read_base
from mcp_server.conventions import read_conventions
from mcp_server.execution import Allowance, execute
from mcp_server.grouping import group
from mcp_server.outgoing import outgoing
from mcp_server.plan import plan
from mcp_server.since import Marked, mark

WHEN = "2026-01-01T00:00:00+00:00"


def git(root: Path, *words: str) -> str:
    """Run git as nobody in particular at a fixed time, without any settings but the test's."""
    env = {
        **os.environ,
        **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), WHEN),
        **dict.fromkeys(("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"), os.devnull),
    }
    argv = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        [*argv, *words], cwd=root, env=env, check=True, capture_output=True, text=True
    )
    return done.stdout


def commit(root: Path) -> str:
    """Commit everything in a folder, a repository from now on; return the commit's id."""
    if not (root / ".git").exists():
        git(root, "init", "-q", "-b", "main", ".")
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "state")
    return git(root, "rev-parse", "HEAD").strip()


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said: of each finding, by its tool, its place or test, and its code; and notes."""

    marks: dict[str, str]
    notes: tuple[str, ...]


async def against(root: Path, ref: str = "main") -> Answer:
    """Verify a folder and hold what is found against a commit."""
    base = read_base(root, ref)
    conventions = read_conventions(root)
    end = anyio.current_time() + conventions.limits.deadline
    allowance = Allowance(conventions.limits, end)
    finished = [outgoing(await execute(step, allowance), ()) for step in plan(conventions)]
    groups = group(one for each in finished for one in each.outcome.diagnostics)
    marked = await mark(conventions, finished, groups, base, allowance)
    said = {
        f"{one.tool} {one.test or f'{one.file}:{one.line}'} {one.code}": _mark(marked, key)
        for each in groups
        for key, one in each.members
    }
    return Answer(said, marked.notes)


def _mark(marked: Marked, key: str) -> str:
    names = ("introduced", "known", "unknown")
    (name,) = [name for name in names if key in getattr(marked, name)]
    return name
