"""Writes small projects with alembic histories, for the tests beside it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from mcp_server.conventions import read_conventions
from mcp_server.migrations import Inspection, find_histories, inspect_migrations
from mcp_server.models import Diagnostic

INI = "[alembic]\nscript_location = %(here)s/migrations\nprepend_sys_path = .\n"
HEAD = "from alembic import op\nimport sqlalchemy as sa\n"
VERSIONS = "migrations/versions"


def revision(
    name: str,
    down: str = "None",
    *,
    up: str = "op.create_table('t', sa.Column('id', sa.Integer))",
    back: str = "op.drop_table('t')",
    more: str = "",
) -> str:
    """Return the text of a revision; `up` and `back` are the bodies of its functions."""
    return (
        f'"""{name}"""\n{HEAD}\nrevision = "{name}"\ndown_revision = {down}\n{more}\n\n'
        f"def upgrade():\n{_indented(up)}\n\ndef downgrade():\n{_indented(back)}"
    )


def _indented(body: str) -> str:
    return "".join(f"    {line}\n" for line in body.split("\n"))


def write(root: Path, files: Mapping[str, str], *, settings: str = "") -> Path:
    """Write a project whose `files` without a folder are revisions."""
    given = {"pyproject.toml": _pyproject(settings), "alembic.ini": INI, "migrations/env.py": ""}
    for name, text in {**given, **files}.items():
        path = root / (name if "/" in name or name in given else f"{VERSIONS}/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def _pyproject(settings: str) -> str:
    start = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["asyncpg"]\n'
    return f"{start}[tool.hdb.migrations]\n{settings}\n"


def publish(root: Path) -> None:
    """Commit everything to a main branch, and go on beside it."""
    start = ("git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("commit", "-q", "-m", "published"),
        ("checkout", "-q", "-b", "work"),
    ):
        subprocess.run([*start, *words], cwd=root, check=True, capture_output=True)


def inspected(root: Path) -> Inspection:
    """Return what reading a project's histories comes to."""
    conventions = read_conventions(root)
    return inspect_migrations(conventions, find_histories(conventions))


def faults(root: Path) -> list[Diagnostic]:
    """Return the findings that count."""
    return list(inspected(root).outcome.diagnostics)
